-- The epoch, and for each blog the number and the fields of its newest event, at one moment.
-- KEYS: epoch heads, then the events of each blog; ARGV: an epoch to begin if there is none, then the name of each blog
local epoch = redis.call('GET', KEYS[1])
if not epoch then
    epoch = ARGV[1]
    redis.call('SET', KEYS[1], epoch)
end
local heads = {}
for i = 2, #ARGV do
    local newest = redis.call('XREVRANGE', KEYS[i + 1], '+', '-', 'COUNT', 1)[1]
    heads[i - 1] = {redis.call('HGET', KEYS[2], ARGV[i]) or '0', newest and table.concat(newest[2], ' ') or ''}
end
return {epoch, heads}

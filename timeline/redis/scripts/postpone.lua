-- Pauses known feeds, followed or not, until a time, or until the later one that they were paused until before.
-- KEYS: due unfollowed pauses; ARGV: the time, then the URL of each feed
local ending = tonumber(ARGV[1])
for i = 2, #ARGV do
    local url = ARGV[i]
    local known = redis.call('ZSCORE', KEYS[1], url) or redis.call('ZSCORE', KEYS[2], url)
    if known and tonumber(redis.call('HGET', KEYS[3], url) or '0') < ending then
        redis.call('HSET', KEYS[3], url, ARGV[1])
        redis.call('ZADD', KEYS[1], 'XX', 'GT', ARGV[1], url)
    end
end
return 1

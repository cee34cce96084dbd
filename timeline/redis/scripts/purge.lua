-- Removes entries of a blog, each with an event; returns how many. What is known of them stays as after a withdrawal.
-- KEYS: heads items places memory aliases retired events former withdrawn
-- ARGV: blog, the Unix time of the events, what they are by, then the id of each entry
local blog, at, by = ARGV[1], ARGV[2], ARGV[3]
local count = 0
for i = 4, #ARGV do
    local id = ARGV[i]
    local stored = redis.call('HGET', KEYS[2], id)
    if stored then
        local revision = string.format('%d', cjson.decode(stored)._livelog.revision)
        local memory = redis.call('HGET', KEYS[4], id) or ''
        redis.call('HDEL', KEYS[2], id)
        redis.call('HDEL', KEYS[8], id)
        redis.call('ZREM', KEYS[3], id)
        redis.call('HSET', KEYS[4], id, '-' .. revision .. string.match(memory, '^[^ ]*(.*)$'))
        redis.call('ZADD', KEYS[6], at, id)
        redis.call('ZADD', KEYS[9], at, id)
        local seq = redis.call('HINCRBY', KEYS[1], blog, 1)
        redis.call('XADD', KEYS[7], seq .. '-0', 'kind', 'delete', 'id', id, 'at', at, 'by', by)
        count = count + 1
    end
end
return count

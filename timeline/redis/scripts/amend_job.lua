-- Stores the state of a job that is not leased, if it has the one that is given; returns 1 if it did.
-- KEYS: states groups due fences leases wakeable of the kind
-- ARGV: id, the state that it has, its new state, due time ('inf' for idle) or nothing to keep it
local id, due = ARGV[1], ARGV[4]
if redis.call('HEXISTS', KEYS[5], id) == 1 or redis.call('HGET', KEYS[1], id) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], id, ARGV[3])
if due == '' then return 1 end
local member = redis.call('HGET', KEYS[2], id) .. '\0' .. id
if due == 'inf' then
    redis.call('ZREM', KEYS[3], id)
    redis.call('ZADD', KEYS[6], 0, member)
else
    redis.call('ZADD', KEYS[3], due, id)
    redis.call('ZREM', KEYS[6], member)
end
return 1

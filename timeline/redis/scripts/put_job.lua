-- Creates or replaces a job, and ends its lease.
-- KEYS: jobs, states groups due fences leases wakeable ids grouped of the kind
-- ARGV: kind, id, group, state, due time ('inf' for idle), fence of a new job
local id, group, due = ARGV[2], ARGV[3], ARGV[5]
local member = group .. '\0' .. id
redis.call('HSETNX', KEYS[1], ARGV[1], 0)
local former = redis.call('HGET', KEYS[3], id)
if former and former ~= group then
    redis.call('ZREM', KEYS[7], former .. '\0' .. id)
    redis.call('ZREM', KEYS[9], former .. '\0' .. id)
end
redis.call('HSET', KEYS[2], id, ARGV[4])
redis.call('HSET', KEYS[3], id, group)
redis.call('HSETNX', KEYS[5], id, ARGV[6])
redis.call('HDEL', KEYS[6], id)
redis.call('ZADD', KEYS[8], 0, id)
redis.call('ZADD', KEYS[9], 0, member)
if due == 'inf' then
    redis.call('ZREM', KEYS[4], id)
    redis.call('ZADD', KEYS[7], 0, member)
else
    redis.call('ZADD', KEYS[4], due, id)
    redis.call('ZREM', KEYS[7], member)
end
return 1

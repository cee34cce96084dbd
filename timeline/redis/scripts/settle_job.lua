-- Stores the state of a job and ends its lease, if the lease is held, or if the state is the one that is given;
-- returns 1 if it did.
-- KEYS: jobs, states groups due fences leases wakeable of the kind
-- ARGV: kind, id, state, due time ('inf' for idle), 'fence' or 'state', and its value
local id, due = ARGV[2], ARGV[4]
local leased = redis.call('HEXISTS', KEYS[6], id) == 1
if ARGV[5] == 'fence' then
    if not leased or redis.call('HGET', KEYS[5], id) ~= ARGV[6] then return 0 end
elseif redis.call('HGET', KEYS[2], id) ~= ARGV[6] then
    return 0
end
redis.call('HSET', KEYS[2], id, ARGV[3])
local member = redis.call('HGET', KEYS[3], id) .. '\0' .. id
-- It was woken under the lease.
if due == 'inf' and leased and not redis.call('ZSCORE', KEYS[7], member) then
    due = redis.call('HGET', KEYS[1], ARGV[1])
end
redis.call('HDEL', KEYS[6], id)
if due == 'inf' then
    redis.call('ZREM', KEYS[4], id)
    redis.call('ZADD', KEYS[7], 0, member)
else
    redis.call('ZADD', KEYS[4], due, id)
    redis.call('ZREM', KEYS[7], member)
end
return 1

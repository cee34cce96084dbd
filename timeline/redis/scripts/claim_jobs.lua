-- Leases due jobs. A leased job is due again when its lease ends, so that no node has to notice that another died.
-- KEYS: jobs, states groups due fences leases wakeable of the kind
-- ARGV: kind, now, the end of the lease, a random number below 2^20, limit
local leases = {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[2], 'LIMIT', 0, ARGV[5])) do
    -- As in claim.lua.
    local before = tonumber(redis.call('HGET', KEYS[5], id) or '0')
    local fence = string.format('%.0f', (math.floor(before / 1048576) + 1) * 1048576 + ARGV[4])
    local group = redis.call('HGET', KEYS[3], id)
    redis.call('HSET', KEYS[5], id, fence)
    redis.call('HSET', KEYS[6], id, ARGV[3])
    redis.call('ZADD', KEYS[4], ARGV[3], id)
    redis.call('ZADD', KEYS[7], 0, group .. '\0' .. id)
    leases[i] = {id, group, redis.call('HGET', KEYS[2], id), fence}
end
-- Jobs that are woken now queue up behind those that are due since.
if #leases > 0 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return leases

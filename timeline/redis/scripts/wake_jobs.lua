-- Wakes some jobs of a group that are idle, or are leased and not woken yet; returns how many.
-- KEYS: jobs, due leases wakeable of the kind; ARGV: kind, group, step
local now = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
local prefix = ARGV[2] .. '\0'
local found = redis.call('ZRANGEBYLEX', KEYS[4], '[' .. prefix, '(' .. ARGV[2] .. '\1', 'LIMIT', 0, ARGV[3])
for _, member in ipairs(found) do
    local id = string.sub(member, #prefix + 1)
    if redis.call('HEXISTS', KEYS[3], id) == 0 then redis.call('ZADD', KEYS[2], now, id) end
    redis.call('ZREM', KEYS[4], member)
end
return #found

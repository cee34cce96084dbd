-- Wakes some jobs of a group that are idle, or are leased and not woken yet; returns how many.
-- KEYS: jobs, due leases wakeable of the kind; ARGV: kind, group, step, due time or nothing for now, interval
local due = tonumber(ARGV[4]) or tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local prefix = ARGV[2] .. '\0'
local found = redis.call('ZRANGEBYLEX', KEYS[4], '[' .. prefix, '(' .. ARGV[2] .. '\1', 'LIMIT', 0, ARGV[3])
for i, member in ipairs(found) do
    local id = string.sub(member, #prefix + 1)
    if redis.call('HEXISTS', KEYS[3], id) == 0 then
        redis.call('ZADD', KEYS[2], string.format('%.6f', due + (i - 1) * ARGV[5]), id)
    end
    redis.call('ZREM', KEYS[4], member)
end
return #found

-- Removes some rows of a blog beyond the limits; returns their number. A step is short: Redis serves no other client
-- meanwhile.
-- KEYS: heads items places memory aliases retired events former withdrawn
-- ARGV: blog, step, now, then the limits: entries, old entries, position below which an entry is old, events, time
-- before which an event is old, remembered entries, time before which one that was last listed is forgotten
local blog, step, now = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local max_entries, old_entries, old_position = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local max_events, old_event = tonumber(ARGV[7]), tonumber(ARGV[8])
local max_memory, old_memory = tonumber(ARGV[9]), ARGV[10]
local count = 0

-- The lowest members of a sorted set: those beyond `max`; if there are none, those below a score, save the `last`.
local function oldest(key, max, score, last)
    local have = redis.call('ZCARD', key)
    if have > max then return redis.call('ZRANGE', key, 0, math.min(have - max, step) - 1) end
    if have <= last then return {} end
    return redis.call('ZRANGEBYSCORE', key, '-inf', '(' .. score, 'LIMIT', 0, math.min(have - last, step))
end

for _, id in ipairs(oldest(KEYS[3], max_entries, old_position, old_entries)) do
    -- Deletions first: without free memory Redis refuses a script whose first write needs some.
    redis.call('HDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[8], id)
    redis.call('ZREM', KEYS[3], id)
    redis.call('ZADD', KEYS[6], now, id)
    count = count + 1
end

local last
local kept_from = tonumber(redis.call('HGET', KEYS[1], blog) or '0') - max_events
for _, event in ipairs(redis.call('XRANGE', KEYS[7], '-', '+', 'COUNT', step)) do
    local seq = tonumber(string.match(event[1], '^%d+'))
    if seq > kept_from and tonumber(event[2][6]) >= old_event then break end
    last = seq
end
if last then count = count + redis.call('XTRIM', KEYS[7], 'MINID', string.format('%.0f-0', last + 1)) end

for _, id in ipairs(oldest(KEYS[6], max_memory, old_memory, 0)) do
    local memory = redis.call('HGET', KEYS[4], id) or ''
    for alias in string.gmatch(string.match(memory, ' .*') or '', '[^ ]+') do redis.call('HDEL', KEYS[5], alias) end
    redis.call('HDEL', KEYS[4], id)
    redis.call('ZREM', KEYS[6], id)
    redis.call('ZREM', KEYS[9], id)
    count = count + 1
end
return count

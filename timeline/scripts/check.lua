-- Whether the history is still the one that a watcher has read: the same epoch, and of each blog the same event under
-- the number it has come to, and the next one if there is one. Returns '', or why it is not ('epoch', 'expired').
-- Whoever notices first begins a new epoch.
-- KEYS: epoch heads, then the events of each blog
-- ARGV: the watcher's epoch, an epoch to begin, then of each blog its name and the number and marks of the last event
local function renewed()
    redis.call('SET', KEYS[1], ARGV[2])
    return 'epoch'
end

local function event(events, seq)
    local id = string.format('%.0f-0', seq)
    return redis.call('XRANGE', events, id, id)[1]
end

local epoch = redis.call('GET', KEYS[1])
if not epoch then return renewed() end
if epoch ~= ARGV[1] then
    -- Another node has begun it; or it has come back with a copy of before, and must not go on as if it were new.
    local function begun(which) return tonumber(string.sub(which, 1, 11), 16) end
    return begun(epoch) < begun(ARGV[1]) and renewed() or 'epoch'
end
local lost = ''
for i = 3, #ARGV, 3 do
    local events, blog, seq, marks = KEYS[3 + (i - 3) / 3], ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
    local head = tonumber(redis.call('HGET', KEYS[2], blog) or '0')
    if head < seq then return renewed() end
    -- An event that is no longer there was retired; one that is another was numbered by another history.
    local last = event(events, seq)
    if last and marks ~= '' and table.concat(last[2], ' ') ~= marks then return renewed() end
    if head > seq and not event(events, seq + 1) then lost = 'expired' end
end
return lost

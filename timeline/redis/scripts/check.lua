-- Checks that the history is still the one that a watcher has read: the same epoch, and for each blog the same event
-- under the number that it has reached, and the next one if there is one. Returns '', or why not ('epoch', 'expired'),
-- and the time of Redis. The first node that notices a loss begins a new epoch.
-- KEYS: epoch heads, then the events of each blog
-- ARGV: the watcher's epoch, an epoch to begin, then for each blog its name, and number and fields of the last event
local time = redis.call('TIME')

local function begin_epoch()
    redis.call('SET', KEYS[1], ARGV[2])
    return {'epoch', time}
end

local function event(events, seq)
    local id = string.format('%.0f-0', seq)
    return redis.call('XRANGE', events, id, id)[1]
end

local epoch = redis.call('GET', KEYS[1])
if not epoch then return begin_epoch() end
if epoch ~= ARGV[1] then
    -- A later epoch was begun by another node. An earlier one came back with a copy, and must not be continued.
    local function begun(name) return tonumber(string.sub(name, 1, 11), 16) end
    return begun(epoch) < begun(ARGV[1]) and begin_epoch() or {'epoch', time}
end
local lost = ''
for i = 3, #ARGV, 3 do
    local events, blog, seq, fields = KEYS[3 + (i - 3) / 3], ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
    local head = tonumber(redis.call('HGET', KEYS[2], blog) or '0')
    if head < seq then return begin_epoch() end
    -- A missing event was retired; another event under its number is of another history.
    local last = event(events, seq)
    if last and fields ~= '' and table.concat(last[2], ' ') ~= fields then return begin_epoch() end
    if head > seq and not event(events, seq + 1) then lost = 'expired' end
end
return {lost, time}

-- Whether the history is still the one that a watcher has read: the same epoch, and of each blog the same event under
-- the number it has come to. If not, whoever notices first begins a new epoch.
-- KEYS: epoch heads, then the events of each blog
-- ARGV: the watcher's epoch, an epoch to begin, then of each blog its name and the number and marks of the last event
local function renewed()
    redis.call('SET', KEYS[1], ARGV[2])
    return 0
end

local epoch = redis.call('GET', KEYS[1])
if not epoch then return renewed() end
if epoch ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 3 do
    local events, blog, seq, marks = KEYS[3 + (i - 3) / 3], ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if tonumber(redis.call('HGET', KEYS[2], blog) or '0') < tonumber(seq) then return renewed() end
    -- An event that is no longer there was retired; one that is another was numbered by another history.
    local found = redis.call('XRANGE', events, seq .. '-0', seq .. '-0')[1]
    if found and marks ~= '' and table.concat(found[2], ' ') ~= marks then return renewed() end
end
return 1

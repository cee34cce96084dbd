-- Entries of a blog with all that is known of them, and the events after a number with their entries, at one moment.
-- Returns the number of the newest event, the events, and the entries: id, memory, item, former item, position and the
-- times of retirement and withdrawal, each '' if there is none.
-- KEYS: heads items places memory aliases retired events former withdrawn
-- ARGV: blog, number of the event before, limit of events, then the id of each entry
local head = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
local events, entries, found = {}, {}, {}
local function read(id)
    if found[id] then return end
    found[id] = true
    local memory = redis.call('HGET', KEYS[4], id)
    if not memory then return end
    local position = redis.call('ZSCORE', KEYS[3], id)
    entries[#entries + 1] = {
        id, memory, redis.call('HGET', KEYS[2], id) or '', redis.call('HGET', KEYS[8], id) or '',
        position and string.format('%.0f', position) or '', redis.call('ZSCORE', KEYS[6], id) or '',
        redis.call('ZSCORE', KEYS[9], id) or '',
    }
end
for i = 4, #ARGV do read(ARGV[i]) end
if tonumber(ARGV[3]) > 0 then
    local after = string.format('%.0f-0', tonumber(ARGV[2]) + 1)
    for i, event in ipairs(redis.call('XRANGE', KEYS[7], after, '+', 'COUNT', ARGV[3])) do
        events[i] = {string.match(event[1], '^%d+'), event[2][2], event[2][4], event[2][6]}
        read(event[2][4])
    end
end
return {head, events, entries}

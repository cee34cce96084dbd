-- The events after a cursor, with the present form of their entries, or why they are not complete.
-- KEYS: epoch heads events items; ARGV: blog, epoch and number of the cursor, limit, 1 for a part
local epoch = redis.call('GET', KEYS[1]) or ''
local head = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
local after, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
if ARGV[2] ~= epoch or after > head then return {epoch, head, 'epoch', {}} end
local wanted = math.min(head - after, limit)
if ARGV[5] ~= '1' and wanted < head - after then return {epoch, head, 'expired', {}} end
local last = string.format('%.0f-0', after + wanted)
local found = redis.call('XRANGE', KEYS[3], string.format('%.0f-0', after + 1), last)
if #found < wanted then return {epoch, head, 'expired', {}} end
local rows = {}
for i, event in ipairs(found) do
    local kind, id = event[2][2], event[2][4]
    rows[i] = {string.match(event[1], '^%d+'), kind, id, redis.call('HGET', KEYS[4], id)}
end
return {epoch, head, '', rows}

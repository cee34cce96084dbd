-- Keeps a push of a followed feed, or drops it if there are too many, and makes the feed due; returns 0 if the feed is
-- not followed. The stored form is that of pushes.py.
-- KEYS: due leases pauses pushes pushed push_queue push_due missed push_number
-- ARGV: the URL, the push, its size, the limits of number and size
local url, size = ARGV[1], tonumber(ARGV[3])
if not redis.call('ZSCORE', KEYS[1], url) then return 0 end
local lease_end = redis.call('HGET', KEYS[2], url)
local kept = redis.call('HGET', KEYS[5], url) or ''
local count, sum = 0, size
for each in string.gmatch(kept, ':(%d+)') do
    count, sum = count + 1, sum + tonumber(each)
end
if count >= tonumber(ARGV[4]) or sum > tonumber(ARGV[5]) then
    redis.call('SADD', KEYS[8], url)
    if not lease_end then redis.call('ZADD', KEYS[1], 'XX', 'LT', redis.call('HGET', KEYS[3], url) or '0', url) end
    return 1
end
local number = redis.call('INCR', KEYS[9])
redis.call('HSET', KEYS[4], number, ARGV[2])
redis.call('HSET', KEYS[5], url, kept .. ' ' .. number .. ':' .. size)
redis.call('ZADD', KEYS[6], 'NX', lease_end or string.format('%.0f', number - 1e15), url)
return 1

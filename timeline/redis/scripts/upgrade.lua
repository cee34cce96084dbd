-- Lists feeds that are known but not followed, a step at a time; returns where to continue, '0' at the end.
-- KEYS: a hash by feed, due, unfollowed; ARGV: where to start, step
local cursor, pairs_found = unpack(redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]))
for i = 1, #pairs_found, 2 do
    local url = pairs_found[i]
    if not redis.call('ZSCORE', KEYS[2], url) then redis.call('ZADD', KEYS[3], 'NX', 0, url) end
end
return cursor

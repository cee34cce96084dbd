-- Lists the withdrawn entries of a blog, a step at a time, by the time when a feed listed each last; returns where to
-- continue, '0' at the end.
-- KEYS: memory retired withdrawn; ARGV: where to start, step
local cursor, found = unpack(redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]))
for i = 1, #found, 2 do
    local at = string.sub(found[i + 1], 1, 1) == '-' and redis.call('ZSCORE', KEYS[2], found[i])
    if at then redis.call('ZADD', KEYS[3], 'NX', at, found[i]) end
end
return cursor

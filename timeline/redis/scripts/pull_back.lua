-- Pulls times that are further ahead than they can be back to the latest that they can be, and the due times of their
-- feeds or jobs with them; a step at a time. Returns where to continue, '0' at the end.
-- KEYS: leases or pauses, due; ARGV: where to start, step, the latest time
local cursor, found = unpack(redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]))
for i = 1, #found, 2 do
    if tonumber(found[i + 1]) > tonumber(ARGV[3]) then
        redis.call('HSET', KEYS[1], found[i], ARGV[3])
        redis.call('ZADD', KEYS[2], 'XX', 'LT', ARGV[3], found[i])
    end
end
return cursor

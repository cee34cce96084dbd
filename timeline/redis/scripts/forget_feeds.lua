-- Forgets feeds that were last followed before a time; returns how many. Then dates those that have been unfollowed
-- since the last sweep, whose time is 0: unfollow.lua is not given the time.
-- KEYS: unfollowed due, then the keys with a feed's data: hashes feeds listed fences leases pauses, sorted set failing
-- ARGV: step, now, the time
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '(0', '(' .. ARGV[3], 'LIMIT', 0, ARGV[1])
for _, url in ipairs(gone) do
    redis.call('ZREM', KEYS[1], url)
    -- A node of an older version may have followed it again.
    if not redis.call('ZSCORE', KEYS[2], url) then
        for i = 3, 7 do redis.call('HDEL', KEYS[i], url) end
        redis.call('ZREM', KEYS[8], url)
    end
end
for _, url in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, 0, 'LIMIT', 0, ARGV[1])) do
    -- Without free memory Redis refuses this; that must not keep retention from freeing some.
    redis.pcall('ZADD', KEYS[1], ARGV[2], url)
end
return #gone

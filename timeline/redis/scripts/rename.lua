-- Gives a blog another name, unless there is nothing of it, or something of one of that name; returns 1 if it did.
-- KEYS: heads, the keys of the blog, and those of the other name; ARGV: both names
local head = redis.call('HGET', KEYS[1], ARGV[1])
if not head or redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then
    return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[2], head)
local parts = (#KEYS - 1) / 2
for i = 2, parts + 1 do
    -- A blog that never had an event may have left some.
    redis.call('DEL', KEYS[i + parts])
    if redis.call('EXISTS', KEYS[i]) == 1 then
        redis.call('RENAME', KEYS[i], KEYS[i + parts])
    end
end
return 1

-- Removes a job; returns 1 if there was one.
-- KEYS: states groups due fences leases wakeable ids grouped of the kind; ARGV: id
local id = ARGV[1]
local group = redis.call('HGET', KEYS[2], id)
if not group then return 0 end
for _, i in ipairs({1, 2, 4, 5}) do redis.call('HDEL', KEYS[i], id) end
for _, i in ipairs({3, 7}) do redis.call('ZREM', KEYS[i], id) end
for _, i in ipairs({6, 8}) do redis.call('ZREM', KEYS[i], group .. '\0' .. id) end
return 1

-- Removes a job, or only if it has a state; returns 1 if it did.
-- KEYS: states groups due fences leases wakeable ids grouped of the kind; ARGV: id, and the state if one is wanted
local id = ARGV[1]
local group = redis.call('HGET', KEYS[2], id)
if not group or (ARGV[2] and redis.call('HGET', KEYS[1], id) ~= ARGV[2]) then return 0 end
for _, i in ipairs({1, 2, 4, 5}) do redis.call('HDEL', KEYS[i], id) end
for _, i in ipairs({3, 7}) do redis.call('ZREM', KEYS[i], id) end
for _, i in ipairs({6, 8}) do redis.call('ZREM', KEYS[i], group .. '\0' .. id) end
return 1

-- Puts staged keys in the place of all others. It begins with no write that needs memory, so that it is not refused.
-- KEYS: the keys to remove, then each staged key and its final name; ARGV: the number of keys to remove
local gone = tonumber(ARGV[1])
for i = 1, gone do redis.call('UNLINK', KEYS[i]) end
for i = gone + 1, #KEYS, 2 do redis.call('RENAME', KEYS[i], KEYS[i + 1]) end
return 1

-- Forgets a feed, followed or not: no node polls it, and no poll of it that is under way can be committed.
-- KEYS: pushes missed, hashes pushed push_due feeds listed fences leases pauses, sorted sets due failing unfollowed
-- push_queue; ARGV: the URL
local pushed = redis.call('HGET', KEYS[3], ARGV[1]) or ''
for number in string.gmatch(pushed, '(%d+):') do redis.call('HDEL', KEYS[1], number) end
redis.call('SREM', KEYS[2], ARGV[1])
for i = 3, 9 do redis.call('HDEL', KEYS[i], ARGV[1]) end
for i = 10, 13 do redis.call('ZREM', KEYS[i], ARGV[1]) end
return 1

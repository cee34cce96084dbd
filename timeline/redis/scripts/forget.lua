-- Forgets a feed, followed or not: no node polls it, and no poll of it that is under way can be committed.
-- KEYS: hashes feeds listed fences leases pauses, sorted sets due failing unfollowed; ARGV: the URL
for i = 1, 5 do redis.call('HDEL', KEYS[i], ARGV[1]) end
for i = 6, 8 do redis.call('ZREM', KEYS[i], ARGV[1]) end
return 1

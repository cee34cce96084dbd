-- Makes a followed feed due now, or at the end of its pause; returns that time, 0 for now. A leased feed is being polled:
-- its due time is the end of the lease.
-- KEYS: due leases pauses; ARGV: the URL
local url = ARGV[1]
if not redis.call('ZSCORE', KEYS[1], url) then return false end
if redis.call('HEXISTS', KEYS[2], url) == 1 then return '0' end
redis.call('ZADD', KEYS[1], 'XX', 'LT', redis.call('HGET', KEYS[3], url) or '0', url)
return redis.call('ZSCORE', KEYS[1], url)

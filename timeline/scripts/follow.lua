-- Makes feeds claimable: a new one when it is given, a known one no later than that. A lease is left to run.
-- KEYS: feeds due leases; ARGV: of each feed its URL, when it is due, its first state
for i = 1, #ARGV, 3 do
    local url, due = ARGV[i], ARGV[i + 1]
    redis.call('HSETNX', KEYS[1], url, ARGV[i + 2])
    local leased = redis.call('HEXISTS', KEYS[3], url) == 1
    redis.call('ZADD', KEYS[2], leased and 'NX' or 'LT', due, url)
end
return 1

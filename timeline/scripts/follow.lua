-- Makes feeds claimable: a new one when it is given, a known one no later than that; neither before its pause ends. A
-- lease is left to run.
-- KEYS: due leases pauses; ARGV: of each feed its URL, and when it is due
for i = 1, #ARGV, 2 do
    local url, due = ARGV[i], ARGV[i + 1]
    local paused = redis.call('HGET', KEYS[3], url)
    if paused and tonumber(paused) > tonumber(due) then due = paused end
    local leased = redis.call('HEXISTS', KEYS[2], url) == 1
    redis.call('ZADD', KEYS[1], leased and 'NX' or 'LT', due, url)
end
return 1

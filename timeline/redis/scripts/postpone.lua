-- Pauses feeds that are followed or known until a time, or until the later one that they were paused until before.
-- KEYS: feeds due pauses; ARGV: the time, then the URL of each feed
local ending = tonumber(ARGV[1])
for i = 2, #ARGV do
    local url = ARGV[i]
    local known = redis.call('ZSCORE', KEYS[2], url) or redis.call('HEXISTS', KEYS[1], url) == 1
    if known and tonumber(redis.call('HGET', KEYS[3], url) or '0') < ending then
        redis.call('HSET', KEYS[3], url, ARGV[1])
        redis.call('ZADD', KEYS[2], 'XX', 'GT', ARGV[1], url)
    end
end
return 1

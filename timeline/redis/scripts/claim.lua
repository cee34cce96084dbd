-- Leases due feeds. A leased feed is due again when its lease ends, so that no node has to notice that another died.
-- Returns the epoch, the leases, and the time of Redis.
-- KEYS: epoch feeds due fences leases listed
-- ARGV: the node's epoch, an epoch to begin, now, the end of the lease, a random number below 2^20, the limit of others,
-- and the URLs of feeds that come first
local epoch = redis.call('GET', KEYS[1])
if not epoch then
    epoch = ARGV[2]
    redis.call('SET', KEYS[1], epoch)
end
local time = redis.call('TIME')
if epoch ~= ARGV[1] then return {epoch, {}, time} end
local leases = {}
local function lease(url)
    -- Higher than all before, and random below 2^20: it differs from all before even if Redis fell back to a copy.
    local before = tonumber(redis.call('HGET', KEYS[4], url) or '0')
    local fence = string.format('%.0f', (math.floor(before / 1048576) + 1) * 1048576 + ARGV[5])
    redis.call('HSET', KEYS[4], url, fence)
    redis.call('HSET', KEYS[5], url, ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[4], url)
    leases[#leases + 1] = {url, redis.call('HGET', KEYS[2], url), redis.call('HGET', KEYS[6], url), fence}
end
for i = 7, #ARGV do
    local due = redis.call('ZSCORE', KEYS[3], ARGV[i])
    if due and tonumber(due) <= tonumber(ARGV[3]) then lease(ARGV[i]) end
end
for _, url in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, ARGV[6])) do
    lease(url)
end
return {epoch, leases, time}

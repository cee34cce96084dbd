-- Leases due feeds, and those with pushes. A leased feed is due again when its lease ends, so that no node has to notice that another died.
-- Returns the epoch, the leases, and the time of Redis.
-- KEYS: epoch feeds due fences leases listed pauses pushes pushed push_queue push_due missed
-- ARGV: the node's epoch, an epoch to begin, now, the end of the lease, a random number below 2^20, the limit of others,
-- the limit of feeds with pushes, and the URLs of feeds that come first
local epoch = redis.call('GET', KEYS[1])
if not epoch then
    epoch = ARGV[2]
    redis.call('SET', KEYS[1], epoch)
end
local time = redis.call('TIME')
if epoch ~= ARGV[1] then return {epoch, {}, time} end
local leases = {}

-- The pushes of a feed as a list of numbers and pushes, and, if there are any, the time from which it may be asked: its
-- due time is the end of a lease, or of a pause, if the last lease ran out.
local function take_pushes(url)
    local pushed = redis.call('HGET', KEYS[9], url)
    local due = redis.call('HGET', KEYS[11], url) or redis.call('ZSCORE', KEYS[3], url)
    local paused = redis.call('HGET', KEYS[7], url)
    if paused and tonumber(paused) > tonumber(due) then due = paused end
    if tonumber(due) <= tonumber(ARGV[3]) then redis.call('SREM', KEYS[12], url) end
    if not pushed then return '', {} end
    redis.call('HSET', KEYS[11], url, due)
    redis.call('ZADD', KEYS[10], ARGV[4], url)
    local pushes = {}
    for number in string.gmatch(pushed, '(%d+):') do
        pushes[#pushes + 1] = number
        pushes[#pushes + 1] = redis.call('HGET', KEYS[8], number)
    end
    return due, pushes
end

local function lease(url)
    local due, pushes = take_pushes(url)
    -- Higher than all before, and random below 2^20: it differs from all before even if Redis fell back to a copy.
    local before = tonumber(redis.call('HGET', KEYS[4], url) or '0')
    local fence = string.format('%.0f', (math.floor(before / 1048576) + 1) * 1048576 + ARGV[5])
    redis.call('HSET', KEYS[4], url, fence)
    redis.call('HSET', KEYS[5], url, ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[4], url)
    leases[#leases + 1] = {url, redis.call('HGET', KEYS[2], url), redis.call('HGET', KEYS[6], url), fence, due, pushes}
end
if tonumber(ARGV[7]) > 0 then
    for _, url in ipairs(redis.call('ZRANGEBYSCORE', KEYS[10], '-inf', ARGV[3], 'LIMIT', 0, ARGV[7])) do
        if redis.call('ZSCORE', KEYS[3], url) then lease(url) else redis.call('ZREM', KEYS[10], url) end
    end
end
for i = 8, #ARGV do
    local due = redis.call('ZSCORE', KEYS[3], ARGV[i])
    if due and tonumber(due) <= tonumber(ARGV[3]) then lease(ARGV[i]) end
end
for _, url in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, ARGV[6])) do
    lease(url)
end
return {epoch, leases, time}

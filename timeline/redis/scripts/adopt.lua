-- Copies the state of a feed to another identity that is not known yet; both are followed until `follow` ends one.
-- KEYS: feeds listed due unfollowed pauses failing; ARGV: the former identity, the identity, its state
local former, identity = ARGV[1], ARGV[2]
local function is_listed(key) return redis.call('ZSCORE', key, identity) end
if redis.call('HEXISTS', KEYS[1], identity) == 1 or is_listed(KEYS[3]) or is_listed(KEYS[4]) then return 0 end
redis.call('HSET', KEYS[1], identity, ARGV[3])
for _, i in ipairs({2, 5}) do
    local value = redis.call('HGET', KEYS[i], former)
    if value then redis.call('HSET', KEYS[i], identity, value) end
end
local due = redis.call('ZSCORE', KEYS[3], former)
if not due then
    redis.call('ZADD', KEYS[4], 0, identity)
    return 1
end
redis.call('ZADD', KEYS[3], due, identity)
if redis.call('ZSCORE', KEYS[6], former) then redis.call('ZADD', KEYS[6], 0, identity) end
return 1

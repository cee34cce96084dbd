-- Extends leases; returns for each whether it is still held.
-- KEYS: due fences leases pauses push_queue; ARGV: the end of the lease, then for each lease its URL and fence
local held = {}
for i = 2, #ARGV, 2 do
    local url, kept = ARGV[i], 0
    if redis.call('HEXISTS', KEYS[3], url) == 1 and redis.call('HGET', KEYS[2], url) == ARGV[i + 1] then
        redis.call('HSET', KEYS[3], url, ARGV[1])
        kept = 1
        redis.call('ZADD', KEYS[1], 'XX', ARGV[1], url)
        redis.call('ZADD', KEYS[5], 'XX', ARGV[1], url)
        -- A pause that began under the lease holds even if the node dies.
        local paused = redis.call('HGET', KEYS[4], url)
        if paused then redis.call('ZADD', KEYS[1], 'XX', 'GT', paused, url) end
    end
    held[i / 2] = kept
end
return held

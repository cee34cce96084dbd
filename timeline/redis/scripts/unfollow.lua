-- Takes feeds off the list of those to be polled. What is known of them stays until forget_feeds.lua removes it.
-- KEYS: due failing leases unfollowed; ARGV: the URL of each feed
for _, url in ipairs(ARGV) do
    redis.call('ZREM', KEYS[1], url)
    redis.call('ZREM', KEYS[2], url)
    redis.call('HDEL', KEYS[3], url)
    redis.call('ZADD', KEYS[4], 'NX', 0, url)
end
return 1

-- Takes feeds off the list of those to be polled. What is known of them stays until forget_feeds.lua removes it.
-- KEYS: due failing leases unfollowed pushes pushed push_queue push_due missed; ARGV: the URL of each feed
for _, url in ipairs(ARGV) do
    redis.call('ZREM', KEYS[1], url)
    redis.call('ZREM', KEYS[2], url)
    redis.call('HDEL', KEYS[3], url)
    for number in string.gmatch(redis.call('HGET', KEYS[6], url) or '', '(%d+):') do redis.call('HDEL', KEYS[5], number) end
    redis.call('HDEL', KEYS[6], url)
    redis.call('ZREM', KEYS[7], url)
    redis.call('HDEL', KEYS[8], url)
    redis.call('SREM', KEYS[9], url)
    redis.call('ZADD', KEYS[4], 'NX', 0, url)
end
return 1

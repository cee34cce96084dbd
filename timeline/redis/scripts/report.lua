-- Stores the report of a node, and forgets nodes that have not reported for long.
-- KEYS: nodes; ARGV: name, report as JSON, the Unix time before which reports are forgotten
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local at = cjson.decode(redis.call('HGET', KEYS[1], name)).at
    if at < tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], name) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1

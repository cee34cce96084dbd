-- Makes feeds claimable: a new one from the given time on, a known one no later than that; neither during its pause. A
-- lease is left to run.
-- KEYS: due leases pauses unfollowed feeds failing; ARGV: for each feed its URL, and when it is due
for i = 1, #ARGV, 2 do
    local url, due = ARGV[i], ARGV[i + 1]
    local paused = redis.call('HGET', KEYS[3], url)
    if paused and tonumber(paused) > tonumber(due) then due = paused end
    local leased = redis.call('HEXISTS', KEYS[2], url) == 1
    local added = redis.call('ZADD', KEYS[1], leased and 'NX' or 'LT', due, url)
    if redis.call('ZREM', KEYS[4], url) == 1 and added == 1 then
        -- Followed again: it is failing if it was.
        local state = redis.call('HGET', KEYS[5], url)
        if state and (cjson.decode(state).failures or 0) > 0 then redis.call('ZADD', KEYS[6], 0, url) end
    end
end
return 1

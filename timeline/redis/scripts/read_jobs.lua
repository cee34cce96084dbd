-- Jobs of a kind, at one moment: for each id group, state and due time, 'inf' if it is idle, '0' if it is leased. Without
-- those that were removed.
-- KEYS: states groups due fences leases of the kind; ARGV: the ids
local jobs = {}
for _, id in ipairs(ARGV) do
    local state = redis.call('HGET', KEYS[1], id)
    if state then
        local leased = redis.call('HEXISTS', KEYS[5], id) == 1
        local due = leased and '0' or redis.call('ZSCORE', KEYS[3], id) or 'inf'
        jobs[#jobs + 1] = {id, redis.call('HGET', KEYS[2], id), state, due}
    end
end
return jobs

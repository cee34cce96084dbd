-- Some entries of a blog, newest first, one more than the limit if there are more, and the head at the same moment.
-- KEYS: epoch heads places items
-- ARGV: blog, limit, then position (microseconds) and id of the entry above them ('' for the newest)
local limit, from, after = tonumber(ARGV[2]), ARGV[3], ARGV[4]

-- By bytes, as Redis orders members of the same score. Lua's own < follows the locale that Redis was started in.
local function below(a, b)
    for i = 1, math.max(#a, #b) do
        local x, y = string.byte(a, i) or 0, string.byte(b, i) or 0
        if x ~= y then return x < y end
    end
    return false
end

-- All entries of the same position are read; only those below the id count.
local same = from == '' and 0 or redis.call('ZCOUNT', KEYS[3], from, from)
local newest = from == '' and '+inf' or from
local found = redis.call('ZREVRANGEBYSCORE', KEYS[3], newest, '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1 + same)
local rows = {}
for i = 1, #found, 2 do
    local id, position = found[i], found[i + 1]
    local follows = from == '' or tonumber(position) < tonumber(from) or below(id, after)
    if follows and #rows <= limit then
        rows[#rows + 1] = {id, string.format('%.0f', position), redis.call('HGET', KEYS[4], id)}
    end
end
return {redis.call('GET', KEYS[1]) or '', redis.call('HGET', KEYS[2], ARGV[1]) or '0', rows}

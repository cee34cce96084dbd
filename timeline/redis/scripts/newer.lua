-- Some entries of a blog right above a position, newest first.
-- KEYS: places items; ARGV: limit, then position (microseconds) and id of the entry below them
local limit, from, below_it = tonumber(ARGV[1]), ARGV[2], ARGV[3]

-- By bytes, as Redis orders members of the same score. Lua's own < follows the locale that Redis was started in.
local function above(a, b)
    for i = 1, math.max(#a, #b) do
        local x, y = string.byte(a, i) or 0, string.byte(b, i) or 0
        if x ~= y then return x > y end
    end
    return false
end

-- All entries of the same position are read; only those above the id count.
local same = redis.call('ZCOUNT', KEYS[1], from, from)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, limit + same)
local items = {}
for i = 1, #found, 2 do
    if #items < limit and (tonumber(found[i + 1]) > tonumber(from) or above(found[i], below_it)) then
        table.insert(items, 1, redis.call('HGET', KEYS[2], found[i]))
    end
end
return items

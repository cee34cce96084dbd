-- Stores a poll's result, all or nothing: nothing is written before all conditions are met, and no other command comes
-- between. Done twice, it does nothing the second time.
-- KEYS: feeds due fences leases failing heads listed pauses, then of each blog: items places memory aliases retired
-- events former
-- ARGV: the commit as JSON, what the feed listed ('' if that is as before), then the item of each entry
local commit = cjson.decode(ARGV[1])
local corrected = '"corrected":"' .. commit.corrected .. '",'

if redis.call('HGET', KEYS[3], commit.url) ~= commit.fence then return {'lost'} end
-- The first write, and one that a Redis without memory or disk refuses: then nothing is written at all.
redis.call('HSET', KEYS[1], commit.url, commit.state)
if ARGV[2] ~= '' then redis.call('HSET', KEYS[7], commit.url, ARGV[2]) end
redis.call('ZADD', KEYS[2], 'XX', commit.due, commit.url)
local paused = redis.call('HGET', KEYS[8], commit.url)
if paused then
    redis.call('ZADD', KEYS[2], 'XX', 'GT', paused, commit.url)
    if tonumber(paused) <= tonumber(commit.at) then redis.call('HDEL', KEYS[8], commit.url) end
end
redis.call('HDEL', KEYS[4], commit.url)
local followed = redis.call('ZSCORE', KEYS[2], commit.url)
if commit.failing and followed then
    redis.call('ZADD', KEYS[5], 0, commit.url)
else
    redis.call('ZREM', KEYS[5], commit.url)
end

local blogs = {}
for i, name in ipairs(commit.blogs) do
    local first = 8 + (i - 1) * 7
    blogs[i] = {
        name = name,
        items = KEYS[first + 1],    -- id → item
        places = KEYS[first + 2],   -- id by position
        memory = KEYS[first + 3],   -- id → digest ('-' and the last revision if withdrawn) and aliases
        aliases = KEYS[first + 4],  -- another key → id
        retired = KEYS[first + 5],  -- id of what is gone by the time it was last heard of
        events = KEYS[first + 6],
        former = KEYS[first + 7],   -- id → item as it was before the last correction
        leaving = {},               -- what is known and withdrawn: it must not come back by a commit done twice
    }
end

-- The id and the memory of the entry that one of the keys belongs to; the strongest key decides.
local function recognised(blog, keys)
    for _, key in ipairs(keys) do
        local memory = redis.call('HGET', blog.memory, key)
        if memory then return key, memory end
        local id = redis.call('HGET', blog.aliases, key)
        if id then return id, redis.call('HGET', blog.memory, id) end
    end
end

local function remember(blog, id, entry, aliases)
    for _, key in ipairs(entry.keys) do
        if key ~= id and redis.call('HEXISTS', blog.memory, key) == 0 then
            if redis.call('HSETNX', blog.aliases, key, id) == 1 then aliases = aliases .. ' ' .. key end
        end
    end
    redis.call('HSET', blog.memory, id, entry.digest .. aliases)
end

-- An item ends in its place and revision (entries.Entry.item).
local function ending(item)
    return string.match(string.sub(item, -128), '("position":"[^"]*","seen":"[^"]*","revision":)(%d+)}}$')
end

-- The item of a later revision, under the id that the entry has had, and at this place; with what else is said of it.
local function revised(item, entry, id, more, place, revision)
    local middle = string.sub(item, #('{"id":"",') + #entry.keys[1] + 1, -#place - 4)
    return '{"id":"' .. id .. '",' .. middle .. more .. place .. string.format('%d', revision + 1) .. '}}'
end

-- Stores an entry if it is new or changed; returns the kind of event that is, or nil for no change, and its id.
local function store(blog, entry, item)
    local id, memory = recognised(blog, entry.keys)
    if not id then
        id = entry.keys[1]
        remember(blog, id, entry, '')
        redis.call('HSET', blog.items, id, item)
        redis.call('ZADD', blog.places, entry.position, id)
        return 'entry', id
    end
    -- One that is gone is remembered for as long as it is heard of, and some time more.
    redis.call('ZADD', blog.retired, 'XX', commit.at, id)
    local digest, aliases = string.match(memory, '^([^ ]*)(.*)$')
    local withdrawn = string.match(digest, '^%-(%d+)$')
    if digest == entry.digest or (withdrawn and blog.leaving[id]) then return nil end
    remember(blog, id, entry, aliases)
    if withdrawn then
        redis.call('ZREM', blog.retired, id)
        redis.call('HSET', blog.items, id, revised(item, entry, id, '', ending(item), withdrawn))
        redis.call('ZADD', blog.places, entry.position, id)
        return 'entry', id
    end
    local stored = redis.call('HGET', blog.items, id)
    if not stored then return nil end
    local place, revision = ending(stored)
    redis.call('HSET', blog.former, id, stored)
    redis.call('HSET', blog.items, id, revised(item, entry, id, corrected, place, revision))
    return 'update', id
end

local count = 0
local function number(blog, kind, id)
    local seq = redis.call('HINCRBY', KEYS[6], blog.name, 1)
    redis.call('XADD', blog.events, seq .. '-0', 'kind', kind, 'id', id, 'at', commit.at, 'by', commit.fence)
    count = count + 1
end

for _, gone in ipairs(commit.withdrawn) do
    local blog = blogs[gone[1]]
    local id = recognised(blog, {gone[2]})
    if id then blog.leaving[id] = true end
end

-- All entries are stored before any event is decided: the front page is known only then.
local changes = {}
for i, entry in ipairs(commit.entries) do
    local blog = blogs[entry.blog]
    local kind, id = store(blog, entry, ARGV[i + 2])
    if kind then changes[#changes + 1] = {blog, kind, id, entry.backfilled} end
end
for _, change in ipairs(changes) do
    local blog, kind, id, backfilled = unpack(change)
    local quiet = kind == 'entry' and backfilled and redis.call('ZREVRANK', blog.places, id) >= commit.front_page
    if not quiet then number(blog, kind, id) end
end
for _, gone in ipairs(commit.withdrawn) do
    local blog = blogs[gone[1]]
    local id, memory = recognised(blog, {gone[2]})
    local stored = id and redis.call('HGET', blog.items, id)
    if stored then
        local _, revision = ending(stored)
        redis.call('HSET', blog.memory, id, '-' .. revision .. string.match(memory, '^[^ ]*(.*)$'))
        redis.call('HDEL', blog.items, id)
        redis.call('HDEL', blog.former, id)
        redis.call('ZREM', blog.places, id)
        redis.call('ZADD', blog.retired, commit.at, id)
        number(blog, 'delete', id)
    end
end
return {'ok', count}

-- Stores a poll's result, all or nothing: no write comes before the checks, and no other command in between. Done
-- twice, it changes nothing the second time. timeline/sqlite/commit.py does the same, in the same order.
-- KEYS: feeds due fences leases failing heads listed pauses pushes pushed push_queue push_due missed, then for each blog: items places memory aliases retired
-- events former withdrawn
-- ARGV: the commit as JSON, the listed entries ('' if unchanged), then the body of each entry's item
local commit = cjson.decode(ARGV[1])

if redis.call('HGET', KEYS[3], commit.url) ~= commit.fence then return {'lost'} end
-- The first write needs memory: a Redis without memory or disk refuses it, and then nothing is written at all.
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
-- A poll makes up for a push that was dropped during the lease.
if redis.call('SISMEMBER', KEYS[13], commit.url) == 1 then redis.call('ZADD', KEYS[2], 'XX', paused or '0', commit.url) end
local pushed = redis.call('HGET', KEYS[10], commit.url)
if pushed then
    local kept, oldest = '', nil
    for number, size in string.gmatch(pushed, '(%d+):(%d+)') do
        if tonumber(number) <= commit.pushes then
            redis.call('HDEL', KEYS[9], number)
        else
            kept, oldest = kept .. ' ' .. number .. ':' .. size, oldest or number
        end
    end
    if oldest then
        redis.call('HSET', KEYS[10], commit.url, kept)
        redis.call('ZADD', KEYS[11], string.format('%.0f', oldest - 1e15), commit.url)
    else
        redis.call('HDEL', KEYS[10], commit.url)
        redis.call('ZREM', KEYS[11], commit.url)
    end
end
redis.call('HDEL', KEYS[12], commit.url)
if commit.failing and followed then
    redis.call('ZADD', KEYS[5], 0, commit.url)
else
    redis.call('ZREM', KEYS[5], commit.url)
end

local blogs = {}
for i, name in ipairs(commit.blogs) do
    local first = 13 + (i - 1) * 8
    blogs[i] = {
        name = name,
        items = KEYS[first + 1],
        places = KEYS[first + 2],
        memory = KEYS[first + 3],
        aliases = KEYS[first + 4],
        retired = KEYS[first + 5],
        events = KEYS[first + 6],
        former = KEYS[first + 7],
        withdrawn = KEYS[first + 8],
        leaving = {}, -- ids that this commit withdraws: done twice, it must not bring them back in between
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

-- A feed that renews its guids with each document adds keys without end: beyond a limit only those of this document
-- are kept.
local function bounded(blog, aliases, keys)
    local _, count = string.gsub(aliases, '[^ ]+', '')
    if count <= commit.max_aliases then return aliases end
    local listed, kept = {}, ''
    for _, key in ipairs(keys) do listed[key] = true end
    for alias in string.gmatch(aliases, '[^ ]+') do
        if listed[alias] then
            kept = kept .. ' ' .. alias
        else
            redis.call('HDEL', blog.aliases, alias)
        end
    end
    return kept
end

local function remember(blog, id, entry, aliases)
    for _, key in ipairs(entry.keys) do
        if key ~= id and redis.call('HEXISTS', blog.memory, key) == 0 then
            if redis.call('HSETNX', blog.aliases, key, id) == 1 then aliases = aliases .. ' ' .. key end
        end
    end
    redis.call('HSET', blog.memory, id, entry.digest .. bounded(blog, aliases, entry.keys))
end

-- The version of a digest's encoding (entries.digest_version).
local function version(digest)
    return #digest == commit.versioned_digest and string.sub(digest, 1, 1) or ''
end

-- A stored digest of an earlier version says nothing about the content.
local function unchanged(digest, entry)
    if digest == entry.digest then return true end
    return version(digest) ~= version(entry.digest) and not entry.is_correction
end

-- The text of an item (entries.Entry.item_body). `at` has position, seen and revision; `corrected` may be nil.
local function item(id, body, at, revision, corrected)
    return '{"id":"' .. id .. '",' .. body
        .. (corrected and '"corrected":"' .. corrected .. '",' or '')
        .. '"position":"' .. at.position .. '","seen":"' .. at.seen
        .. '","revision":' .. string.format('%d', revision) .. '}}'
end

-- Position, seen and revision of a stored item. They are stored nowhere else; corrections and withdrawals are rare.
local function stored_at(text)
    return cjson.decode(text)._livelog
end

-- Stores an entry if it is new or changed; returns the kind of its event (nil if unchanged) and its id.
local function store(blog, entry, body)
    local id, memory = recognised(blog, entry.keys)
    if not id and recognised(blog, entry.via) then return nil end
    if not id then
        id = entry.keys[1]
        remember(blog, id, entry, '')
        redis.call('HSET', blog.items, id, item(id, body, entry, 1))
        redis.call('ZADD', blog.places, entry.score, id)
        return 'entry', id
    end
    -- An entry that is gone is remembered for as long as a feed lists it, and Limits.memory_age more.
    redis.call('ZADD', blog.retired, 'XX', commit.at, id)
    local digest, aliases = string.match(memory, '^([^ ]*)(.*)$')
    local withdrawn = string.match(digest, '^%-(%d+)$')
    if withdrawn and blog.leaving[id] then return nil end
    remember(blog, id, entry, aliases)
    if not withdrawn and unchanged(digest, entry) then return nil end
    if withdrawn then
        redis.call('ZREM', blog.retired, id)
        redis.call('ZREM', blog.withdrawn, id)
        redis.call('HSET', blog.items, id, item(id, body, entry, withdrawn + 1))
        redis.call('ZADD', blog.places, entry.score, id)
        return 'entry', id
    end
    local stored = redis.call('HGET', blog.items, id)
    if not stored then return nil end
    local at = stored_at(stored)
    redis.call('HSET', blog.former, id, stored)
    redis.call('HSET', blog.items, id, item(id, body, at, at.revision + 1, commit.corrected))
    return 'update', id
end

local count = 0
local function append(blog, kind, id)
    local seq = redis.call('HINCRBY', KEYS[6], blog.name, 1)
    redis.call('XADD', blog.events, seq .. '-0', 'kind', kind, 'id', id, 'at', commit.at, 'by', commit.fence)
    count = count + 1
end

for _, gone in ipairs(commit.withdrawn) do
    local blog = blogs[gone[1]]
    local id = recognised(blog, {gone[2]})
    if id then blog.leaving[id] = true end
end

-- All entries are stored before any event is decided: only then is the front page known.
local changes = {}
for i, entry in ipairs(commit.entries) do
    local blog = blogs[entry.blog]
    local kind, id = store(blog, entry, ARGV[i + 2])
    if kind then changes[#changes + 1] = {blog, kind, id, entry.backfilled} end
end
for _, change in ipairs(changes) do
    local blog, kind, id, backfilled = unpack(change)
    local quiet = kind == 'entry' and backfilled and redis.call('ZREVRANK', blog.places, id) >= commit.front_page
    if not quiet then append(blog, kind, id) end
end
for _, gone in ipairs(commit.withdrawn) do
    local blog = blogs[gone[1]]
    local id, memory = recognised(blog, {gone[2]})
    local stored = id and redis.call('HGET', blog.items, id)
    if stored then
        local revision = string.format('%d', stored_at(stored).revision)
        redis.call('HSET', blog.memory, id, '-' .. revision .. string.match(memory, '^[^ ]*(.*)$'))
        redis.call('HDEL', blog.items, id)
        redis.call('HDEL', blog.former, id)
        redis.call('ZREM', blog.places, id)
        redis.call('ZADD', blog.retired, commit.at, id)
        redis.call('ZADD', blog.withdrawn, commit.at, id)
        append(blog, 'delete', id)
    end
end
return {'ok', count}

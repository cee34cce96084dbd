BEGIN TRANSACTION;
CREATE TABLE blogs (blog TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "blogs" VALUES('blog',5);
INSERT INTO "blogs" VALUES('other',1);
CREATE TABLE entries (
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,      -- microseconds since 1970
    seen INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    item TEXT NOT NULL,             -- the public form: a JSON Feed item
    former TEXT,                    -- the item before the last correction
    UNIQUE (blog, id)
);
INSERT INTO "entries" VALUES('blog','a',1799999991000000,1800000000000000,2,'{"id":"a","content_html":"","title":"corrected","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"corrected":"2027-01-15T08:00:00.000000Z","position":"2027-01-15T07:59:51.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":2}}','{"id":"a","content_html":"","title":"A","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T07:59:51.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":1}}');
INSERT INTO "entries" VALUES('blog','b',1800000000000000,1800000000000000,1,'{"id":"b","content_html":"","title":"B","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T08:00:00.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":1}}',NULL);
INSERT INTO "entries" VALUES('other','x',1800000000000000,1800000000000000,1,'{"id":"x","content_html":"","title":"X","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T08:00:00.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":1}}',NULL);
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- over all blogs, in order of commit: watchers read on from it
    blog TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL DEFAULT 0,     -- Unix seconds, of the poll that led to it
    UNIQUE (blog, seq)
);
INSERT INTO "events" VALUES(1,'blog',1,'entry','a',1800000000.0);
INSERT INTO "events" VALUES(2,'blog',2,'entry','b',1800000000.0);
INSERT INTO "events" VALUES(3,'blog',3,'entry','c',1800000000.0);
INSERT INTO "events" VALUES(4,'other',1,'entry','x',1800000000.0);
INSERT INTO "events" VALUES(5,'blog',4,'update','a',1800000000.0);
INSERT INTO "events" VALUES(6,'blog',5,'delete','c',1800000000.0);
CREATE TABLE feeds (
    url TEXT PRIMARY KEY,
    followed INTEGER NOT NULL,      -- 1 while the configuration names it
    due REAL NOT NULL,              -- Unix seconds
    leased_until REAL NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,            -- FeedState as JSON
    paused REAL NOT NULL DEFAULT 0, -- Unix seconds before which it is not due
    unfollowed_at REAL NOT NULL DEFAULT 0   -- Unix seconds; 0 while followed, and until the next retention
);
INSERT INTO "feeds" VALUES('https://example.org/feed.xml',1,0.0,0.0,302620167904,0,'{"url":"https://example.org/feed.xml","checked_at":1800000000.0,"etag":"\"1\""}',0.0,0.0);
CREATE TABLE keys (                 -- dedup memory: outlives the entries
    blog TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,           -- current where key = id; "-" and the last revision if withdrawn
    PRIMARY KEY (blog, key)
) WITHOUT ROWID;
INSERT INTO "keys" VALUES('blog','a','a','1corrected-a--');
INSERT INTO "keys" VALUES('blog','alias','a','1A-a----------');
INSERT INTO "keys" VALUES('blog','b','b','1B-b----------');
INSERT INTO "keys" VALUES('blog','c','c','-1');
INSERT INTO "keys" VALUES('other','x','x','1X-x----------');
CREATE TABLE listed (               -- apart from feeds: SQLite writes whole rows, and those change with every poll
    url TEXT PRIMARY KEY,
    marks TEXT NOT NULL             -- Marks as JSON
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','5820b172');
CREATE TABLE retired (              -- entries that are gone, but still recognised by their keys
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,               -- Unix seconds, when a feed listed it last
    PRIMARY KEY (blog, id)
) WITHOUT ROWID;
INSERT INTO "retired" VALUES('blog','c',1800000000.0);
CREATE INDEX feeds_due ON feeds (due) WHERE followed;
CREATE INDEX feeds_failing ON feeds (url) WHERE followed AND failures;
CREATE INDEX feeds_unfollowed ON feeds (unfollowed_at) WHERE NOT followed;
CREATE UNIQUE INDEX entries_position ON entries (blog, position, id);
CREATE INDEX keys_alias ON keys (blog, id) WHERE key <> id;
CREATE INDEX retired_at ON retired (blog, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',6);
COMMIT;
PRAGMA user_version = 5;

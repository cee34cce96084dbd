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
    UNIQUE (blog, id)
);
INSERT INTO "entries" VALUES('blog','a',1799999991000000,1800000000000000,2,'{"content_html":"","id":"a","title":"corrected","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T07:59:51.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":2}}');
INSERT INTO "entries" VALUES('blog','b',1800000000000000,1800000000000000,1,'{"content_html":"","id":"b","title":"B","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T08:00:00.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":1}}');
INSERT INTO "entries" VALUES('other','x',1800000000000000,1800000000000000,1,'{"content_html":"","id":"x","title":"X","_livelog":{"source":{"title":"Example","feed_url":"https://example.org/feed.xml"},"position":"2027-01-15T08:00:00.000000Z","seen":"2027-01-15T08:00:00.000000Z","revision":1}}');
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- of all blogs, in order of commit: what watchers follow
    blog TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE (blog, seq)
);
INSERT INTO "events" VALUES(1,'blog',1,'entry','a');
INSERT INTO "events" VALUES(2,'blog',2,'entry','b');
INSERT INTO "events" VALUES(3,'blog',3,'entry','c');
INSERT INTO "events" VALUES(4,'blog',4,'update','a');
INSERT INTO "events" VALUES(5,'blog',5,'delete','c');
INSERT INTO "events" VALUES(6,'other',1,'entry','x');
CREATE TABLE feeds (
    url TEXT PRIMARY KEY,
    followed INTEGER NOT NULL,      -- 1 while the configuration names it
    due REAL NOT NULL,              -- Unix seconds
    leased_until REAL NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL             -- FeedState as JSON
);
INSERT INTO "feeds" VALUES('https://example.org/feed.xml',1,0.0,0.0,3,'{"url":"https://example.org/feed.xml","next_at":0.0,"checked_at":0,"ok_at":0,"etag":"\"1\"","last_modified":null,"body_digest":null,"title":null,"site_url":null,"status":null,"problem":null,"failures":0,"failing_since":0,"newest":[],"blogs":[],"listed":{}}');
CREATE TABLE keys (                 -- dedup memory: outlives the entries
    blog TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,           -- kept with the key that is the id
    PRIMARY KEY (blog, key)
) WITHOUT ROWID;
INSERT INTO "keys" VALUES('blog','a','a','a corrected');
INSERT INTO "keys" VALUES('blog','alias','a','a A');
INSERT INTO "keys" VALUES('blog','b','b','b B');
INSERT INTO "keys" VALUES('blog','c','c','c C');
INSERT INTO "keys" VALUES('other','x','x','x X');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','f959eade');
CREATE INDEX feeds_due ON feeds (due) WHERE followed;
CREATE UNIQUE INDEX entries_position ON entries (blog, position, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',6);
COMMIT;
PRAGMA user_version = 1;

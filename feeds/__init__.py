"""From a feed's URL to committed entries, on the event loop.

Read `poller` (the loop of claims and commits), then `poll` (one poll) and `result` (entries and next state).
`followed_feeds` has the configuration of each feed, `schedule` and `redirects` decide when and at which URL it is
requested, `fetch` requests it, `concurrency` bounds the requests that run, and `parser_pool` runs `feeds.parser`.
"""

"""From a feed's URL to committed entries: schedule, fetch, parse, clean, commit.

Read in this order: `poller` (the loop), `schedule` (when), `fetch` (one HTTP exchange), `sandbox` (the process
that can be killed), `parse` (bytes to entries), `clean` (what may come in).
"""

"""A newsroom on loopback and an invented evening that it reports, for the demo, the tests and the benchmarks.

`newsroom` is an HTTP origin with feeds. `story` plays evening.txt; `python -m demo` runs both with a
Livelog that follows them. `evening` is the same with fixed dates, for `python -m demo.screenshots`. Nothing here
imports Livelog: they share only HTTP.
"""

"""The demo newsroom: a foreign publisher on loopback, and a fictional evening for it to report.

`newsroom` is an HTTP origin that tests and benchmarks reuse; `story` is what the demo publishes on it;
`python -m demo` plays that story with a Livelog of its own following along; `evening` has it with fixed dates, and
`python -m demo.screenshots` takes its pictures. Nothing here imports Livelog: all they share is HTTP.
"""

"""Other servers and feed readers, for comparison.

`servers` and `feed_readers` run them. The other modules are minimal broadcasters, each as the documentation of its
library has it: `python -m bench.peers.NAME PORT PUBLISHING_PORT`. They run with the Python that has the library, so
they import nothing of Livelog, and mypy skips those whose library is not installed for the checks.
"""

"""The fan-out: every event of the timeline to every client of its blog."""

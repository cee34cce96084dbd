"""The fan-out: every event of the timeline to every connected client of its blog."""

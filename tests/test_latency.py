"""latency.py: buckets and percentiles."""

from __future__ import annotations

from latency import MAX_NEWEST, Latency, percentile


def test_a_latency_is_counted_in_the_first_bucket_that_is_not_below_it() -> None:
    latency = Latency((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0, -3.0):
        latency.observe(seconds)
    assert latency.counts == [3, 1, 1]
    assert latency.sum == 0.05 + 0.1 + 0.5 + 7.0


def test_percentiles_are_of_the_newest() -> None:
    latency = Latency((1.0,))
    assert latency.percentile(50) is None
    for _ in range(MAX_NEWEST):
        latency.observe(100.0)
    for n in range(MAX_NEWEST):
        latency.observe(float(n))
    assert (latency.percentile(50), latency.percentile(99)) == (500.0, 990.0)


def test_a_single_value_is_each_percentile() -> None:
    assert [percentile([3.0], percent) for percent in (0, 50, 99, 100)] == [3.0] * 4

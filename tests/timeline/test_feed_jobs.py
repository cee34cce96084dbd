"""What every store promises of `timeline.FeedJobs`: following, claiming, pausing, and the states of feeds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from feedstate import FeedState, Mark, Marks
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import LeaseLostError, Timeline

LISTED = Marks({"b": Mark("1", 1_800_000_000, "link", absent=True), "ä": Mark('"')})


async def test_a_feed_is_claimed_once_and_again_when_its_lease_has_run_out(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (first,) = await timeline.claim(NOW, 10, LEASE_SECONDS)
    assert await timeline.claim(NOW + 1, 10, LEASE_SECONDS) == []
    (second,) = await timeline.claim(NOW + LEASE_SECONDS, 10, LEASE_SECONDS)
    assert second.fence > first.fence
    with pytest.raises(LeaseLostError):
        await timeline.commit(first.state, [entry("late")], first)
    assert await titles(timeline) == []
    assert await timeline.commit(second.state, [entry("good")], second) == 1


async def test_a_lease_that_is_renewed_is_kept_for_longer(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert await timeline.renew([lease], NOW + 2 * LEASE_SECONDS) == [lease]
    assert await timeline.claim(NOW + 2 * LEASE_SECONDS - 1, 1, LEASE_SECONDS) == []
    assert await timeline.commit(replace(lease.state, next_at=NOW), [entry("a")], lease) == 1
    assert len(await timeline.claim(NOW, 1, LEASE_SECONDS)) == 1


async def test_a_lease_that_ran_out_is_held_until_another_claim(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    late = NOW + 2 * LEASE_SECONDS
    assert await timeline.renew([lease], late + LEASE_SECONDS) == [lease]
    assert await timeline.claim(late, 1, LEASE_SECONDS) == []


async def test_feeds_that_come_first_are_claimed_besides_those_that_are_due_longest(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n}" for n in range(6)]
    await timeline.follow({url: float(n) for n, url in enumerate(urls)})
    await timeline.postpone([urls[5]], NOW * 2)
    leases = await timeline.claim(NOW, 2, LEASE_SECONDS, [urls[4], urls[5], "https://example.org/unknown"])
    assert [lease.url for lease in leases] == [urls[4], *sorted(lease.url for lease in leases[1:])]
    assert {lease.url for lease in leases} == {urls[4], urls[0], urls[1]}
    leases = await timeline.claim(NOW, 0, LEASE_SECONDS, [urls[0], urls[2]])
    assert [lease.url for lease in leases] == [urls[2]], "the other one is leased"
    assert await timeline.commit(replace(leases[0].state, next_at=NOW * 2), [], leases[0]) == 0
    assert await timeline.claim(NOW, 0, LEASE_SECONDS, [urls[2]]) == []


async def test_only_leases_that_are_still_held_are_renewed(timeline: Timeline) -> None:
    held, taken, done = (f"https://example.org/{name}" for name in ("held", "taken", "done"))
    await timeline.follow(dict.fromkeys((held, taken, done), 0.0))
    leases = {lease.url: lease for lease in await timeline.claim(NOW, 3, LEASE_SECONDS)}
    await timeline.renew([leases[held], leases[done]], NOW + 9 * LEASE_SECONDS)
    (anew,) = await timeline.claim(NOW + LEASE_SECONDS, 3, LEASE_SECONDS)
    assert anew.url == taken
    await timeline.commit(replace(leases[done].state, next_at=NOW), [], leases[done])
    assert await timeline.renew([leases[url] for url in (taken, done, held)], NOW * 2) == [leases[held]]
    assert [lease.url for lease in await timeline.claim(NOW + LEASE_SECONDS, 3, LEASE_SECONDS)] == [done]
    assert {lease.url for lease in await timeline.claim(NOW + 2 * LEASE_SECONDS, 3, LEASE_SECONDS)} == {taken, done}
    assert await timeline.renew([], NOW * 2) == []


async def test_a_feed_is_not_claimed_before_it_is_due(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, next_at=NOW + 30), [], lease)
    assert await timeline.claim(NOW + 29, 1, LEASE_SECONDS) == []
    assert len(await timeline.claim(NOW + 30, 1, LEASE_SECONDS)) == 1


async def test_what_is_due_longest_is_claimed_first_and_no_more_than_asked(timeline: Timeline) -> None:
    await timeline.follow({"https://example.org/b": 2.0, "https://example.org/a": 3.0, "https://example.org/c": 1.0})
    leases = await timeline.claim(NOW, 2, LEASE_SECONDS)
    assert {lease.url[-1] for lease in leases} == {"b", "c"}
    assert await timeline.claim(NOW, 0, LEASE_SECONDS) == []


async def test_only_followed_feeds_are_claimed_and_what_is_known_of_others_is_kept(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), etag='"1"')
    await timeline.follow({})
    assert await timeline.claim(NOW, 10, LEASE_SECONDS) == []
    assert not await timeline.states()
    await timeline.follow({FEED: 0.0})
    (kept,) = await timeline.states()
    assert kept.etag == '"1"'


async def test_following_again_never_delays_a_feed(timeline: Timeline) -> None:
    await timeline.follow({FEED: 5.0})
    await timeline.follow({FEED: NOW * 2})
    assert len(await timeline.claim(NOW, 1, LEASE_SECONDS)) == 1


async def claimed(timeline: Timeline, now: float) -> list[str]:
    """The URLs of the feeds that are claimed at a time."""
    return sorted(lease.url for lease in await timeline.claim(now, 10_000, LEASE_SECONDS))


async def test_a_feed_that_is_postponed_is_not_claimed_before_its_time(timeline: Timeline) -> None:
    other = "https://example.org/other.xml"
    await timeline.follow({FEED: 0.0, other: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    assert await claimed(timeline, NOW + 89) == [other]
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_a_feed_that_is_made_due_is_claimed_whatever_its_back_off(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW * 2, failures=9, problem="Gone.")
    assert await claimed(timeline, NOW) == []
    assert await timeline.make_due(FEED) == 0
    assert await claimed(timeline, NOW) == [FEED]


async def test_a_feed_that_is_paused_is_made_due_at_the_end_of_its_pause(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW * 2, failures=9)
    await timeline.postpone([FEED], NOW + 90)
    assert await timeline.make_due(FEED) == NOW + 90
    assert await claimed(timeline, NOW + 89) == []
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_only_followed_feeds_are_made_due(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW * 2)
    await timeline.follow({})
    assert await timeline.make_due(FEED) is None
    assert await timeline.make_due("https://example.org/unknown") is None
    assert await claimed(timeline, NOW) == []


async def test_a_feed_that_is_being_polled_is_not_claimed_again_when_it_is_made_due(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert await timeline.make_due(FEED) == 0
    assert await claimed(timeline, NOW + 1) == []
    await timeline.commit(replace(lease.state, next_at=NOW + 30), [], lease)
    assert await claimed(timeline, NOW + 29) == []


async def test_a_feed_that_is_due_later_than_it_is_postponed_is_not_due_earlier(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 90)
    await timeline.postpone([FEED], NOW + 30)
    assert await claimed(timeline, NOW + 89) == []
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_following_a_feed_again_does_not_end_its_pause(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    await timeline.follow({})
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_a_pause_outlives_polls_that_would_come_again_earlier(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.postpone([FEED], NOW + 90)
    assert await timeline.renew([lease], NOW + 30) == [lease], "a poll under way may end"
    await timeline.commit(replace(lease.state, checked_at=NOW, next_at=NOW + 10), [], lease)
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    (lease,) = await timeline.claim(NOW + 90, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, checked_at=NOW + 90, next_at=NOW + 100), [], lease)
    assert await claimed(timeline, NOW + 99) == []
    await timeline.follow({FEED: NOW + 95})
    assert await claimed(timeline, NOW + 95) == [FEED], "it is over"


async def test_a_pause_outlives_a_poll_that_came_to_nothing(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.postpone([FEED], NOW + 9 * LEASE_SECONDS)
    await timeline.renew([lease], NOW + 2 * LEASE_SECONDS)
    assert await claimed(timeline, NOW + 9 * LEASE_SECONDS - 1) == []
    assert await claimed(timeline, NOW + 9 * LEASE_SECONDS) == [FEED]


async def test_a_pause_is_never_made_shorter(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    await timeline.postpone([FEED], NOW + 10)
    assert await claimed(timeline, NOW + 89) == []


async def test_a_feed_that_is_not_followed_may_be_postponed_if_it_is_known(timeline: Timeline) -> None:
    await commit(timeline)
    await timeline.follow({})
    await timeline.postpone([FEED, "https://example.org/unknown.xml"], NOW + 90)
    await timeline.follow({FEED: 0.0, "https://example.org/unknown.xml": 0.0})
    assert await claimed(timeline, NOW + 89) == ["https://example.org/unknown.xml"]
    await timeline.postpone([], NOW)


async def test_many_feeds_may_be_postponed_at_once(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n}" for n in range(2_500)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    await timeline.postpone(urls[1:], NOW + 90)
    assert await claimed(timeline, NOW + 89) == urls[:1]
    assert len(await claimed(timeline, NOW + 90)) == 2_499


async def test_the_state_of_a_feed_is_committed_with_its_entries(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), etag='W/"x"', last_modified="Mon, 01 Jan 2024 00:00:00 GMT", listed=LISTED)
    (state,) = await timeline.states()
    assert (state.etag, state.last_modified) == ('W/"x"', "Mon, 01 Jan 2024 00:00:00 GMT")
    assert state.listed == {}, "it is not read with every feed"
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state == replace(state, listed=LISTED)


async def test_a_feed_that_was_never_polled_has_a_state_that_says_so(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    assert list(await timeline.states()) == [FeedState(url=FEED)]
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state == FeedState(url=FEED)


async def test_states_of_many_feeds_are_returned_once_each(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n:04}" for n in range(2_500)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    await timeline.follow(dict.fromkeys(urls[500:], 0.0))
    states = await timeline.states()
    assert len(states) == 2_000
    assert sorted(state.url for state in states) == urls[500:]
    assert [state.url for state in states[-2:]] == [states[1_998].url, states[-1].url]
    assert len(await claimed(timeline, NOW)) == 2_000


@pytest.mark.parametrize("listed", [Marks(), Marks({"b": Mark("2")})], ids=["nothing", "another"])
async def test_what_a_feed_lists_replaces_what_it_listed(timeline: Timeline, listed: Marks) -> None:
    await commit(timeline, listed=LISTED)
    await commit(timeline, listed=listed)
    await timeline.follow({})
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state.listed == listed


async def test_what_a_feed_listed_stays_through_polls_that_do_not_change_it_and_is_never_parsed(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(timeline, listed=LISTED)
    with monkeypatch.context() as patched:
        patched.delattr(Marks, "_read")
        await commit(timeline, listed=Marks(text=LISTED.to_json()))
        patched.delattr(Marks, "to_json")
        await commit(timeline, etag='"2"')
        await commit(timeline, problem="The answer was 500.", failures=1)
        await timeline.states()
        await timeline.failing(1)
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert (lease.state.etag, lease.state.listed) == ('"2"', LISTED)


async def test_failing_feeds_are_listed_without_what_they_listed(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), listed=LISTED)
    assert await timeline.failing(10) == []
    await commit(timeline, problem="The answer was 500.", failures=1)
    (state,) = await timeline.failing(10)
    assert (state.problem, state.listed) == ("The answer was 500.", Marks())
    assert await timeline.failing(0) == []
    await timeline.follow({})
    assert await timeline.failing(10) == []


async def test_a_feed_that_is_no_longer_followed_is_not_failing(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.follow({})
    await timeline.commit(lease.state.failed("The answer was 500.", 500, NOW, NOW), [], lease)
    assert await timeline.failing(10) == []


async def test_all_failing_feeds_are_counted(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n:04}" for n in range(1_200)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    assert await timeline.failing_count() == 0
    leases = await timeline.claim(NOW, 1_200, LEASE_SECONDS)
    failed = [timeline.commit(lease.state.failed("500", 500, NOW, NOW), [], lease) for lease in leases[:1_100]]
    await asyncio.gather(*failed)
    assert await timeline.failing_count() == 1_100
    assert len(await timeline.failing(10)) == 10


async def test_a_feed_that_is_followed_again_is_failing_if_it_was(timeline: Timeline) -> None:
    await commit(timeline, problem="The answer was 500.", failures=1)
    await timeline.follow({})
    assert await timeline.failing_count() == 0
    await timeline.follow({FEED: 0.0})
    assert await timeline.failing_count() == 1
    assert [state.url for state in await timeline.failing(10)] == [FEED]
    await commit(timeline, problem=None, failures=0)
    await timeline.follow({})
    await timeline.follow({FEED: 0.0})
    assert await timeline.failing_count() == 0


async def test_a_lease_that_ends_later_than_it_can_is_pulled_back(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW + 3600, 1, LEASE_SECONDS)
    await timeline.pull_back(NOW + LEASE_SECONDS, NOW + 3600)
    assert await claimed(timeline, NOW + LEASE_SECONDS - 1) == []
    assert await timeline.renew([lease], NOW + LEASE_SECONDS) == [lease], "it is still held"
    assert await claimed(timeline, NOW + LEASE_SECONDS) == [FEED]


async def test_a_pause_that_ends_later_than_it_can_is_pulled_back(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.postpone([FEED], NOW * 2)
    await timeline.pull_back(NOW + LEASE_SECONDS, NOW + 90)
    assert await claimed(timeline, NOW + 89) == []
    await timeline.follow({FEED: NOW})
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_leases_pauses_and_due_times_that_can_be_are_not_pulled_back(timeline: Timeline) -> None:
    leased, paused = "https://example.org/leased", "https://example.org/paused"
    await timeline.follow({leased: 0.0})
    assert await claimed(timeline, NOW) == [leased]
    await timeline.follow({leased: 0.0, paused: 0.0, FEED: NOW + 50})
    await timeline.postpone([paused], NOW + 90)
    await timeline.pull_back(NOW + LEASE_SECONDS, NOW + 90)
    assert await claimed(timeline, NOW + 50) == [FEED]
    assert await claimed(timeline, NOW + LEASE_SECONDS) == [leased]
    assert await claimed(timeline, NOW + 90) == [paused]


async def test_a_claim_after_a_set_back_does_not_wait_until_the_clock_has_caught_up(timeline: Timeline) -> None:
    await timeline.follow({FEED: NOW - 3600})
    assert await timeline.claim(NOW - 7200, 1, LEASE_SECONDS) == []
    await timeline.follow({FEED: NOW - 3600, "https://example.org/later": NOW * 2})
    assert await claimed(timeline, NOW) == [FEED]
    assert await timeline.claim(NOW, 1, LEASE_SECONDS) == []
    await timeline.pull_back(NOW - 10_000, NOW - 10_000)
    await timeline.follow({FEED: NOW - 10_000})
    assert len(await timeline.claim(NOW - 9_000, 1, LEASE_SECONDS)) <= 1


# The same feed under another identity


@pytest.mark.parametrize(
    ("former", "url"),
    [
        ("http://example.org/feed.xml", "https://example.org/feed.xml"),
        ("https://me:old@example.org/feed.xml", "https://me:new@example.org/feed.xml"),
        ("https://example.org/feed.xml#rss", "https://EXAMPLE.org:443/feed.xml"),
    ],
)
@pytest.mark.parametrize("feed_id", ["", "city-hall"])
async def test_a_feed_keeps_its_state_under_another_identity(
    timeline: Timeline, former: str, url: str, feed_id: str
) -> None:
    name = feed_id or FEED
    await timeline.follow({former: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    after = replace(lease.state, checked_at=NOW, next_at=NOW + 900, etag='"1"', listed=LISTED, failures=1)
    await timeline.commit(after, [entry("a")], lease)
    for _ in range(2):
        await timeline.adopt({name: url})
        await timeline.follow({name: NOW + 900})
    (state,) = await timeline.states()
    assert (state.url, state.named, state.address, state.etag) == (name, former, former, '"1"')
    assert [failing.url for failing in await timeline.failing(10)] == [name]
    assert await timeline.claim(NOW + 899, 1, LEASE_SECONDS) == []
    (lease,) = await timeline.claim(NOW + 900, 10, LEASE_SECONDS)
    assert lease.state.listed == LISTED
    assert await timeline.commit(replace(lease.state, next_at=NOW), [], lease) == 0


async def test_a_feed_that_is_known_adopts_nothing(timeline: Timeline) -> None:
    former = "http://example.org/feed.xml"
    await timeline.follow({former: 0.0, FEED: 0.0, "https://example.org/other": 0.0})
    for lease in await timeline.claim(NOW, 10, LEASE_SECONDS):
        await timeline.commit(replace(lease.state, checked_at=NOW, next_at=NOW, title=lease.url), [], lease)
    await timeline.adopt({FEED: former, "https://example.org/third": "https://example.org/third"})
    await timeline.follow({FEED: 0.0, "https://example.org/third": 0.0})
    assert {state.url: state.title for state in await timeline.states()} == {
        FEED: FEED,
        "https://example.org/third": None,
    }


async def test_a_pause_holds_under_another_identity(timeline: Timeline) -> None:
    former = "http://example.org/feed.xml"
    await timeline.follow({former: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, checked_at=NOW, next_at=NOW), [], lease)
    await timeline.postpone([former], NOW + 100)
    await timeline.adopt({FEED: FEED})
    await timeline.follow({FEED: 0.0})
    assert await timeline.claim(NOW + 99, 1, LEASE_SECONDS) == []
    assert len(await timeline.claim(NOW + 100, 1, LEASE_SECONDS)) == 1


async def test_the_former_identity_is_left_to_nodes_that_still_follow_it(timeline: Timeline) -> None:
    former = "http://example.org/feed.xml"
    await timeline.follow({former: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.adopt({FEED: FEED})
    assert await timeline.commit(replace(lease.state, checked_at=NOW, next_at=NOW), [entry("a")], lease) == 1
    await timeline.adopt({FEED: FEED})
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.url == FEED
    assert await timeline.commit(replace(lease.state, next_at=NOW), [entry("a")], lease) == 0

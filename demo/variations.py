"""What the night desk reports once the written evening is over: variations without end, in bounded memory."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from demo.steps import DeskName, Step, correct, publish, withdraw

T = TypeVar("T")

_MISTAKES = 0.6  # the share of reports with a figure in them that get it wrong at first
_SEATS = 21
_HALF, _FULL = 10, 20  # minutes of a five-a-side match

_SHIPS = (
    ("ketch", "Marigold"),
    ("dredger", "Honest Opinion"),
    ("trawler", "Third Helping"),
    ("coaster", "Long Way Round"),
    ("tug", "Small But Firm"),
    ("schooner", "Second Thoughts"),
    ("tender", "Candlestick"),
    ("barge", "Patience Rewarded"),
    ("mail boat", "Yours Sincerely"),
    ("trawler", "Early Night"),
    ("survey ship", "Further Reading"),
    ("coaster", "Fair Enough"),
    ("cutter", "Short Notice"),
    ("lighter", "Heavier Than She Looks"),
    ("ferry", "Ten Past Ten"),
)
_PLACES = (
    "Nether Sound",
    "Cape Perhaps",
    "the Far Skerries",
    "Saltmouth",
    "Greywater",
    "Port Otherwise",
    "Little Nowhere",
    "Lantern Island",
    "Hither Bay",
    "the upper estuary",
    "Windward Quay",
)
_CARGOES = (
    "crates of oranges",
    "sacks of flour",
    "bolts of sailcloth",
    "coils of rope",
    "barrels of cider",
    "boxes of library books",
    "crates of lemons",
    "pallets of roof slates",
    "bicycles",
    "café chairs",
    "cases of tinned soup",
    "beehives, all of them inhabited",
)
_BERTHS = (
    "the fish quay",
    "number two berth",
    "the customs steps",
    "the inner basin",
    "the long mole",
    "the coal wharf",
)
_ARRIVAL_REMARKS = (
    "The quay dog supervised.",
    "Nobody could find the paperwork, and then everybody could.",
    "Customs waved her through with a yawn.",
    "The crane driver got a round of applause.",
    "Half of it was on a cart before the second line was made fast.",
    "The gulls are taking an interest.",
    "She sails again on the morning tide.",
    "The tally clerk asked us to write that she counted twice.",
    "Her crew went straight to the pie stall.",
)
_DEPARTURE_REMARKS = (
    "Two long blasts, one long wave.",
    "She took the mail and somebody’s umbrella.",
    "The pilot is back aboard the pilot boat, the dog was never in doubt.",
    "Her lights were in sight for eleven minutes.",
    "She will be missed at breakfast.",
    "Next expected when we see her.",
)
_OVERHEARD = (
    "If you can read the name on her bow, you are standing too close.",
    "I came down for five minutes. That was Tuesday.",
    "The tide is never late. It is everyone else who is early.",
    "You don’t learn knots. You run out of other ideas.",
    "That isn’t a leak, that is the sea being curious.",
    "My grandmother rowed this harbour in a bathtub, and she would have done it faster.",
    "Anything is a boat once.",
    "He said starboard. He meant the other starboard.",
    "There are two kinds of rope: too short, and on the other ship.",
    "I like the night shift. The water has time to talk.",
)
_SUBJECTS = (
    "a bench at every tram stop",
    "a second flight of stairs to the lighthouse",
    "soup at the ferry pier",
    "quieter bells before seven",
    "forty lime trees on the Hill",
    "a swimming ladder at the customs steps",
    "a roof over the bicycle racks",
    "returning the borrowed cannon",
    "mending the town clock",
    "longer library hours in winter",
    "a lamp at the end of the long mole",
    "trams on Sunday mornings",
    "a name for the ferry’s cat",
    "a second drum, to even things out",
)
_VOTE_REMARKS = (
    "It took four minutes, three of them thanking each other.",
    "Two members voted twice, once each way, and were asked to choose.",
    "The treasurer smiled, which is minuted.",
    "The Hill ward asked for the view to be taken into account.",
    "Somebody in the gallery said “finally” quite loudly.",
    "It comes into force when the ink is dry.",
)
_GALLERY = (
    "I have nothing against the plan. I should like to have something for it.",
    "We voted on this in spring. I know, because I was warm.",
    "Could the minutes show that I was right, but early?",
    "If the answer is a committee, I should like to hear the question again.",
    "The clock is wrong, but it is wrong for everybody.",
    "I yield the rest of my time to whoever can find page nine.",
    "You can’t put a price on a bench. It was 340 crowns, but you can’t.",
)
_NOTICES = (
    (
        "Lost property, so far tonight",
        "<ul><li>seven gloves, none of them related;</li><li>one trumpet mute;</li>"
        "<li>a heron’s left stilt.</li></ul><p>At the ropewalk until morning.</p>",
    ),
    (
        "The library stays open",
        "<p>Anyone who is cold, early or between boats is welcome in the reading room. Tea is on the "
        "radiator. Whispering has been suspended for the night.</p>",
    ),
    (
        "Sweeping starts at the market",
        "<p>The night shift asks for lanterns to be carried home or left standing up. "
        "Last year’s record for the whole of Lantern Street is fifty-one minutes.</p>",
    ),
    (
        "Clock watch",
        "<p>The town clock has just been wound by the member for Ropewalk, who reports that it is "
        "“going, in the sense of leaving”.</p>",
    ),
    (
        "Tomorrow’s papers are out",
        "<ol><li>Minutes of tonight, first part.</li><li>Minutes of tonight, the argument.</li>"
        "<li>A drawing of the new footpath.</li></ol>",
    ),
    (
        None,
        "<p>The lights in the gallery go off by themselves after an hour. "
        "If you see a council waving its arms, that is why.</p>",
    ),
)
_TEAMS = (
    "Ropewalk",
    "Lower Quay",
    "Tannery",
    "Chandlers",
    "Lightkeepers",
    "Ferry Crew",
    "Bellfounders",
    "Night Bakers",
    "Customs House",
    "Rope and Anchor",
)
_GOALS = (
    "A toe-poke through a forest of legs.",
    "One touch, a turn, and low into the corner.",
    "The keeper got a hand to it and wished she hadn’t.",
    "Off the post, off the other post, and in.",
    "A free kick that bent like a spoon.",
    "A tap-in, claimed with a slide of at least five metres.",
    "From the halfway line, while everyone was tying a shoelace.",
)
_CHANCES = (
    "Over the bar and into the lime trees.",
    "A fine save, and a better sulk from the forward.",
    "Handball, says everybody. Play on, says the referee.",
    "The ball is stuck under the pie stall. We wait.",
    "Lovely passing, and then one pass more than that.",
    "A dog is on the pitch and playing well.",
    "Yellow card for arguing, and another for arguing well.",
)
_WINDS = ("south-westerly", "westerly", "north-westerly", "southerly", "easterly", "variable")
_SKIES = (
    "Clear over the hill; you can count the lamps on the far bank.",
    "A little mist in the channel, knee-deep and going out with the tide.",
    "A shower crossed the harbour and apologised.",
    "High cloud, and a moon that keeps looking over the top of it.",
    "Dry, and cold enough for the good scarf.",
    "Swell at the bar; the gulls have come in to talk about it.",
)
_GAUGE_REMARKS = (
    "The seals have moved up one step.",
    "Boats on the mud berths are afloat, or about to be.",
    "The third stair at the customs steps is a matter of opinion.",
    "That is eleven centimetres from what the tables say, and the tables are sulking.",
    "Good water over the sill for anything drawing less than four metres.",
)
_LINES = ("Line 1", "Line 2", "Line 3", "Ferry", "Swing bridge")
_STATES = (
    "running",
    "running, with singing",
    "every twelve minutes",
    "on time",
    "on time, to general surprise",
    "slow past the market",
    "busy; please move along inside",
)
_SKETCHES = (
    "🌙 Moonrise over the breakwater. The lighthouse has been asked not to take it personally.",
    "🦉 The owl on the customs house has been on duty since the lanterns went out.",
    "🏮 Somebody has tied a lantern to the swing bridge. The engineer says that it stays.",
    "⭐ A shooting star, north to south. Four witnesses, four wishes, no comment.",
    "🌊 Seventh wave at the steps just now. It was the sixth, but nobody is arguing with it.",
    "☕ The tea at the signal station is ready. This is a forecast with high confidence.",
)
_NOTES = (
    "Corrected: {right} {unit}, not {wrong}.",
    "Corrected: we wrote {wrong}. It is {right} {unit}.",
    "Corrected: {right} {unit}. We had {wrong}, and so much confidence.",
    "Corrected to {right} {unit}; {wrong} was a slip of the pencil.",
)
_SLIPS = (
    ("TEST TEST is this thing on", "<p>test</p>"),
    ("Late papers: item ??? (check number)", "<p>text follows when the treasurer picks up</p>"),
    ("Do not use: seating plan for tomorrow", "<p>for the clerk only, thank you</p>"),
    ("vote on the vote on", "<p>vote on the vote on the</p>"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """A post and, where it got something wrong, the correction that sets it right."""

    post: Step
    correction: Step | None = None


class Bag:
    """Draws from any tuple in a random order: everything once before anything again, nothing twice in a row."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._left: dict[tuple[object, ...], list[int]] = {}
        self._last: dict[tuple[object, ...], int] = {}

    def draw(self, contents: tuple[T, ...]) -> T:
        """The next thing of `contents`, which the bag remembers: draw from a few constant tuples only."""
        left = self._left.setdefault(contents, [])
        if not left:
            left.extend(range(len(contents)))
            self._rng.shuffle(left)
            if left[-1] == self._last.get(contents):
                left.reverse()
        self._last[contents] = left.pop()
        return contents[self._last[contents]]


class NightDesk:
    """Reports from all four desks, for ever. The same random numbers make the same night."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._draw = Bag(rng).draw
        self._number = 0
        self._match: _Match | None = None
        self._desks = (self._harbour, self._city, self._football, self._weather)

    def report(self) -> Report:
        """The next report; never twice in a row from the same desk."""
        return self._draw(self._desks)()

    def slip(self) -> tuple[Step, Step]:
        """Something that was never meant to be published, and its withdrawal."""
        name = self._name()
        title, html = self._draw(_SLIPS)
        return publish("city", name, title, html), withdraw("city", name)

    def _harbour(self) -> Report:
        kinds = (self._arrival, self._arrival, self._departure, self._overheard, self._tally)
        return self._draw(kinds)()

    def _city(self) -> Report:
        kinds = (self._vote, self._vote, self._petition, self._gallery, self._notice)
        return self._draw(kinds)()

    def _weather(self) -> Report:
        kinds = (self._reading, self._reading, self._gauge, self._transport, self._sketch)
        return self._draw(kinds)()

    def _football(self) -> Report:
        if self._match is None or self._match.over:
            home = self._draw(_TEAMS)
            self._match = _Match(self._rng, home, self._draw(_TEAMS))
        return self._match.next(self._name(), self._draw)

    def _arrival(self) -> Report:
        kind, ship = self._draw(_SHIPS)
        berth, cargo, place = self._draw(_BERTHS), self._draw(_CARGOES), self._draw(_PLACES)
        remark = self._draw(_ARRIVAL_REMARKS)

        def html(count: int) -> str:
            return (
                f"<p>The {kind} <em>{ship}</em> has tied up at {berth} with <strong>{count} {cargo}</strong> "
                f"from {place}. {remark}</p>"
            )

        return self._counted("harbour", f"{ship} is in", html, self._rng.randint(24, 380), cargo, "Arrivals")

    def _departure(self) -> Report:
        kind, ship = self._draw(_SHIPS)
        place, remark = self._draw(_PLACES), self._draw(_DEPARTURE_REMARKS)
        html = f"<p>The {kind} <em>{ship}</em> has cleared the breakwater for {place}. {remark}</p>"
        return Report(publish("harbour", self._name(), None, html, "Departures"))

    def _overheard(self) -> Report:
        html = f"<blockquote><p>{self._draw(_OVERHEARD)}</p></blockquote>"
        return Report(publish("harbour", self._name(), "Overheard on the quay", html))

    def _tally(self) -> Report:
        ships = [self._draw(_SHIPS)[1] for _ in range(3)]
        berths = [self._draw(_BERTHS) for _ in range(3)]
        items = "".join(f"<li><em>{ship}</em>, {berth}</li>" for ship, berth in zip(ships, berths, strict=True))
        html = f"<p>In at this hour:</p><ul>{items}</ul>"
        return Report(publish("harbour", self._name(), "Who is in", html, "Arrivals"))

    def _vote(self) -> Report:
        subject, remark = self._draw(_SUBJECTS), self._draw(_VOTE_REMARKS)

        def html(votes: int) -> str:
            return f"<p>For {subject}: <strong>carried, {votes} to {_SEATS - votes}</strong>. {remark}</p>"

        title = f"Late papers: {subject}"
        return self._counted("city", title, html, self._rng.randint(11, 19), "votes", "Council", wrong_by=1)

    def _petition(self) -> Report:
        subject = self._draw(_SUBJECTS)

        def html(count: int) -> str:
            return f"<p>A petition for {subject} has <strong>{count} signatures</strong>, most of them legible.</p>"

        figure = self._rng.randint(120, 980)
        return self._counted("city", f"Wanted: {subject}", html, figure, "signatures", "Petitions")

    def _gallery(self) -> Report:
        html = f"<p>Heard from the gallery:</p><blockquote><p>{self._draw(_GALLERY)}</p></blockquote>"
        return Report(publish("city", self._name(), None, html, "Council"))

    def _notice(self) -> Report:
        title, html = self._draw(_NOTICES)
        return Report(publish("city", self._name(), title, html, "Notices"))

    def _reading(self) -> Report:
        wind, sky = self._draw(_WINDS), self._draw(_SKIES)
        visibility = self._rng.randint(2, 14)

        def html(knots: int) -> str:
            return f"<p>Wind {wind}, <strong>{knots} knots</strong>; visibility {visibility} km. {sky}</p>"

        figure, title = self._rng.randint(6, 21), "From the signal station"
        return self._counted("weather", title, html, figure, "knots", "Forecast", wrong_by=5)

    def _gauge(self) -> Report:
        remark = self._draw(_GAUGE_REMARKS)

        def html(centimetres: int) -> str:
            return f"<p>The old gauge reads <strong>{centimetres} cm</strong>. {remark}</p>"

        return self._counted("weather", "Tide", html, self._rng.randint(112, 498), "cm", "Tides")

    def _transport(self) -> Report:
        rows = "".join(f"<tr><th>{line}</th><td>{self._draw(_STATES)}</td></tr>" for line in _LINES)
        html = f"<table><tbody>{rows}</tbody></table>"
        return Report(publish("weather", self._name(), "Getting about", html, "Getting about", by="Town status"))

    def _sketch(self) -> Report:
        return Report(publish("weather", self._name(), None, f"<p>{self._draw(_SKETCHES)}</p>"))

    def _counted(
        self,
        desk: DeskName,
        title: str,
        html: Callable[[int], str],
        figure: int,
        unit: str,
        tag: str,
        *,
        wrong_by: int | None = None,
    ) -> Report:
        """A report of a figure, which is sometimes wrong at first: by `wrong_by`, or by two digits swapped."""
        name = self._name()
        wrong = _swapped(figure) if wrong_by is None else figure + wrong_by
        if wrong == figure or self._rng.random() > _MISTAKES:
            return Report(publish(desk, name, title, html(figure), tag))
        note = f"<p><em>{self._draw(_NOTES).format(right=figure, wrong=wrong, unit=unit)}</em></p>"
        return Report(publish(desk, name, title, html(wrong), tag), correct(desk, name, None, html(figure) + note))

    def _name(self) -> str:
        self._number += 1
        return f"night-{self._number}"


class _Match:
    """A five-a-side match of the Lantern Cup, minute by minute."""

    def __init__(self, rng: random.Random, home: str, away: str) -> None:
        self._rng = rng
        self._teams = (home, away)
        self._goals = [0, 0]
        self._minute = 0
        self._begun = False
        self._halved = False
        self.over = False

    def next(self, name: str, draw: Callable[[tuple[str, ...]], str]) -> Report:
        """What happens next in the match, as the post called `name`."""
        if not self._begun:
            self._begun = True
            return self._said(name, f"Lantern Cup: {self._score()}", "<p>Under way, under the floodlights.</p>")
        self._minute += self._rng.randint(2, 5)
        if not self._halved and self._minute > _HALF:
            self._halved, self._minute = True, _HALF
            return self._said(name, f"Half-time: {self._score()}", "<p>Oranges, advice, a change of ends.</p>")
        if self._minute > _FULL:
            self.over = True
            return self._said(name, f"Full time: {self._score()}", f"<p>{self._verdict()}</p>")
        if self._rng.random() < 0.5:
            return self._goal(name, draw(_GOALS))
        return self._said(name, None, f"<p><strong>{self._minute}′</strong> {draw(_CHANCES)}</p>")

    def _goal(self, name: str, how: str) -> Report:
        side = self._rng.randrange(2)
        self._goals[side] += 1
        title = f"GOAL! {self._score()}"
        scorer, mistaken = self._rng.sample(range(2, 12), 2)

        def html(number: int) -> str:
            return f"<p><strong>{self._minute}′</strong> {self._teams[side]}’s number {number}. {how}</p>"

        if self._rng.random() > _MISTAKES:
            return self._said(name, title, html(scorer), "Goal")
        note = f"<p><em>Corrected: it was the number {scorer}, not the number {mistaken}.</em></p>"
        report = self._said(name, title, html(mistaken), "Goal")
        return Report(report.post, correct("football", name, None, html(scorer) + note))

    def _said(self, name: str, title: str | None, html: str, *tags: str) -> Report:
        return Report(publish("football", name, title, html, "Lantern Cup", *tags))

    def _score(self) -> str:
        return f"{self._teams[0]} {self._goals[0]}–{self._goals[1]} {self._teams[1]}"

    def _verdict(self) -> str:
        home, away = self._goals
        if home == away:
            return "Honours even. It goes to a tug-of-war, as the rules require."
        return f"{self._teams[0] if home > away else self._teams[1]} go through, singing."


def _swapped(figure: int) -> int:
    """`figure` with its last two digits the wrong way round: the oldest mistake there is."""
    rest, last = divmod(figure, 10)
    rest, tens = divmod(rest, 10)
    return rest * 100 + last * 10 + tens

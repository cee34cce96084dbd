"""The pulse: when readers are nudged and checked."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from fanout.heartbeat import Heartbeat
from tests.livelog import until

EVERY, PATIENCE, TICK = 2.5, 1.0, 0.1
BEATS = 25


class Patient:
    """It notes when it was nudged and checked, by the beats of a clock."""

    def __init__(self, clock: list[int]) -> None:
        self.beat = 0
        self.nudged: list[int] = []
        self.checked: list[int] = []
        self._clock = clock

    def nudge(self) -> None:
        self.nudged.append(self._clock[0])

    def check(self) -> None:
        self.checked.append(self._clock[0])


class Ward:
    """A pulse whose beats are counted."""

    def __init__(self) -> None:
        self.clock = [0]
        self.pulse = Heartbeat(EVERY, PATIENCE, TICK)

    def take_in(self) -> Patient:
        patient = Patient(self.clock)
        self.pulse.add(patient)
        return patient

    def beat(self, times: int) -> None:
        for _ in range(times):
            self.pulse.beat()
            self.clock[0] += 1


class Leaving(Patient):
    """It goes when it is nudged."""

    def __init__(self, ward: Ward) -> None:
        super().__init__(ward.clock)
        self._ward = ward

    def nudge(self) -> None:
        super().nudge()
        self._ward.pulse.remove(self)


@pytest.fixture
def ward() -> Ward:
    return Ward()


def test_everyone_is_nudged_once_a_period_and_checked_a_while_later(ward: Ward) -> None:
    patient = ward.take_in()
    ward.beat(4 * BEATS)
    first = patient.nudged[0]
    assert BEATS // 2 <= first < BEATS
    assert patient.nudged == [first + n * BEATS for n in range(4)][: len(patient.nudged)]
    after_a_nudge = [at for at in patient.checked if at > first]
    assert after_a_nudge == [at + 10 for at in patient.nudged if at + 10 < 4 * BEATS]


def test_those_who_come_at_once_are_spread(ward: Ward) -> None:
    patients = [ward.take_in() for _ in range(130)]
    ward.beat(BEATS)
    at_once = Counter(patient.nudged[0] for patient in patients)
    assert set(at_once.values()) == {10}


def test_who_is_let_go_is_left_alone(ward: Ward) -> None:
    patient = ward.take_in()
    ward.pulse.remove(patient)
    ward.pulse.remove(patient)
    ward.beat(2 * BEATS)
    assert patient.nudged == patient.checked == []


def test_who_is_let_go_during_a_beat_does_not_disturb_it(ward: Ward) -> None:
    leaving = [Leaving(ward) for _ in range(26)]
    for patient in leaving:
        ward.pulse.add(patient)
    ward.beat(2 * BEATS)
    assert all(len(patient.nudged) == 1 for patient in leaving)


async def test_it_beats_by_itself() -> None:
    pulse = Heartbeat(0.02, 0.01, 0.01)
    patient = Patient([0])
    pulse.add(patient)
    running = asyncio.create_task(pulse.run())
    await until(lambda: len(patient.nudged) >= 3)
    running.cancel()

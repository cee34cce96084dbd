"""Sends each webhook a test, in its own form: for `check --webhooks`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import responses
from typing import Final

import redaction
import remedies
from app import user_agent
from commands.tables import Row, table
from config import Config
from delivery.client import DeliveryClient
from delivery.target import Target
from delivery.webhook_requests import for_test
from delivery.webhook_targets import Named, named_in
from delivery.webhooks import problem_of, request
from outbound.client import RequestError
from outbound.host_limits import HostLimits

MAX_AT_ONCE: Final = 16

_HEAD: Final = ("WEBHOOK", "BLOG", "FORM", "STATUS")


@dataclass(frozen=True, slots=True)
class WebhookTrial:
    """A test that was sent; ``status`` is None without an answer, ``problem`` empty if it was accepted."""

    named: Named
    status: int | None
    problem: str


async def try_webhooks(config: Config) -> list[WebhookTrial]:
    """Tests all webhooks, in the order of the configuration, those of one host one after the other."""
    client = DeliveryClient(user_agent(config), config.fetch, time.time)
    hosts, room = HostLimits(1), asyncio.Semaphore(MAX_AT_ONCE)

    async def in_turn(named: Named) -> WebhookTrial:
        async with hosts.slot(named.webhook.host), room:
            return await _tried(client, config.server.public_url, named)

    try:
        return await asyncio.gather(*map(in_turn, named_in(config)))
    finally:
        client.close()


async def _tried(client: DeliveryClient, public_url: str | None, named: Named) -> WebhookTrial:
    blog, webhook = named.blog, named.webhook
    target = Target(id=named.id, sort="webhook", name=named.name, blog=blog.slug, host=webhook.host)
    try:
        response = await request(client, target, for_test(webhook, blog, public_url, time.time()))
    except RequestError as error:
        return WebhookTrial(named, None, str(error))
    is_good = 200 <= response.status < 300
    return WebhookTrial(named, response.status, "" if is_good else problem_of(response))


def lines(trials: Iterable[WebhookTrial]) -> list[str]:
    """The lines of a table; below a webhook that fails there are its problem and the remedy."""
    return table(_HEAD, map(_row, trials))


def _row(trial: WebhookTrial) -> Row:
    named, status = trial.named, trial.status
    form = named.webhook.service or ("template" if named.webhook.template else "event")
    told = "no answer" if status is None else f"{status} {responses.get(status, '')}".strip()
    return Row((named.name, named.blog.slug, form, told), _problems(trial))


def _problems(trial: WebhookTrial) -> Sequence[str]:
    advice = remedies.for_webhook(trial.problem)
    return [f"{redaction.public_text(trial.problem)} {advice.remedy}"] if advice else []

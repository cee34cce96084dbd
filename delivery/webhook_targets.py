"""The targets of webhooks: those that the configuration names, as jobs of the timeline.

A new webhook begins at the newest event of its blog. A stored one keeps its cursor as long as it has the same name,
or the same URL if it has no name. Any other change makes it due, even after its server answered 410.
The store has no URL and no secret of a webhook, so neither have its backups.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

from config import Blog, Config, Webhook
from delivery.target import KIND, Target
from entries import dump
from outbound.host_limits import host_key
from timeline import Timeline, TimelineError

PREFIX: Final = "webhook-"
"""The ids of webhooks begin with it, those of no other target."""

KEEP_INTERVAL: Final = 60.0
RETRY_SECONDS: Final = 1.0

MOVED: Final = "moved"
"""The end of a target that goes on under another id."""

DIGEST: Final = "digest"
"""The setting by which a change of a webhook is noticed."""


class Named(NamedTuple):
    """A webhook of the configuration, with its blog, and id and name of its target."""

    id: str
    name: str
    blog: Blog
    webhook: Webhook


def named_in(config: Config) -> Iterator[Named]:
    """The webhooks of a configuration. Those of a blog that have no name and one host are numbered."""
    for blog in config.blogs:
        seen: Counter[str] = Counter()
        for webhook in blog.webhooks:
            seen[webhook.shown_name] += 1
            number = seen[webhook.shown_name]
            name = webhook.shown_name if number == 1 else f"{webhook.shown_name} ({number})"
            yield Named(_id(blog.slug, webhook), name, blog, webhook)


class WebhookTargets:
    """Keeps the targets in the store, from `start` to `stop`.

    They are stored again every KEEP_INTERVAL: a store that lost its data has none. Only a configuration that was just
    read removes some: a node that is about to get it would remove those that are new in it.
    """

    def __init__(self, config: Config, timeline: Timeline) -> None:
        self._config = config
        self._timeline = timeline
        self._changed = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Stores the targets soon."""
        self._changed.set()
        self._keeping = asyncio.create_task(self._keep())

    def apply(self, config: Config) -> None:
        """Stores those of another configuration soon."""
        self._config = config
        self._changed.set()

    async def stop(self) -> None:
        """Ends, whatever is stored."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def _keep(self) -> None:
        removes = False
        while True:
            removes |= self._changed.is_set()
            self._changed.clear()
            try:
                is_done = await reconcile(self._timeline, self._config, removes=removes)
            except TimelineError:
                # The queue logs that the store is down.
                is_done = False
            if not is_done:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            removes = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), KEEP_INTERVAL)


async def reconcile(timeline: Timeline, config: Config, *, removes: bool = True) -> bool:
    """Stores the targets of the configuration's webhooks, and with ``removes`` removes those of others.

    False if one that has changed is being delivered to: it is to be called again then, as after a TimelineError.
    """
    is_done = True
    found = await stored(timeline)
    wanted = {named.id: named for named in named_in(config)}
    for named in wanted.values():
        if named.id in found:
            is_done &= await _is_updated(timeline, found[named.id], named)
        elif await timeline.job(KIND, named.id) is None:
            is_done &= await _is_added(timeline, named, _former(named, found), wanted.keys())
    # One whose webhook is known by another name now has the cursor until that one is stored.
    for gone in sorted(found.keys() - wanted.keys()) if removes and is_done else ():
        await timeline.remove_job(KIND, gone)
    return is_done


async def stored(timeline: Timeline) -> dict[str, Target]:
    """The targets of webhooks, by their ids. Raises TimelineError."""
    found: dict[str, Target] = {}
    after = PREFIX
    while jobs := await timeline.jobs(KIND, after=after):
        targets = [Target.from_json(job.state) for job in jobs if job.id.startswith(PREFIX)]
        found.update((target.id, target) for target in targets)
        if len(targets) < len(jobs):
            break
        after = jobs[-1].id
    return found


async def _is_added(timeline: Timeline, named: Named, former: Target | None, wanted: Collection[str]) -> bool:
    """Stores a new target, at the cursor of its ``former`` one; False while that is leased.

    The former one ends, unless it is one of the ``wanted``.
    """
    if former and former.id not in wanted:
        job = await timeline.job(KIND, former.id)
        if job is None:
            return False
        former = Target.from_json(job.state)
        if not await timeline.amend_job(job, replace(former, ended=MOVED).to_json()):
            return False
    facts = _facts(named)
    if former:
        target = replace(former, **facts, id=named.id, ended="")
    else:
        cursor = str(await timeline.head(named.blog.slug))
        target = Target(**facts, id=named.id, sort="webhook", cursor=cursor)
    await timeline.put_job(target.job, timeline.now())
    return True


async def _is_updated(timeline: Timeline, target: Target, named: Named) -> bool:
    """Gives a target its new facts, and has it tried anew, if its webhook was changed; False while it is leased."""
    if target.settings.get(DIGEST) == _digest(named):
        return True
    job = await timeline.job(KIND, target.id)
    if job is None:
        return False
    former = Target.from_json(job.state)
    changed = replace(former, **_facts(named), failures=0, failing_since=0, problem="", ended="")
    return await timeline.amend_job(job, changed.to_json(), timeline.now())


def _facts(named: Named) -> dict[str, Any]:
    """The fields of a target that the configuration sets."""
    return {
        "name": named.name,
        "blog": named.blog.slug,
        "host": host_key(named.webhook.address),
        "settings": {DIGEST: _digest(named)},
    }


def _former(named: Named, found: dict[str, Target]) -> Target | None:
    """The target of a webhook that had no name, or whose blog had another one."""
    forms = (named.webhook, named.webhook.model_copy(update={"name": None}))
    ids = (_id(slug, form) for slug in (named.blog.slug, *named.blog.aliases) for form in forms)
    return next((found[one] for one in ids if one in found), None)


def _id(slug: str, webhook: Webhook) -> str:
    return f"{PREFIX}{slug}-{webhook.identity}"


def _digest(named: Named) -> str:
    """A hash of the name and all keys of a webhook, too short to find a secret by it."""
    webhook = named.webhook
    secret = webhook.secret.get_secret_value() if webhook.secret else ""
    headers = [(name, value.get_secret_value()) for name, value in webhook.headers]
    chosen = [webhook.events, webhook.include, webhook.exclude]
    keys = [named.name, webhook.address, secret, chosen, webhook.template, headers]
    return hashlib.blake2b(dump(keys).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()

"""Any text of a vendor, through what every sink makes of it."""

from __future__ import annotations

import json
import re
from html.parser_version import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.sinks import SINKS, apprise, discord, email, pagerduty, slack, teams, webhook
from tests.cli import test_outputs
from tests.support.sending import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT: Final = 25  # characters that no sink cuts, or gives a block of its own
ADDRESS: Final = event().incident.url  # the only one that may be a link
FROM: Final = email._address("Statuswatch <status@acme.example>", "sender")


def mail(message: Notification) -> dict[str, Any]:
    """What a mail program makes of it: headers, the words, the tags and the links of its HTML."""
    sent = email.document(message, FROM, [FROM])
    plain, marked = (sent.get_body((kind,)) for kind in ("plain", "html"))
    assert plain and marked
    seen = Tags()
    seen.feed(marked.get_content())
    headers = {name: str(value) if name == "Subject" else "" for name, value in sent.items()}
    return {"headers": headers, "plain": plain.get_content(), "tags": seen.tags, "words": "".join(seen.words)}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Any] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append([tag, *(f"{name}={value}" for name, value in attrs if name == "href")])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# What is sent to people. The webhook's is for programs, and github-issues has a test of its own like this one.
MADE: Final[dict[str, Callable[[Notification], Any]]] = {
    "slack": slack.posts,
    "discord": discord.posts,
    "teams": teams.posts,
    "pagerduty": lambda message: [pagerduty.fields(notice) for notice in message.deliveries],
    "email": mail,
    "apprise": lambda message: list(apprise.content(message, 2000)),
}
OURS: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
CALLS: Final = re.compile(r"@\w|\w://|(?<![a-z0-9])www\.", re.IGNORECASE | re.ASCII)
CHATS: Final = ("<!channel>", "<@U1>", "<#C1>", "@everyone", "@here", "<at>Ann</at>", "{{DATE(2026-01-01)}}", "<t:0:R>")
short = st.one_of(hostile, st.text(max_size=12), st.lists(st.sampled_from(CHATS), max_size=3).map("".join)).map(
    lambda it: it[:SHORT]
)


def notice(vendors: str) -> PendingDelivery:
    """Of an event in which all is the vendor's but the name of the page, which is its reader's own."""
    return PendingDelivery(msgspec.structs.replace(hostile_event(vendors), page=OPENAI), NOW)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(child)


def frame(value: Any) -> Any:
    """All of it but the words."""
    if isinstance(value, dict):
        return {key: frame(child) for key, child in value.items()}
    return [frame(child) for child in value] if isinstance(value, list) else type(value)


def test_every_sink_is_here() -> None:
    """A new sink has its text tested too."""
    assert {*MADE, "webhook", "github-issues"} == set(SINKS)


@pytest.mark.parametrize("sink", MADE)
@given(vendors=short, count=st.sampled_from([1, 1, 12]))
@example(vendors=ALL, count=1)
@example(vendors=" ".join(CHATS), count=12)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_any_text_is_words(sink: str, vendors: str, count: int) -> None:
    """7: whatever a vendor says, a message has the frame that it has for plain words, calls nobody, links nothing but
    the incident, and has no character that moves, hides or colours others.
    """
    made, plain = (MADE[sink](Notification((notice(it),) * count)) for it in (vendors, "x"))
    if len(vendors) <= SHORT:
        assert frame(made) == frame(plain)
    for said in strings(json.loads(msgspec.json.encode(made))):
        assert not FORBIDDEN.search(said), ascii(said)
        assert not CALLS.search(said.replace(ADDRESS, "").replace(OURS, "").removeprefix(test_outputs.url)), said


@given(vendors=short)
@example(vendors=ALL)
@settings(max_examples=25)
def test_a_program_is_told_the_words(vendors: str) -> None:
    """7: the webhook's body is JSON that gives a vendor's words back as they were cleaned."""
    it = notice(vendors).event
    told = json.loads(webhook.document(Notification((PendingDelivery(it, NOW),))))
    assert told["incident"]["title"] == it.incident.title
    assert [update["body"] for update in told["updates"]] == [update.body for update in it.updates]

"""Any text of a vendor, through what every sink makes of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.sinks import SINKS, alertmanager, apprise, discord, email, pagerduty, slack, teams, webhook
from tests.support.hostile_text import ALL_SPLICES, INCIDENT_URL, hostile_event, json_strings, vendor_texts
from tests.support.page_timeline import PAGE
from tests.support.sending import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SHORT: Final = 25  # characters that no sink cuts, or gives a block of its own
SENDER: Final = email._address("Statuswatch <status@acme.example>", "sender")
CARD_SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"


class MarkupReader(HTMLParser):
    """The tags and links of a document, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Any] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append([tag, *(f"{name}={value}" for name, value in attrs if name == "href")])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def mail(notification: Notification) -> dict[str, Any]:
    """Return what a mail program makes of it: headers, words, and the tags and links of its HTML."""
    sent = email.document(notification, SENDER, [SENDER])
    plain, markup = (sent.get_body((kind,)) for kind in ("plain", "html"))
    assert plain and markup
    reader = MarkupReader()
    reader.feed(markup.get_content())
    headers = {name: str(value) if name == "Subject" else "" for name, value in sent.items()}
    return {"headers": headers, "plain": plain.get_content(), "tags": reader.tags, "words": "".join(reader.words)}


# What is sent to people. The webhook's is for programs, and github-issues has a test of its own like this one.
RENDERERS: Final[dict[str, Callable[[Notification], Any]]] = {
    "slack": slack.payloads,
    "discord": discord.payloads,
    "teams": teams.payloads,
    "pagerduty": lambda notification: [pagerduty.alert_fields(delivery) for delivery in notification.deliveries],
    "alertmanager": lambda notification: [alertmanager.alert(delivery, NOW) for delivery in notification.deliveries],
    "email": mail,
    "apprise": lambda notification: list(apprise.content(notification, 2000)),
}
FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
MENTIONS_AND_LINKS: Final = re.compile(r"@\w|\w://|(?<![a-z0-9])www\.", re.IGNORECASE | re.ASCII)
CHATS: Final = ("<!channel>", "<@U1>", "<#C1>", "@everyone", "@here", "<at>Ann</at>", "{{DATE(2026-01-01)}}", "<t:0:R>")
short_texts = st.one_of(
    vendor_texts, st.text(max_size=12), st.lists(st.sampled_from(CHATS), max_size=3).map("".join)
).map(lambda text: text[:MAX_SHORT])


def delivery_of(vendor_text: str) -> PendingDelivery:
    """Return an event in which everything is the vendor's but the page, which is the reader's own."""
    return PendingDelivery(msgspec.structs.replace(hostile_event(vendor_text), page=PAGE), NOW)


def frame(value: Any) -> Any:
    """Return the value without its words."""
    if isinstance(value, dict):
        return {key: frame(child) for key, child in value.items()}
    return [frame(child) for child in value] if isinstance(value, list) else type(value)


def test_every_sink_is_tested() -> None:
    """A new sink has its text tested too."""
    assert {*RENDERERS, "webhook", "github-issues"} == set(SINKS)


@pytest.mark.parametrize("sink", RENDERERS)
@given(vendor_text=short_texts, count=st.sampled_from([1, 1, 12]))
@example(vendor_text=ALL_SPLICES, count=1)
@example(vendor_text=" ".join(CHATS), count=12)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_any_text_is_words(sink: str, vendor_text: str, count: int) -> None:
    """Contract 7.10: whatever a vendor writes, a notification has the frame that it has for plain words, mentions
    nobody, links nothing but the incident, and has no character that moves, hides or colours others.
    """
    rendered, plain = (RENDERERS[sink](Notification((delivery_of(words),) * count)) for words in (vendor_text, "x"))
    if len(vendor_text) <= MAX_SHORT:
        assert frame(rendered) == frame(plain)
    for text in json_strings(json.loads(msgspec.json.encode(rendered))):
        assert not FORBIDDEN.search(text), ascii(text)
        foreign = text.replace(INCIDENT_URL, "").replace(CARD_SCHEMA, "").removeprefix(PAGE.url)
        assert not MENTIONS_AND_LINKS.search(foreign), text


@given(vendor_text=short_texts)
@example(vendor_text=ALL_SPLICES)
@settings(max_examples=25)
def test_a_program_is_sent_the_words(vendor_text: str) -> None:
    """7: the webhook's body is JSON that has a vendor's words as they were cleaned."""
    delivery = delivery_of(vendor_text)
    document = json.loads(webhook.document(Notification((delivery,))))
    assert document["incident"]["title"] == delivery.event.incident.title
    assert [update["body"] for update in document["updates"]] == [update.body for update in delivery.event.updates]

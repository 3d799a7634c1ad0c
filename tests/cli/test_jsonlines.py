"""JSON lines: an event for programs."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest
from hypothesis import example, given
from jsonschema import Draft202012Validator

from statuswatch.cli.options import EventFormat
from statuswatch.config.json_schema import event_schema
from statuswatch.model.event import Change, Event
from statuswatch.model.incident import Component, Impact, IncidentKind, IncidentUpdate
from statuswatch.render import jsonlines
from tests.support.sample_events import (
    ALL,
    NOW,
    RESOLVED,
    at,
    event,
    hostile,
    hostile_event,
    printed,
    runner_commands,
    searched,
    update,
)

EVENT_SCHEMA: Final = Draft202012Validator(event_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def json_lines(*events: Event, width: int | None = None) -> list[str]:
    """Return the lines that are printed; each is what `config schema --event` describes."""
    lines = printed(*events, width=width, output=EventFormat.JSONL).removesuffix("\n").split("\n")
    for line in lines:
        EVENT_SCHEMA.validate(json.loads(line))
    return lines


def test_json_line() -> None:
    """Contract 7.8: an event is one line of JSON with these keys in this order."""
    unreported = (
        IncidentUpdate("01KK2V", "resolved", 'All "fine".\nAgain: é', at("00:57:23.999999"), at("00:57:00")),
    )  # fmt: skip
    resolved = event(
        RESOLVED,
        Change.UPDATES,
        Change.STATUS,
        unreported=unreported,
        title="Login Issues",
        status="resolved",
        impact=Impact.MINOR,
        components=(Component("Login"), Component("API", "ChatGPT")),
        created_at=datetime(2025, 11, 3, 1, 10, 2, 500_000, tzinfo=timezone(timedelta(hours=1))),
    )
    assert json_lines(resolved) == [
        '{"schema":1,"id":"openai/01KK2T9T/resolved/9f2c41d07b3e","event":"resolved","changes":["updates","status"],'
        '"page":{"key":"openai","name":"OpenAI","url":"https://status.openai.com"},'
        '"incident":{"id":"01KK2T9T","kind":"incident","title":"Login Issues","status":"resolved","impact":"minor",'
        '"url":"https://status.openai.com/incidents/01KK2T9T","components":["Login","ChatGPT - API"],'
        '"created_at":"2025-11-03T00:10:02Z"},'
        '"updates":[{"id":"01KK2V","status":"resolved","body":"All \\"fine\\".\\nAgain: é",'
        '"created_at":"2025-11-03T00:57:23Z","display_at":"2025-11-03T00:57:00Z"}],'
        '"detected_at":"2025-11-03T15:00:00Z"}'
    ]


@pytest.mark.parametrize(("until", "stated"), [(at("23:30:00"), '"2025-11-03T23:30:00Z"'), (None, "null")])
def test_json_line_of_a_maintenance(until: datetime | None, stated: str) -> None:
    """Contract 4: a maintenance also has scheduled_for and scheduled_until, whether or not the vendor states them."""
    window = event(
        unreported=(),
        kind=IncidentKind.MAINTENANCE,
        impact=Impact.MAINTENANCE,
        status="scheduled",
        components=(),
        scheduled_for=at("22:00:00"),
        scheduled_until=until,
    )
    assert json_lines(window) == [
        '{"schema":1,"id":"openai/01KK2T9T/new/9f2c41d07b3e","event":"new","changes":[],'
        '"page":{"key":"openai","name":"OpenAI","url":"https://status.openai.com"},'
        '"incident":{"id":"01KK2T9T","kind":"maintenance","title":"Slow answers","status":"scheduled",'
        '"impact":"maintenance","url":"https://status.openai.com/incidents/01KK2T9T","components":[],'
        '"created_at":"2025-11-03T14:32:00Z","scheduled_for":"2025-11-03T22:00:00Z","scheduled_until":' + stated + "},"
        '"updates":[],"detected_at":"2025-11-03T15:00:00Z"}'
    ]


def test_json_lines_are_the_same_on_a_terminal() -> None:
    """Contract 2.2: JSON lines are never wrapped or coloured, on whatever terminal."""
    events = (event(), event(RESOLVED))
    assert json_lines(*events, width=20) == json_lines(*events)
    assert len(json_lines(*events)) == 2


def test_json_line_is_one_line_even_of_uncleaned_text() -> None:
    """Contract 2.2 and 7.8: an event is one line whatever the body has."""
    body = 'a\r\nb\u2028c\x85"\\\x00\x1b[31m</script>##[error]x'
    line = jsonlines.render(event(unreported=(update("u1", "investigating", body),)), NOW)
    assert not re.search(r"[\x00-\x1f]", line)
    assert json.loads(line)["updates"][0]["body"] == body


@searched
@given(hostile)
@example(ALL)
def test_json_lines_round_trip(vendor_text: str) -> None:
    """Contract 7.8 and 7.10: JSON lines give back the vendor's text unchanged, one line each, without a workflow
    command.
    """
    entry = hostile_event(vendor_text)
    raw = printed(entry, output=EventFormat.JSONL)
    assert raw.splitlines() == [raw.removesuffix("\n")]
    assert runner_commands(raw) == []
    fields = json.loads(raw)
    assert fields["page"]["name"] == entry.page.name
    assert fields["incident"]["title"] == entry.incident.title
    assert fields["incident"]["components"] == [part.label for part in entry.incident.components]
    assert [update["body"] for update in fields["updates"]] == [update.body for update in entry.updates]


def test_json_lines_are_complete() -> None:
    """Contract 7.8: JSON lines have every component and every update whole, whatever the console leaves out."""
    many = tuple(Component(f"Service {number:03}") for number in range(113))
    unreported = tuple(update(f"u{number}", "identified", "word " * 2000) for number in range(9))
    fields = json.loads(printed(event(components=many, unreported=unreported), output=EventFormat.JSONL))
    assert len(fields["incident"]["components"]) == 113
    assert [len(entry["body"]) for entry in fields["updates"]] == [10_000] * 9

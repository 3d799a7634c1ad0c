"""The figures of a ledger in words: each with its value, what it rests on, and what it means."""

from datetime import timedelta
from typing import Final, NamedTuple

from statuswatch.model.board import Ledger, Spread
from statuswatch.model.incident import Impact
from statuswatch.render import phrases
from statuswatch.render.phrases import counted
from statuswatch.render.site.markup import IMPACT_WORDS, escape

_ORDER: Final = (Impact.CRITICAL, Impact.MAJOR, Impact.MINOR, Impact.NONE, Impact.UNKNOWN)


class Line(NamedTuple):
    """One figure: its name, its value, and what it rests on."""

    name: str
    value: str
    basis: str


def lines(ledger: Ledger) -> list[Line]:
    """Return the figures of a ledger."""
    whole = counted(ledger.with_updates, "incident") + " of which every message is known"
    return [
        Line("Incidents", str(ledger.incidents), "begun in the window; of each the highest impact that was stated"),
        *_impact_lines(ledger),
        Line("Maintenance", str(ledger.maintenance), "windows begun"),
        _spread_line("Duration", ledger.duration, "from the start to the end, where the vendor stated the end"),
        _spread_line("Start to first message", ledger.publication_delay, "the start as the vendor claims it"),
        _spread_line("First message to our detection", ledger.detection_delay, "where a run of ours saw it begin"),
        Line(
            "Messages an hour", _rate(ledger), f"{counted(ledger.messages, 'message')} in {ledger.message_hours:.0f} h"
        ),
        Line("Rewritten after the end", str(ledger.rewritten.count), "incidents with a text that was edited in place"),
        _spread_line("End to rewriting", ledger.rewritten, "the first such edit that was seen"),
        Line("Backdated starts", str(ledger.backdated), f"5 minutes or more before the first message; of {whole}"),
        Line("Published only after the end", str(ledger.published_after_end), f"of {whole}"),
        Line("Ended without a word", str(ledger.ended_without_word), "no longer listed, or silent for 14 days"),
        Line("Withdrawn", str(ledger.withdrawn), "removed by the vendor while open"),
        Line("Page could not be read", str(ledger.unreadable), "times, for an hour or longer; not known, never calm"),
    ]


def _impact_lines(ledger: Ledger) -> list[Line]:
    return [
        Line(f"– {IMPACT_WORDS[impact]}", str(ledger.by_impact[impact]), f"of {counted(ledger.incidents, 'incident')}")
        for impact in _ORDER
        if ledger.by_impact.get(impact)
    ]


def _spread_line(name: str, spread: Spread, meaning: str) -> Line:
    return Line(name, spread_in_words(spread), f"{counted(spread.count, 'incident')}; {meaning}")


def spread_in_words(spread: Spread) -> str:
    """Return the median and the 90th percentile."""
    if spread.median is None or spread.percentile_90 is None:
        return "–"
    return f"median {length(spread.median)}, 90th percentile {length(spread.percentile_90)}"


def _rate(ledger: Ledger) -> str:
    rate = ledger.messages_an_hour
    return f"{rate:.2f}" if rate is not None else "–"


def length(time: timedelta) -> str:
    """Return a duration; "0 min" where there was no delay at all."""
    return phrases.length(time) if time >= timedelta(minutes=1) else f"{int(time.total_seconds())} s"


def window(ledger: Ledger) -> str:
    """Return the window of the figures, and how much of it is covered."""
    covered = f"{ledger.covered:.0%} of it covered by records"
    mean = ", on average" if ledger.pages != 1 else ""
    return f"{phrases.minute(ledger.window.begin)} to {phrases.minute(ledger.window.end)} · {covered}{mean}"


def table(ledger: Ledger, caption: str) -> str:
    """Return the figures as a table."""
    rows = "\n".join(
        f'<tr><th scope="row">{line.name}</th><td class="num">{line.value}</td><td class="dim">{line.basis}</td></tr>'
        for line in lines(ledger)
    )
    head = '<tr><th scope="col">Figure</th><th scope="col">Value</th><th scope="col">Rests on</th></tr>'
    return (
        f'<table class="figures"><caption class="sr">{escape(caption)}</caption>\n<thead class="sr">{head}</thead>'
        f"<tbody>\n{rows}\n</tbody></table>"
    )

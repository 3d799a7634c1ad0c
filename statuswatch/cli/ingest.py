"""`statuswatch ingest`: read one page now, and again until something changed. A doorbell for shells and workflows."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.check import PassOptions, make_pass, raise_for
from statuswatch.cli.options import (
    ConfigOption,
    EventFormat,
    FormatOption,
    QuietOption,
    ShardOption,
    StateOption,
    connect_sinks,
    help_end,
    load_settings,
)
from statuswatch.cli.output import interruptible, say

if TYPE_CHECKING:
    from statuswatch.config.schema import Config
    from statuswatch.model.report import RunReport

DEFAULT_WAIT = 120
MAX_WAIT = 3600
PAUSES = (10.0, 20.0, 90.0)  # seconds between reads: 10, 30 and 120 after the first; then every 90
HELP_END = help_end(
    ("statuswatch ingest openai", 'statuswatch ingest "$PAGE" --wait 0 --format jsonl'),
    (0, 2, 3, 4, 5, 130),
    code_4="the page could not be reached",
)


def ingest(
    *,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Key of a watched page.")],
    wait: Annotated[
        int,
        typer.Option(
            "--wait", metavar="SECONDS", min=0, max=MAX_WAIT, help="Read again so long until something changed."
        ),
    ] = DEFAULT_WAIT,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: FormatOption = EventFormat.CONSOLE,
    quiet: QuietOption = False,
) -> None:
    """Read a page now, and again until something changed.

    For a vendor's push, which a cache may lag behind: it is read at once, and after 10, 30 and 120 seconds.
    """
    from statuswatch.recording.recorder import NoRecorder

    key = checked_page(page)
    settings = load_settings(config, state, shard, [key])
    if settings.single_look:
        raise errors.UsageError(f"{key} is not watched ({settings.source or 'no configuration'}): add it to `pages`")
    options = PassOptions(
        (key,), output, full=False, announce_open=False, dry_run=False, quiet=quiet, verbose=False,
        recorder=NoRecorder(), jobs=None,
    )  # fmt: skip
    with interruptible():
        read_until_changed(settings, options, wait)


def checked_page(word: str) -> str:
    """Return the key of a page. Raises UsageError for what is none: it comes from outside, and may be anything."""
    from statuswatch.config.checks import is_key, safe_word

    if not is_key(word):
        raise errors.UsageError(f"{safe_word(word)!r} is no key of a page: give one that is configured")
    return word


def read_until_changed(settings: "Config", options: PassOptions, wait: float) -> None:
    """Read the page, again while nothing changed and there is time. Raises what the last read ends with."""
    sinks = connect_sinks(settings.notify)
    until = time.monotonic() + wait
    pauses = iter(PAUSES)
    while True:
        _, report = make_pass(settings, sinks, options)
        pause = next(pauses, PAUSES[-1])
        if is_changed(report) or time.monotonic() + pause > until:
            raise_for(report)
            return
        if not options.quiet:
            say(f"nothing changed yet; read again in {pause:g} s")
        time.sleep(pause)


def is_changed(report: "RunReport") -> bool:
    """Return whether a good read showed something new."""
    from statuswatch.cli.watching import result_of

    return any(result_of(outcome, counts=True).changed for outcome in report.pages)

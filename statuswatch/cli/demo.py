"""`statuswatch demo`: the whole program on an embedded server."""

from statuswatch.cli.options import EventFormat, help_end
from statuswatch.cli.output import fitted, interruptible, print_events, stdout_stream

HELP_END = help_end(
    ("statuswatch demo", "statuswatch demo | less"),
    (0, 5, 130),
    code_5="the output could not be printed",
)


def demo() -> None:
    """Play a day of invented incidents, without a network."""
    from statuswatch.demo import play

    def narrate(paragraphs: str) -> None:
        with stdout_stream() as stream:
            for paragraph in paragraphs.split("\n"):
                stream.writelines(f"{line}\n" for line in fitted(paragraph, stream))

    with interruptible("interrupted"):
        play(lambda events, now: print_events(events, now, EventFormat.CONSOLE), narrate)

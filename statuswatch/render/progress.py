"""A progress bar on stderr, gone when the run is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from statuswatch.model.report import PageOutcome


@contextmanager
def bar(pages: int) -> Iterator[Callable[[PageOutcome], None]]:
    """Yield the function to call after each page."""
    columns = (TextColumn("reading pages"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=pages)
        yield lambda _: progress.advance(task)

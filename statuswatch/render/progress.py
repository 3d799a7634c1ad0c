"""A progress bar on stderr, gone when the run is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from statuswatch.model.report import PageOutcome

REFRESH_SECONDS: Final = 0.1


@contextmanager
def bar(pages: int) -> Iterator[Callable[[PageOutcome], None]]:
    """Yield the function to call after each page.

    It draws in those calls: a thread that draws would keep a run from forking its worker processes.
    """
    columns = (TextColumn("reading pages"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=pages)
        drawn_at = progress.get_time()

        def advance(_: PageOutcome) -> None:
            nonlocal drawn_at
            is_due = progress.get_time() - drawn_at >= REFRESH_SECONDS
            progress.update(task, advance=1, refresh=is_due)
            if is_due:
                drawn_at = progress.get_time()

        yield advance

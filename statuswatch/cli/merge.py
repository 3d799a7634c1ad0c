"""`statuswatch merge`: merge two versions of the state file, as a merge driver of git."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.options import help_end
from statuswatch.errors import StateError

if TYPE_CHECKING:
    from statuswatch.model.state import EncodedPage, State

HELP_END = help_end(
    (
        "statuswatch merge base.json ours.json theirs.json",
        "git config merge.statuswatch.driver 'statuswatch merge %O %A %B'",
    ),
    (0, 2, 3),
    code_0="merged: OURS holds both",
    code_3="a file cannot be read or written, or the merge cannot be decided: OURS has conflict markers",
)


def merge(
    *,
    base: Annotated[Path, typer.Argument(metavar="BASE", help="The state that both sides began with; may be empty.")],
    ours: Annotated[Path, typer.Argument(metavar="OURS", help="The state of this side; the result replaces it.")],
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS", help="The state of the other side.")],
) -> None:
    """Merge two versions of the state file into OURS.

    Made for git, as a merge driver. No update is lost, the result remembers what either side did, and reading the same
    documents again yields no event. Where nothing shows which side is newer, git is left with a conflict.
    """
    from statuswatch.rules.merge import UndecidedError
    from statuswatch.state import StateFile

    versions = [_load(path) for path in (base, ours, theirs)]
    try:
        merged = _merged(*versions)
    except UndecidedError as error:
        _mark_conflict(ours, theirs)
        raise StateError(
            f"the state files cannot be merged: {error} ({ours}): keep one side, with `git checkout --ours` or "
            "`git checkout --theirs`; what only the other side remembered is reported again"
        ) from error
    StateFile(ours).save(merged)


def _load(path: Path) -> "State":
    """Return the state in a file; an empty one of an empty file, as git passes it where there was none."""
    from statuswatch.model.state import State
    from statuswatch.state import StateFile

    if path.is_file() and not path.stat().st_size:
        return State()
    if not path.exists():
        raise StateError(f"the state file cannot be read: there is no such file ({path}): name one that exists")
    return StateFile(path).load()


def _merged(base: "State", ours: "State", theirs: "State") -> "State":
    """Return what both sides come to. Raises UndecidedError and StateError."""
    from statuswatch.model.state import State
    from statuswatch.rules import merge as rules

    return State(
        pages=rules.three_way(base.pages, ours.pages, theirs.pages, _merge_page),
        outbox=rules.merge_outbox(base.outbox, ours.outbox, theirs.outbox),
        dropped=rules.merge_dropped(base.dropped, ours.dropped, theirs.dropped),
        shared=rules.merge_shared(base.shared, ours.shared, theirs.shared),
        written=rules.merge_written(ours.written, theirs.written),
        started=rules.merge_started(base.started, ours.started, theirs.started),
        dirty=True,
    )


def _merge_page(key: str, base: "EncodedPage | None", ours: "EncodedPage", theirs: "EncodedPage") -> "EncodedPage":
    """Return the state of a page that both sides changed. Raises UndecidedError and StateError."""
    from statuswatch.rules.merge import UndecidedError, merge_page
    from statuswatch.state import decode_page, encode_page

    decoded = decode_page(base, key, "BASE") if base is not None else None
    try:
        return encode_page(merge_page(decoded, decode_page(ours, key, "OURS"), decode_page(theirs, key, "THEIRS")))
    except UndecidedError as error:
        raise UndecidedError(f"page {key}: {error}") from error


def _mark_conflict(ours: Path, theirs: Path) -> None:
    """Put both versions into the file, with git's markers: no run takes it for a state. Raises StateError."""
    try:
        versions = (b"<<<<<<< ours\n", ours.read_bytes(), b"=======\n", theirs.read_bytes(), b">>>>>>> theirs\n")
        ours.write_bytes(b"".join(versions))
    except OSError as error:
        raise StateError(
            f"the state file cannot be written: {error.strerror} ({ours}): keep one side by hand"
        ) from error

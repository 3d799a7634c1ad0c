"""`statuswatch init`: write a first configuration, from names or from what a repository depends on."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.completion import all_pages
from statuswatch.cli.options import help_end
from statuswatch.cli.output import say, stdout_stream
from statuswatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from statuswatch.config.starter import Entry, Plan

FILE_NAME = "statuswatch.toml"
WORKFLOW = ".github/workflows/statuswatch.yml"
HELP_END = help_end(
    ("statuswatch init openai 'new relic' ghcr", "statuswatch init --scan . --github --yes"),
    (0, 2, 130),
    code_0="written; or what an existing configuration lacks was printed",
    code_2="usage, nothing to watch, or a file that cannot be written",
)


def init(
    *,
    vendors: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VENDOR]...", help="Keys, names or addresses of vendors.", autocompletion=all_pages),
    ] = None,
    scan: Annotated[
        Path | None,
        typer.Option(
            "--scan",
            metavar="DIR",
            file_okay=False,
            exists=True,
            help="Propose the vendors that the files in DIR show; without VENDOR and in a repository: this folder.",
        ),
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help=f"Write the workflow {WORKFLOW} too, where there is none.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take every proposed vendor without a question.")] = False,
) -> None:
    """Write a configuration for your vendors.

    An existing one is left as it is: what it lacks is printed.
    """
    from statuswatch.config.load import load_config, working_folder
    from statuswatch.config.starter import plan

    folder = working_folder()
    if not vendors and scan is None:
        scan = scanned_by_default(folder)
    settings = load_config(None, os.environ, folder)
    watched = {page.key for page in settings.pages} if settings.source else set()
    reasons = proposals(scan) if scan else {}
    planned = plan(vendors or (), reasons, watched)
    for remark in planned.remarks:
        say(remark)
    if settings.source:
        print_additions((*planned.named, *planned.proposed), settings.source, complete=not planned.remarks)
    else:
        write_configuration(folder / FILE_NAME, chosen(planned, yes=yes), planned.remarks)
    if github:
        write_workflow(folder / WORKFLOW)


def scanned_by_default(folder: Path) -> Path:
    """Return the folder, if it lies in a repository. Raises UsageError."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        raise UsageError("nothing to watch: name vendors, or a folder that shows them with --scan DIR")
    return folder


def proposals(folder: Path) -> "dict[str, str]":
    """Return the reason for each vendor that the folder shows, by key, and name files that could not be read."""
    from statuswatch.render.phrases import runner_safe_line
    from statuswatch.scan.repository import scan

    found = scan(folder)
    for problem in found.problems:
        say(f"warning: {problem}")
    if not found.proposals:
        say(f"no vendor of the catalog was found in the files of {runner_safe_line(str(folder))}")
    return {proposal.key: proposal.reason for proposal in found.proposals}


def chosen(planned: "Plan", *, yes: bool) -> "Sequence[Entry]":
    """Print the entries, and return those that are wanted: named ones always, proposed ones once they are ticked.

    Raises UsageError where nobody can be asked.
    """
    print_entries((*planned.named, *planned.proposed))
    left_out: set[str] = set()
    if planned.proposed and not yes:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("nothing was written: pass --yes to watch all of these, or name the vendors")
        left_out = ask_what_to_leave_out([entry.key for entry in planned.proposed])
    return [*planned.named, *(entry for entry in planned.proposed if entry.key not in left_out)]


def print_entries(entries: "Iterable[Entry]") -> None:
    """Print a line for each page: its key, and why it is there."""
    from statuswatch.render.phrases import runner_safe_line

    with stdout_stream("the proposal") as stream:
        for entry in entries:
            reason = entry.reason or entry.url
            stream.write(runner_safe_line(f"{entry.key} ← {reason}" if reason else entry.key) + "\n")


def ask_what_to_leave_out(keys: "Sequence[str]") -> set[str]:
    """Ask a person for the keys to leave out, until each is one of these."""
    while True:
        answer = typer.prompt("Leave out (keys, separated by blanks; Enter keeps all)", default="", show_default=False)
        left_out = set(answer.replace(",", " ").lower().split())
        if left_out <= set(keys):
            return left_out
        say(f"not proposed: {' '.join(sorted(left_out - set(keys)))}")


def print_additions(entries: "Sequence[Entry]", source: str, *, complete: bool) -> None:
    """Print on stdout what an existing configuration lacks. It is a person's file: nothing is written.

    `complete`: every word means a page that can be watched.
    """
    from statuswatch.config.starter import additions, own_pages

    if not entries:
        say(f"{source} watches all of these already" if complete else f"{source} lacks no other page")
        return
    say(f"{source} is left as it is; it lacks:")
    with stdout_stream("the additions") as stream:
        stream.write(additions(entries) + own_pages(entries))


def write_configuration(path: Path, entries: "Sequence[Entry]", remarks: "Iterable[str]") -> None:
    """Write a new file. Raises UsageError where there is nothing to watch, or where it cannot be written."""
    from statuswatch.config.starter import starter_file
    from statuswatch.render.phrases import counted

    if not entries:
        raise UsageError("nothing to watch: name vendors; `statuswatch pages WORD` searches the catalog")
    _create(path, starter_file(entries, remarks))
    watches = f"{path.name} watches {counted(len(entries), 'page')}"
    say(f"{watches}; next: `statuswatch check` reads them, the first time as the baseline")


def write_workflow(path: Path) -> None:
    """Write the workflow that runs it on GitHub, where there is none. Raises UsageError."""
    from statuswatch.config.starter import workflow_file

    if path.exists():
        say(f"{WORKFLOW} is there already, and left as it is")
        return
    _create(path, workflow_file())
    say(f"{WORKFLOW} is written: put the name of statuswatch's repository and a commit in its line `uses:`")


def _create(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error

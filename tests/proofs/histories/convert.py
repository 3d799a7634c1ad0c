"""A scraped git repository, turned into recordings: each version of a vendor's document becomes a run.

What a document is shows in its content. A repository of `summary.json` has no list of past incidents: the recording
serves the summary as both, so that the page lists what is open and nothing else, and 404 for the list of past windows.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIXES: Final = (".json", ".atom", ".rss", ".xml")
SAMPLES: Final = 40  # versions of a file that are looked at to see what it is
REPLACED_AFTER: Final = 100  # versions in a row of another page
NOT_FOUND: Final = None  # in place of a body


class Version(NamedTuple):
    """A file as one commit has it."""

    at: datetime
    body: bytes


class Served(NamedTuple):
    """The path of a page at which a document stands, and its body; 404 where that is None."""

    path: str
    body: bytes | None


def platform_of(body: bytes) -> str:
    """Return the platform whose document that is; "" for none that is read."""
    if re.match(rb"\s*(<\?xml[^>]*>\s*)?<(feed|rss)\b", body):
        return "rss"
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    if isinstance(document, list):
        return "google" if document and isinstance(document[0], dict) and "external_desc" in document[0] else ""
    if not isinstance(document, dict):
        return ""
    if {"page", "components", "incidents", "scheduled_maintenances"} <= document.keys():
        return "statuspage"
    return "slack" if "active_incidents" in document else ""


def served(platform: str, body: bytes) -> tuple[Served, ...]:
    """Return the documents of a page as a recording has them."""
    match platform:
        case "statuspage":
            past_windows = Served("/api/v2/scheduled-maintenances.json", NOT_FOUND)
            return Served("/api/v2/incidents.json", body), Served("/api/v2/summary.json", body), past_windows
        case "slack":
            return Served("/api/v2.0.0/current", body), Served("/api/v2.0.0/history", NOT_FOUND)
        case "google":
            return (Served("/incidents.json", body),)
        case _:
            return (Served("/history.atom", body),)


def git(repository: Path, *arguments: str) -> str:
    """Return what git prints."""
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def files(repository: Path) -> list[str]:
    """Return the names of the documents that the newest commit has."""
    return [name for name in git(repository, "ls-tree", "-r", "--name-only", "HEAD").splitlines() if _is_document(name)]


def _is_document(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.startswith(".")


def versions(repository: Path, name: str, *, apart: timedelta = timedelta(0)) -> Iterator[Version]:
    """Yield the versions of a file, oldest first, each later than the one before.

    With `apart` versions are left out that follow another one sooner. What a shallow or partial copy of the
    repository lacks is left out, too.
    """
    commits = git(repository, "log", "--reverse", "--format=%H %ct", "--", name).split("\n")
    chosen: list[tuple[str, datetime]] = []
    for line in filter(None, commits):
        commit, seconds = line.split()
        at = datetime.fromtimestamp(int(seconds), UTC)
        if not chosen or at - chosen[-1][1] >= max(apart, timedelta(seconds=1)):
            chosen.append((commit, at))
    command = ["git", "-C", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for commit, at in chosen:
            process.stdin.write(f"{commit}:{name}\n".encode())
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) == 3 and head[1] == b"blob":
                body = process.stdout.read(int(head[2]))
                process.stdout.read(1)
                yield Version(at, body)
        process.stdin.close()


def recognise(repository: Path, name: str) -> str:
    """Return the platform of a file, by the first of its versions that has one."""
    for number, version in enumerate(versions(repository, name)):
        if platform := platform_of(version.body):
            return platform
        if number == SAMPLES:
            break
    return ""


def lines(key: str, platform: str, version: Version) -> Iterator[dict[str, Any]]:
    """Yield the lines of one run: the page, and the responses to its requests."""
    url = f"https://{key}.example"
    moment = version.at.isoformat().replace("+00:00", "Z")
    page = {"key": key, "name": key, "url": url, "platform": platform}
    if platform == "rss":
        page["id"] = "/history.atom"
    yield {"run": moment, "pages": [page], "partial": False}
    for number, document in enumerate(served(platform, version.body)):
        line = {"run": moment, "at": moment, "page": key, "seq": number, "url": url + document.path}
        if document.body is NOT_FOUND:
            yield {**line, "status": 404, "headers": {}, "body": ""}
        else:
            body = document.body.decode("utf-8", "replace")
            yield {**line, "status": 200, "headers": {"content-type": "application/json"}, "body": body}


def identity_of(platform: str, body: bytes) -> str:
    """Return the page that a document names as its own, "" where it names none or is broken."""
    found = re.match(rb'\s*\{\s*"page"\s*:\s*\{\s*"id"\s*:\s*"(\w+)"', body) if platform == "statuspage" else None
    return found[1].decode() if found else ""


def parts(platform: str, history: Iterable[Version]) -> Iterator[tuple[int, Version]]:
    """Yield the versions, each with the number of its page: a page that is replaced for good is watched anew.

    Versions that show another page for a while stay: whoever watches the page sees them, too.
    """
    number, waiting, identity = 1, list[Version](), ""
    for version in history:
        found = identity_of(platform, version.body)
        identity = identity or found
        if found and found != identity:
            waiting.append(version)
            if len(waiting) >= REPLACED_AFTER:
                number, identity = number + 1, found
                yield from ((number, waited) for waited in waiting)
                waiting = []
            continue
        yield from ((number, waited) for waited in waiting)
        waiting = []
        yield number, version
    yield from ((number, waited) for waited in waiting)


def convert(repository: Path, folder: Path, *, apart: timedelta = timedelta(0)) -> dict[Path, int]:
    """Write a recording of each page of the repository; return how many versions each has."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[Path, int] = {}
    for name in files(repository):
        platform = recognise(repository, name)
        key = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
        with ExitStack() as stack:
            opened: dict[int, TextIO] = {}
            history = versions(repository, name, apart=apart) if platform else ()
            for number, version in parts(platform, history):
                path = folder / f"{key}{f'-{number}' if number > 1 else ''}.jsonl.gz"
                if number not in opened:
                    opened[number] = stack.enter_context(gzip.open(path, "wt", compresslevel=1, encoding="utf-8"))
                opened[number].writelines(json.dumps(line) + "\n" for line in lines(key, platform, version))
                written[path] = written.get(path, 0) + 1
    return written

"""What of a build log belongs to a vendor: hosts, actions, images, and the error lines of package managers.

A match is a line's number and the matched name. The line itself is never kept: it may hold a secret.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from statuswatch.catalog.vendors import VendorKind, vendor_of_host, vendor_rows, vendors_of
from statuswatch.model.why import LogMatch

MAX_HOST: Final = 253  # characters of a host name
MAX_LABEL: Final = 20  # of a label that is printed: a longer one may be a secret
MAX_LINE: Final = 1 << 20  # bytes without a line break, then the rest is taken for a new line's text

_HOST_BYTES: Final = b"abcdefghijklmnopqrstuvwxyz0123456789.-"
_COLOUR: Final = re.compile(rb"\x1b\[[0-9;]*[a-z]")
# What stands before a host that is no part of a mail address.
_ADDRESS: Final = re.compile(
    rb"(?:^|[\s'\"(=])(?:git@|[a-z][a-z0-9+.-]*://[^\s/]*@)\Z"
)  # before a host; no mail address
_ACTION: Final = re.compile(rb"(?:action repository '|uses: |group\]run |z run )([a-z0-9-]+/[\w./-]+)@")
_IMAGE: Final = re.compile(
    rb"(?:pulling from |unable to find image '|docker pull |pulling image \"|failed to pull image \")"
    rb"([a-z0-9][\w./:-]+)"
)
_TROUBLE: Final = re.compile(
    rb"err!|error|fail|fatal|exception|timed? ?out|refused|reset by peer|unreachable|unavailable|could not|unable to"
    rb"|denied|toomanyrequests|\b(?:429|50[0234])\b"
)


class _Found(NamedTuple):
    position: int
    key: str
    name: str
    in_error: bool = False  # by its nature


def scan_log(chunks: Iterable[bytes]) -> tuple[LogMatch, ...]:
    """Return one match for each vendor that the log names, in the order of the lines.

    It is the first on a line that reports trouble, else the first. The log is read once and never held as a whole.
    """
    best: dict[str, LogMatch] = {}
    line = 1
    for block in _blocks(chunks):
        text = _without_colours(block)
        counted = 0
        for found in _search(text):
            earlier = best.get(found.key)
            if earlier and earlier.in_error:
                continue
            in_error = found.in_error or _reports_trouble(text, found.position)
            if earlier and not in_error:
                continue
            line += text.count(b"\n", counted, found.position)
            counted = found.position
            best[found.key] = LogMatch(found.key, line, found.name, in_error)
        line += text.count(b"\n", counted)
    return tuple(sorted(best.values(), key=lambda match: (match.line, match.key)))


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the log in lower case and in whole lines."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk.lower()
        end = text.rfind(b"\n") + 1
        if not end and len(text) > MAX_LINE:
            end = len(text)
        rest = text[end:]
        if end:
            yield text[:end]
    if rest:
        yield rest


def _without_colours(text: bytes) -> bytes:
    return _COLOUR.sub(b"", text) if b"\x1b" in text else text


def _search(text: bytes) -> list[_Found]:
    """Return all names, in their order."""
    return sorted((*_hosts(text), *_clients(text), *_actions_and_images(text)), key=lambda found: found.position)


def _actions_and_images(text: bytes) -> Iterator[_Found]:
    for pattern, kind in ((_ACTION, VendorKind.ACTION), (_IMAGE, VendorKind.IMAGE)):
        for match in pattern.finditer(text):
            name = match[1].decode(errors="replace")
            for key in vendors_of(kind, name):
                yield _Found(match.start(1), key, name)


def _clients(text: bytes) -> Iterator[_Found]:
    """Yield the first error line of each package manager."""
    for prefix, key in vendor_rows()[VendorKind.CLIENT].items():
        position = text.find(prefix.encode())
        if position >= 0:
            yield _Found(position, key, prefix, in_error=True)


def _hosts(text: bytes) -> Iterator[_Found]:
    """Yield the hosts that belong to a vendor, found by their top-level domains, from which they are read backwards."""
    vendors: dict[bytes, str] = {}
    for match in _top_level_domains().finditer(text):
        end = match.end()
        before = text[max(0, end - MAX_HOST) : end]
        host = before[len(before.rstrip(_HOST_BYTES)) :]
        key = vendors.get(host)
        if key is None:
            key = vendors[host] = vendor_of_host(host.decode().lstrip(".-"))
        if key:
            position = end - len(host)
            if text[position - 1 : position] != b"@" or _ADDRESS.search(text, max(0, position - MAX_HOST), position):
                yield _Found(position, key, _printable(host.decode().lstrip(".-")))


@cache
def _top_level_domains() -> re.Pattern[bytes]:
    """Return the pattern of the ends of all hosts in the map."""
    ends = sorted(
        {host.rpartition(".")[2] for host in vendor_rows()[VendorKind.HOST]}, key=lambda end: (-len(end), end)
    )
    return re.compile(rf"\.(?:{'|'.join(ends)})(?![\w-]|\.[a-z0-9])".encode())


def _printable(host: str) -> str:
    """Return the host; from the first label on that is too long for a name, only what follows it."""
    labels = host.split(".")
    long = [number for number, label in enumerate(labels) if len(label) > MAX_LABEL]
    return ".".join(("*", *labels[long[-1] + 1 :])) if long else host


def _reports_trouble(text: bytes, position: int) -> bool:
    end = text.find(b"\n", position)
    line = text[text.rfind(b"\n", 0, position) + 1 : end if end >= 0 else len(text)]
    return bool(_TROUBLE.search(line))

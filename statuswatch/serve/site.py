"""The files that are served, each with its entity tag. They are replaced as a whole."""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "atom": "application/atom+xml; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "prom": "text/plain; version=0.0.4; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
INDEX: Final = "index.html"
NOT_YET: Final = b"<!doctype html><html lang=en><title>statuswatch</title><p>The pages are being read.\n"


class File(NamedTuple):
    """A file of the site."""

    content: bytes
    etag: str
    type: str


class Site:
    """The site as it was rendered last."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self.replace({INDEX: NOT_YET})

    def replace(self, files: Mapping[str, bytes]) -> None:
        """Serve these files from now on. One that did not change keeps its tag."""
        self._files = {path: _file(path, content) for path, content in files.items()}

    def find(self, path: str) -> File | None:
        """Return the file at a path; of a folder its index."""
        path = path.strip("/")
        return self._files.get(path) or self._files.get(f"{path}/{INDEX}".lstrip("/"))


def _file(path: str, content: bytes) -> File:
    kind = TYPES.get(path.rpartition(".")[2], "application/octet-stream")
    return File(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', kind)

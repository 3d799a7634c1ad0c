"""The components that an entry names in its text."""

import re
from typing import Final

from statuswatch.model.incident import Component
from statuswatch.platforms.parsing import clean_title, labelled_components

_HEADING: Final = "\nAffected components\n"  # incident.io (recorded): a list follows, each name with its live state
_LIVE_STATE: Final = re.compile(r" \([^()]*\)$")
_LINE: Final = re.compile(r"(?:^|\n)Affected Components: ?([^\n]+)")  # Instatus: all names in one line


def without_components(plain: str) -> str:
    """Return the text without the list of components at its end."""
    return plain.partition(_HEADING)[0]


def read_components(plain: str) -> tuple[Component, ...]:
    """Return the components that the text names."""
    return labelled_components(((clean_title(name), "") for name in _names(plain) if name), {})


def _names(plain: str) -> list[str]:
    listed = plain.partition(_HEADING)[2]
    if listed:
        return [_LIVE_STATE.sub("", name) for name in listed.split("\n")]
    line = _LINE.search(plain)
    return line[1].split(", ") if line else []

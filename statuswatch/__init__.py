"""Reads vendors' status pages in one short run and says what changed since the last one.

The names in `__all__` are the Python API, which semantic versioning covers; all else is private. `import statuswatch`
imports nothing: what is behind a name is imported when the name is used.
"""

# ruff: noqa: F403, F405 - what a type checker sees is the list of `api`; a test holds the two equal

TYPE_CHECKING = False  # as type checkers take it; to import `typing` takes longer than all of this file
if TYPE_CHECKING:
    from typing import Any

    from statuswatch.api import *

__version__ = "0.1.0"
__all__ = [
    "Change",
    "CheckReport",
    "EventKind",
    "EventLine",
    "Impact",
    "IncidentKind",
    "IncidentLine",
    "ListedLine",
    "NetworkError",
    "OpenEntry",
    "OpenLine",
    "OutputError",
    "PageCounts",
    "PageLine",
    "PageReport",
    "SinkReport",
    "StateError",
    "StatusReport",
    "StatuswatchError",
    "UnknownPage",
    "UpdateLine",
    "UpstreamLine",
    "UsageError",
    "__version__",
    "check",
    "read",
    "status",
]

if not TYPE_CHECKING:  # else a type checker would believe in any name

    def __getattr__(name: str) -> "Any":
        """Import what is behind a public name, at its first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.api"), name)

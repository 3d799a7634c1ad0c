"""Where events go. A sink is a module; a new one is that file and its line in `SINKS`.

A sink says what its table in the configuration may hold, and makes of it a function that sends one message or raises
SinkError. Order, retries, deadlines and what is kept for the next run are not its business: see `notify`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from statuswatch.model.event import Notification
from statuswatch.registry import Registry

if TYPE_CHECKING:
    import httpx

# What it gives is to be said of a message that was taken; often nothing.
Send = Callable[["httpx.AsyncClient", Notification], Awaitable[str | None]]


class SinkError(Exception):
    """The message was not taken: why, in words that hold no secret. `final` where asking again is no use; `retry_after`
    is in how many seconds the receiver wants to be asked again.
    """

    def __init__(self, reason: str, *, final: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.final = final
        self.retry_after = retry_after


class Lookup(Protocol):
    """What an environment variable holds. What is not public is masked in all that is printed."""

    def __call__(self, variable: str, /, *, public: bool = False) -> str: ...


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink's table holds besides what every table may hold. A field `…_env` names an environment variable."""


class Sink(Protocol):
    """What a sink's module has."""

    OPTIONS: type[Options]
    DIGEST_ABOVE: int  # so many events of a run are sent one by one, more as one message; 0: always one by one

    def configure(self, options: Any, secret: Lookup, /) -> Send:
        """Makes the function that sends."""


SINKS: Final[Mapping[str, Sink]] = Registry(
    __name__,
    "webhook",
    "slack",
    "discord",
    "teams",
    "pagerduty",
    "email",
    "apprise",
    "github-issues",
)

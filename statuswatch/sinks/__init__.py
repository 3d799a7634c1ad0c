"""Where notifications go. A sink is one module; a new one is that file and its line in `SINKS`.

A sink declares what its table in the configuration may hold, and makes of it a function that sends one notification or
raises SinkError. Order, retries, deadlines and the outbox are not its business: see the package `delivery`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, runtime_checkable

import msgspec

from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.model.incident import IncidentKind
from statuswatch.registry import Registry

if TYPE_CHECKING:
    from statuswatch.net.http import SinkClient

# Sends a notification. Returns a remark on a notification that was accepted, if there is any. Raises SinkError.
Send = Callable[["SinkClient", Notification], Awaitable[str | None]]


class OpenAlert(msgspec.Struct, frozen=True):
    """An incident that is open after a run, and that the filters of a sink pass; `delivery` is made from the state.

    `can_begin`: nothing of it waits or is held back, so that an alert that its receiver lost may begin anew.
    """

    delivery: PendingDelivery
    can_begin: bool = True


# Sends what is open again. Raises SinkError: no event is lost with it, and the next run sends it again.
Renew = Callable[["SinkClient", Sequence[OpenAlert]], Awaitable[None]]


class SinkError(Exception):
    """A notification that was not accepted, and why, in words that hold no secret.

    `final`: another attempt is of no use. `retry_after` is how many seconds the receiver asks to wait before one.
    `recipients` are digests of those that still wait for it, where others accepted it. `ends_turn`: nothing else would
    be accepted in this run; by default that is so of every fault that may pass.
    """

    def __init__(
        self,
        reason: str,
        *,
        final: bool = False,
        retry_after: float | None = None,
        recipients: tuple[str, ...] = (),
        ends_turn: bool | None = None,
    ) -> None:
        super().__init__(reason)
        self.final = final
        self.retry_after = retry_after
        self.recipients = recipients
        self.ends_turn = not (final or recipients) if ends_turn is None else ends_turn

    def for_recipients(self, recipients: tuple[str, ...]) -> "SinkError":
        """Return the error about some recipients; none are all."""
        return SinkError(
            str(self),
            final=self.final,
            retry_after=self.retry_after,
            recipients=recipients,
            ends_turn=self.ends_turn,
        )

    def with_reason(self, reason: str) -> "SinkError":
        """Return the error in other words."""
        return SinkError(
            reason,
            final=self.final,
            retry_after=self.retry_after,
            recipients=self.recipients,
            ends_turn=self.ends_turn,
        )


class ReadSecret(Protocol):
    """The function by which a sink reads an environment variable."""

    def __call__(self, variable: str, /, *, public: bool = False) -> str:
        """Return the value; unless it is `public`, it is masked in all that is printed. Raises SecretError."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A sink's own options in its table. A field `…_env` names an environment variable.

    `DEFAULT_KINDS` are the kinds of incidents that the sink receives where its table has no `kinds`. `OPENS_ALERTS`: it
    keeps an alert open for an incident, so that an example needs a beginning too.
    """

    DEFAULT_KINDS: ClassVar[frozenset[IncidentKind]] = frozenset(IncidentKind)
    OPENS_ALERTS: ClassVar[bool] = False

    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables that the sink reads."""
        values = [getattr(self, name) for name in self.__struct_fields__ if name.endswith("_env")]
        return tuple(value for value in values if value)


class Sink(Protocol):
    """The interface of a sink's module."""

    OPTIONS: type[Options]
    DIGEST_ABOVE: int  # above so many events of a run a digest is sent; 0: never

    def configure(self, options: Any, read_secret: ReadSecret, /) -> Send:
        """Return the function that sends.

        Raises UsageError where an option cannot be right, SecretError where a secret is missing or unusable.
        """


@runtime_checkable
class RenewingSink(Protocol):
    """The interface of a sink whose receiver ends what is not sent again: a sink may have it besides `Sink`."""

    def configure_renewal(self, options: Any, read_secret: ReadSecret, /) -> Renew:
        """Return the function that sends again what is open. Raises as `configure` does."""


SINKS: Final[Mapping[str, Sink]] = Registry(
    __name__,
    "webhook",
    "slack",
    "discord",
    "teams",
    "pagerduty",
    "alertmanager",
    "email",
    "apprise",
    "github-issues",
)

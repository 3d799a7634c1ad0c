"""Every way a run can end other than well; the exit code stands on its class.

StatuswatchError
├── UsageError              2    the command line or the configuration is wrong
│   └── SecretError         -    a secret of a sink is missing or unusable: only that sink does not deliver
├── StateError              3    the state file cannot be read, locked or written
├── NetworkError            4    no page answered at all: our own network, most likely
├── PageUnavailableError    4    a page that was asked about could not be read
└── OutputError             5    output could not be printed or written; the events are kept for the next run
    └── DeliveryError       5    a sink did not accept every event

FeedError                        a document that cannot be understood: it fails its page, never the run
"""

from typing import ClassVar, Final


class StatuswatchError(Exception):
    """Ends the run with a message for the person who started it."""

    exit_code: ClassVar[int]


class UsageError(StatuswatchError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class SecretError(UsageError):
    """A secret of a sink is missing, empty or unusable. It breaks its sink only, and never ends a run."""


class StateError(StatuswatchError):
    """The state file cannot be read, locked or written."""

    exit_code = 3


class NetworkError(StatuswatchError):
    """No page answered at all."""

    exit_code = 4


class PageUnavailableError(StatuswatchError):
    """A page that was asked about could not be read."""

    exit_code = 4


class OutputError(StatuswatchError):
    """Output could not be printed or written."""

    exit_code = 5


class DeliveryError(OutputError):
    """A sink did not accept every event."""

    exit_code = 5


EVENTS_FOUND: Final = 10  # --exit-code: there were events; --fail-on: an incident of that impact is open
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it


class FeedError(Exception):
    """A document that says something its platform never says: what, and where in it."""


def exception_chain(error: BaseException) -> list[BaseException]:
    """Return the error and everything that led to it; a chain may lead back to itself."""
    chain = [error]
    for link in chain:
        for cause in (link.__cause__, link.__context__):
            if cause and all(cause is not known_link for known_link in chain):
                chain.append(cause)
    return chain

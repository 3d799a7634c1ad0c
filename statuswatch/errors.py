"""Every way a run can end other than well; the exit code stands on its class.

StatuswatchError
├── UsageError     2    the command line or the configuration is wrong
├── StateError     3    state.json cannot be read, locked or written
├── NetworkError   4    no page answered at all: our own network, most likely
├── UnreadError    4    a page that was asked about could not be read
└── TellError      5    somebody who asked could not be told; the events are kept for the next run
    └── UntakenError    a sink did not take all of its events

FeedError               a document that cannot be understood: it fails its page, never the run
"""

from typing import ClassVar


class StatuswatchError(Exception):
    """Ends the run with a message for the person who started it."""

    exit_code: ClassVar[int]


class UsageError(StatuswatchError):
    exit_code = 2


class StateError(StatuswatchError):
    exit_code = 3


class NetworkError(StatuswatchError):
    exit_code = 4


class PageUnavailableError(StatuswatchError):
    exit_code = 4


class OutputError(StatuswatchError):
    exit_code = 5


class DeliveryError(OutputError):
    exit_code = 5


EVENTS_FOUND = 10  # --exit-code: the run completed and had events; --fail-on: something as grave is open
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class FeedError(Exception):
    """The document says something that its platform never says: what, and where in it."""


def exception_chain(error: BaseException) -> list[BaseException]:
    """The error and all that led to it; a chain may lead back to itself."""
    chain = [error]
    for it in chain:
        chain += [cause for cause in (it.__cause__, it.__context__) if cause and all(cause is not one for one in chain)]
    return chain

"""Run the plan of a page over documents in memory: no network, no clock, one answer per request.

Documents are given by name, as the platform names them: their bytes, None where the page has no such document
(HTTP 404), or LOST where the request is not answered. A document that is not in the mapping is None.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec

from statuswatch.model.page import Document, DocumentResult, Exchange, Failure, FailureKind, Fetched, Page, Validators
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import PageState
from statuswatch.reading.gather import Plan, Results, Round
from statuswatch.reading.plan import read

T = TypeVar("T")


class Lost(Enum):
    """The type of LOST, so that a mapping of documents can be typed."""

    LOST = "lost"


LOST: Final = Lost.LOST
Documents = Mapping[str, bytes | Lost | None]


class PlanDriver:
    """Answers the rounds of a plan from documents in memory; `exchanges` are the requests that it made.

    `unavailable` is the kind of failure of a document that is LOST. A round in spare time is not answered: the page
    has none, so that a failed page is not looked for under other platforms.
    """

    def __init__(self, documents: Documents, unavailable: FailureKind = FailureKind.TIMEOUT) -> None:
        self.documents = documents
        self.unavailable = unavailable
        self.exchanges: list[Exchange] = []

    def run(self, plan: Plan[T]) -> T:
        """Return what the plan comes to."""
        try:
            requests = next(plan)
            while True:
                requests = plan.send(self._answer(requests))
        except StopIteration as end:
            result: T = end.value
            return result

    def _answer(self, requests: Round) -> Results:
        results: dict[str, DocumentResult] = {}
        for request in requests.requests:
            document = request.document
            result = self._lost(document) if requests.spare_time else self._result(document)
            results[document.url] = result
            self.exchanges.append(Exchange(document, result, 0.0, conditional=request.validators is not None))
            if requests.one_by_one and document.required and isinstance(result, Failure):
                break  # as the reader does: nothing could make up for it
        return results

    def _result(self, document: Document) -> DocumentResult:
        match self.documents.get(document.name):
            case None:
                return Failure(FailureKind.NOT_FOUND, "HTTP 404", document.url)
            case Lost.LOST:
                return self._lost(document)
            case body:
                return Fetched(body, Validators())

    def _lost(self, document: Document) -> Failure:
        return Failure(self.unavailable, "no complete answer", document.url)


def run_plan(plan: Plan[T], documents: Documents, *, unavailable: FailureKind = FailureKind.TIMEOUT) -> T:
    """Return what a plan comes to over these documents."""
    return PlanDriver(documents, unavailable).run(plan)


def read_page(
    page: Page,
    state: PageState | None,
    now: datetime,
    documents: Documents,
    *,
    unavailable: FailureKind = FailureKind.TIMEOUT,
    **options: Any,
) -> PageOutcome:
    """Read a page as a run does. `options` are those of `reading.plan.read`; the outcome's notes name the requests."""
    driver = PlanDriver(documents, unavailable)
    outcome = driver.run(read(page, state, now, **options))
    requests = tuple(exchange.note() for exchange in driver.exchanges)
    return msgspec.structs.replace(outcome, notes=msgspec.structs.replace(outcome.notes, requests=requests))

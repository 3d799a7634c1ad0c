"""The documents of one page, gathered round by round.

Without I/O, clock or sleep: a plan is a generator that yields rounds of requests and is sent their results by address.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from statuswatch.errors import FeedError
from statuswatch.model.page import (
    Document,
    DocumentResult,
    Failure,
    FailureKind,
    Feed,
    Fetched,
    NotModified,
    Page,
    PageResult,
    PageSnapshot,
    RecognitionAttempt,
    Validators,
)
from statuswatch.model.state import PageState
from statuswatch.platforms import PLATFORMS, Platform
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from statuswatch.rules.brief import may_be_brief, needs_all_entries

T = TypeVar("T")


class Request(NamedTuple):
    """A document to request, with the validators to send."""

    document: Document
    validators: Validators | None = None


class Round(NamedTuple):
    """Requests whose results are needed together.

    `one_by_one`: a prompt server is asked for one after the other, over one connection. `spare_time`: they must leave
    the page some time, and fail where they would not. `own`: so must the documents of single incidents.
    """

    requests: tuple[Request, ...]
    one_by_one: bool = False
    spare_time: bool = False
    own: bool = False


Results = Mapping[str, DocumentResult]  # by address; once a required document failed, the round may end early
Plan = Generator[Round, Results, T]


class Session:
    """What the requests for one page came to, over all platforms that are tried: no document is requested twice."""

    def __init__(self, now: datetime, *, conditional: bool = True, brief: bool = False) -> None:
        self.conditional = conditional
        self.brief = brief  # what nothing can be reported of is not looked at
        self.now = now  # the time of the run, for documents whose entries have no time
        self.answered = False  # True once anything at all came back
        self.attempts: list[RecognitionAttempt] = []  # platforms that the page was not recognised as
        self.spare_time = False
        self._cache: dict[str, DocumentResult] = {}

    def request(self, requests: Sequence[Request], *, one_by_one: bool = False, own: bool = False) -> Plan[Results]:
        """Yield a round for what was not requested yet; return the results of all."""
        missing = tuple(request for request in requests if request.document.url not in self._cache)
        fresh = (yield Round(missing, one_by_one, self.spare_time, own)) if missing else {}
        for url, result in fresh.items():
            if not isinstance(result, NotModified):
                self._cache[url] = result
            self.answered |= not isinstance(result, Failure) or result.answered
        urls = [request.document.url for request in requests]
        return {url: fresh.get(url) or self._cache[url] for url in urls if url in fresh or url in self._cache}


class PageReader:
    """The documents of one page on one platform, as they are gathered."""

    def __init__(self, page: Page, state: PageState | None, session: Session) -> None:
        self.page, self.state, self.session = page, state, session
        self.ids: tuple[str, ...] = ()  # candidates for the id that the page lacks
        self._documents: dict[str, bytes | None] = {}
        self._validators: dict[str, Validators] = {}
        self._last_modified: dict[str, datetime] = {}  # of required documents
        self._age: int | None = None  # of the oldest required document, in seconds
        self._losses: list[str] = []
        self._missing: list[str] = []
        self._requested: set[str] = set()
        self._served_at = list[datetime]()  # the `Date` of each response

    @property
    def platform(self) -> Platform:
        """The module of the page's platform."""
        return PLATFORMS[self.page.platform]

    def first_round(self, *, probing: bool = False) -> Plan[PageResult]:
        """Request what the platform reads on every run; while `probing`, only what is required.

        The requests are conditional where the state rests on nothing but what these documents last said.
        """
        documents = [document for document in self.platform.documents(self.page) if document.required or not probing]
        if not documents:
            return self.understand()
        results = yield from self._request(documents, self._known_validators(), one_by_one=True)
        if failure := _required_failure(documents, results):
            return failure
        unchanged = [document for document in documents if isinstance(results.get(document.url), NotModified)]
        if unchanged and not any(isinstance(result, Fetched) for result in results.values()):
            return NotModified(max(self._served_at, default=None))
        if unchanged:  # what changed cannot be read without what did not
            results = yield from self._request(unchanged, {})
            if failure := _required_failure(unchanged, results):
                return failure
        return self.understand()

    def follow_up(self, snapshot: PageSnapshot, *, dirty: bool) -> Plan[bool]:
        """Request the first document that the platform still asks for; return whether there was one."""
        follow_ups = self.platform.follow_ups(self.parse_input(), snapshot.feed, dirty=dirty)
        documents = [document for document in follow_ups if document.name not in self._requested]
        if not documents:
            return False
        yield from self._request(documents[:1], {})
        return True

    def look_up(self, documents: Sequence[Document]) -> Plan[Results]:
        """Request documents of single incidents, or longer lists, in what is left of the page's time."""
        results = yield from self.session.request([Request(document) for document in documents], own=True)
        self._keep_served_at(results)
        return results

    def parse_input(self, *, brief: bool = False) -> ParseInput:
        """Return what was gathered so far, as parsers take it."""
        return ParseInput(self.page, self._documents, self.state, self.session.now, brief)

    def _keep_served_at(self, results: Results) -> None:
        responses = [result for result in results.values() if isinstance(result, Fetched)]
        self._served_at += [response.served_at for response in responses if response.served_at]

    def understand(self) -> PageResult:
        """Parse what was gathered so far."""
        try:
            feed = self._parse()
        except FeedError as error:
            if isinstance(error, MissingPageIdError):
                self.ids = error.ids
            hint = "if the page moved or changed its platform, correct its `url` or `platform`"
            return Failure(FailureKind.CONTENT, str(error), self.page.url, hint)
        repeated = {document.name for document in self.platform.documents(self.page)}
        validators = {name: value for name, value in self._validators.items() if name in repeated}
        return PageSnapshot(
            feed,
            validators,
            self.platform.PARSER_VERSION,
            tuple(self._losses),
            tuple(self._missing),
            served_at=max(self._served_at, default=None),
            last_modified=self._last_modified,
            age=self._age,
        )

    def _parse(self) -> Feed:
        """Parse in brief where nothing is lost by that. Raises FeedError."""
        feed = self.platform.parse(self.parse_input(brief=self.session.brief and may_be_brief(self.state)))
        if needs_all_entries(self.state, feed):
            return self.platform.parse(self.parse_input())
        return feed

    def _known_validators(self) -> Mapping[str, Validators]:
        state = self.state
        if not (self.session.conditional and state):
            return {}
        same_parser = state.parser_version == self.platform.PARSER_VERSION
        return state.validators if same_parser else {}

    def _request(
        self, documents: Sequence[Document], validators: Mapping[str, Validators], *, one_by_one: bool = False
    ) -> Plan[Results]:
        requests = [Request(document, validators.get(document.name)) for document in documents]
        results = yield from self.session.request(requests, one_by_one=one_by_one)
        self._keep_served_at(results)
        for document in documents:
            self._requested.add(document.name)
            if document.url in results:
                self._keep(document, results[document.url])
        return results

    def _keep(self, document: Document, result: DocumentResult) -> None:
        match result:
            case Fetched():
                self._documents[document.name] = result.body
                if result.validators != Validators():
                    self._validators[document.name] = result.validators
                if document.required:
                    self._keep_age(document, result)
            case Failure(kind=FailureKind.NOT_FOUND):
                self._documents[document.name] = None
                self._missing.append(f"{document.name}: {result.reason} ({result.where})")
            case Failure():
                self._losses.append(f"{document.name}: {result.reason} ({result.where})")

    def _keep_age(self, document: Document, result: Fetched) -> None:
        if result.last_modified:
            self._last_modified[document.name] = result.last_modified
        if result.age is not None:
            self._age = max(self._age or 0, result.age)


def _required_failure(documents: Sequence[Document], results: Results) -> Failure | None:
    for document in documents:
        result = results.get(document.url)
        if document.required and isinstance(result, Failure):
            return result
    return None

"""One issue per incident in a GitHub repository: opened, commented on, closed and reopened with the incident.

Nothing is remembered between runs. An issue is found by its labels and a marker in its body, an event by a marker in
the issue's body or in a comment; markers are HTML comments, which GitHub does not show. What is sent again after a
crash changes nothing that already is as it should be: exactly once in effect, as long as two runs do not send at once.

The list of a repository's issues is used and not the search, whose index lags. GitHub's limits: a title has 256
characters, a label 50, a body 65,536, an issue 2,500 comments; a workflow's token may send 1,000 requests an hour.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from statuswatch import text
from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Change, Event, EventKind, Notification, PendingDelivery
from statuswatch.net.http import SinkClient, next_link
from statuswatch.net.response import Response
from statuswatch.render import markdown, phrases, summary
from statuswatch.render.notification import NotificationText, cut, notification_text
from statuswatch.sinks import Options, ReadSecret, Send, SinkError
from statuswatch.sinks.http import is_accepted, rejection, request, retry_after

DIGEST_ABOVE: Final = 0  # each event belongs to the issue of its incident

LABEL: Final = "statuswatch"
IMPACT_LABEL: Final = "impact: "
MAX_LABEL: Final = 50
MAX_TITLE: Final = 256
MAX_PRODUCT: Final = 100  # of the title
MAX_BODY: Final = 60_000  # bytes, without the markers
PER_PAGE: Final = 100
MAX_PAGES: Final = 25  # of a list: all comments that an issue may have, and the newest 2,500 issues of a status page
MAX_LIST: Final = PER_PAGE * 4 * 65_536 + 5_000_000  # bytes
LIMIT_SECONDS: Final = 60.0  # to wait where a rate limit is exceeded and the response does not state for how long
UNCERTAIN_SECONDS: Final = 2.0  # to wait after a POST that may have taken effect: a list may not show it at once
LIST_LAG: Final = 60.0  # seconds after such a POST within which nothing is created again: a list may lag so far behind

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.\.?$)[A-Za-z0-9._-]+")
_EVENT_MARKER: Final = re.compile(r"<!-- statuswatch event \S+ -->")
_WRITERS: Final = {"OWNER", "MEMBER", "COLLABORATOR"}
T = TypeVar("T")


class GitHubIssues(Options, frozen=True):
    """Options of the sink."""

    token_env: str = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
    repository: str = ""
    repository_env: str = "GITHUB_REPOSITORY"
    api: str = "https://api.github.com"

    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables that the sink reads."""
        return (self.token_env,) if self.repository else (self.token_env, self.repository_env)


OPTIONS: Final = GitHubIssues


class _Label(msgspec.Struct):
    name: str


class _User(msgspec.Struct):
    login: str
    type: str = ""


class _Comment(msgspec.Struct):
    body: str | None = None
    user: _User | None = None
    author_association: str = ""


class _Issue(_Comment, kw_only=True):
    number: int
    title: str
    state: str
    locked: bool = False
    labels: list[_Label] = []
    pull_request: object = None  # the list has pull requests too


class _ErrorDetail(msgspec.Struct):
    message: str = ""
    field: str = ""
    code: str = ""

    def __str__(self) -> str:
        return self.message or " ".join(word for word in (self.field, self.code) if word)


class _ErrorBody(msgspec.Struct):
    message: str
    errors: list[_ErrorDetail | str] = []


def configure(options: GitHubIssues, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises UsageError where an option cannot be right."""
    token = read_secret(options.token_env)
    if not re.fullmatch(r"[!-~]+", token):
        raise SecretError(f"${options.token_env} does not hold a token")
    name = options.repository or read_secret(options.repository_env, public=True)
    if not _REPOSITORY.fullmatch(name):
        if not options.repository:
            raise SecretError(f'${options.repository_env} does not hold a repository, which is "owner/name"')
        raise UsageError('repository: not a repository, which is "owner/name"')
    api = options.api.rstrip("/")
    if not re.fullmatch(r"https?://[^\s?#@]+", api):
        raise UsageError("api: not the address of an API, for example https://github.example.com/api/v3")

    uncertain: dict[str, float] = {}

    async def send(client: SinkClient, notification: Notification) -> None:
        repository = _Repository(client, f"{api}/repos/{name}", token, options.token_env, uncertain)
        dropped = notification.dropped
        for delivery in notification.deliveries:
            await _record_event(repository, delivery, test=notification.test, dropped=dropped)
            dropped = 0

    return send


# ----------------------------------------------------------------------------------------------------- one event


async def _record_event(repository: "_Repository", delivery: PendingDelivery, *, test: bool, dropped: int) -> None:
    """Bring issue, comment and state up to date; what already is so is left out.

    A locked issue is brought into its state before the comment, which GitHub may refuse there.
    """
    event = delivery.event
    mark = marker("event", event.id)
    issue = await _find_issue(repository, event)
    if issue is None:
        issue = await _open_issue(repository, delivery, test=test, dropped=dropped)
        await _change_issue(repository, issue, event)
        return
    recorded = await _recorded_events(repository, issue)
    if mark in recorded[:-1]:
        return  # a repeat: a later event decides the state
    is_recorded = mark in recorded
    if issue.locked:
        await _change_issue(repository, issue, event)
    if not is_recorded:
        content = {"body": body(delivery, mark, test=test, dropped=dropped)}
        await repository.create(f"/issues/{issue.number}/comments", content, mark)
    if not issue.locked:
        await _change_issue(repository, issue, event)


async def _change_issue(repository: "_Repository", issue: _Issue, event: Event) -> None:
    if changes := _changes(issue, event):
        await repository.request("PATCH", f"/issues/{issue.number}", changes)


async def _find_issue(repository: "_Repository", event: Event) -> _Issue | None:
    mark = _incident_marker(event)
    query = {"labels": ",".join(labels(event)[:2]), "state": "all", "sort": "created", "direction": "desc"}
    async for issue in repository.entries("/issues", query, _Issue):
        if issue.pull_request is None and mark in (issue.body or ""):
            return issue
    return None


async def _open_issue(repository: "_Repository", delivery: PendingDelivery, *, test: bool, dropped: int) -> _Issue:
    """Open an issue with all that is known of the incident, whichever event comes first."""
    event = delivery.event
    whole_event = msgspec.structs.replace(event, updates=event.incident.updates or event.updates)
    whole = msgspec.structs.replace(delivery, event=whole_event)
    # From a token that may not label GitHub accepts the issue without its labels: it would never be found again. Such a
    # token may not create a label either, and fails here. 422: the label exists.
    await repository.request("POST", "/labels", {"name": LABEL, "color": "0969da"}, also_accepted=422)
    content = {
        "title": title(event),
        "labels": labels(event),
        "body": body(whole, _incident_marker(event), marker("event", event.id), test=test, dropped=dropped),
    }
    return _decode(await repository.create("/issues", content, _incident_marker(event)), _Issue)


async def _recorded_events(repository: "_Repository", issue: _Issue) -> list[str]:
    """Return the markers of the events in the issue, oldest first; those in a stranger's comment do not count."""
    found = _EVENT_MARKER.findall(issue.body or "")
    async for comment in repository.entries(f"/issues/{issue.number}/comments", {}, _Comment):
        if _is_trusted(comment, issue):
            found += _EVENT_MARKER.findall(comment.body or "")
    return found


def _is_trusted(comment: _Comment, issue: _Issue) -> bool:
    if comment.user is None:
        return False
    if issue.user is not None and comment.user.login == issue.user.login:
        return True
    return comment.user.type == "Bot" or comment.author_association in _WRITERS


def _changes(issue: _Issue, event: Event) -> dict[str, object]:
    """Return what of the issue is not as the event says.

    An issue that a person closed stays closed until the vendor reopens the incident.
    """
    changes: dict[str, object] = {}
    state = _issue_state(event)
    if state and state != issue.state:
        changes |= {"state": state, "state_reason": _state_reason(state, event)}
    if issue.title != title(event):
        changes["title"] = title(event)
    merged = _merged_labels([label.name for label in issue.labels], labels(event))
    if merged:
        changes["labels"] = merged
    return changes


def _issue_state(event: Event) -> str:
    """Return the state that the event asks for; "" where it leaves the state alone."""
    if event.kind is EventKind.RESOLVED:
        return "closed"
    return "open" if event.kind is EventKind.NEW or Change.REOPENED in event.changes else ""


def _state_reason(state: str, event: Event) -> str:
    if state == "open":
        return "reopened"
    return "not_planned" if phrases.ended_unstated(event) else "completed"


def _merged_labels(present: list[str], own: list[str]) -> list[str]:
    """Return our labels and those that people added; none where the issue has just these."""
    own_names = {label.casefold() for label in own}
    added = [label for label in present if label.casefold() not in own_names and not label.startswith(IMPACT_LABEL)]
    names = own_names.union(label.casefold() for label in added)
    return [] if {label.casefold() for label in present} == names else [*own, *added]


# ------------------------------------------------------------------------------------------------- the issue's text


def marker(kind: str, name: str) -> str:
    """Return a comment that is not shown, spelled so that the name can neither end it nor be two words."""
    return f"<!-- statuswatch {kind} {quote(name).replace('--', '-%2D')} -->"


def labels(event: Event) -> list[str]:
    """Return the labels of the issue; it is found again by the first two."""
    return [LABEL, f"page: {event.page.key}"[:MAX_LABEL], f"{IMPACT_LABEL}{event.incident.impact}"]


def title(event: Event) -> str:
    """Return the title, in which GitHub shows `code` and :emoji:, and nothing else of Markdown."""
    product = cut(_title_safe(phrases.product(event)), MAX_PRODUCT)
    return cut(f"{product}: {_title_safe(event.incident.title)}", MAX_TITLE)


def body(delivery: PendingDelivery, *markers: str, test: bool, dropped: int = 0) -> str:
    """Return the event in Markdown; of a long one the newest messages."""
    content = notification_text(delivery, test=test, dropped=dropped)
    head = f"{content.before_headline}{content.sign} **{content.label}** · {markdown.text(content.product)}"
    facts = " · ".join([_link(content), *map(markdown.text, content.facts)])
    remark = [markdown.text(content.remark)] if content.remark else []
    room = MAX_BODY - sum(len(part.encode()) for part in (head, facts, *remark))
    messages = _newest_messages(content, room)
    times = f"<sub>{content.times}</sub>"
    return "\n\n".join([head, facts, "\n".join(messages), *remark, times, "\n".join(markers)]) + "\n"


def _link(content: NotificationText) -> str:
    name = markdown.text(content.title)
    return f"[{name or 'open'}](<{markdown.address(content.url)}>)" if content.url else name


def _newest_messages(content: NotificationText, room: int) -> list[str]:
    """Return a list item for each message that fits into so many bytes, the newest, after a count of the others."""
    items = [_list_item(status, message) for status, message in content.statuses]
    kept = len(items)
    while kept and sum(len(item.encode()) + 1 for item in items[-kept:]) > room:
        kept -= 1
    left_out = len(items) - kept
    count = [f"- … (and {phrases.counted(left_out, 'earlier message')})"] if left_out else []
    return [*count, *items[left_out:]]


def _list_item(status: str, message: str) -> str:
    return f"- {markdown.text(status)}" + (f" — {markdown.text(message)}" if message else "")


def _incident_marker(event: Event) -> str:
    return marker("incident", f"{event.page.key}/{event.incident.id}")


def _title_safe(vendor_text: str) -> str:
    """Return a part of a title without markup; a colon of ours may follow it."""
    plain = summary.commit_safe(vendor_text).replace("`", "'")
    return re.sub(r":(?=[A-Za-z0-9_+-]+(?::|$))", ":\u2060", plain)


# ------------------------------------------------------------------------------------------------------- the API


class _Repository:
    """A repository in GitHub's REST API.

    `uncertain` holds when something was posted that may exist, by its marker: a list may not show it yet.
    """

    def __init__(self, client: SinkClient, url: str, token: str, token_env: str, uncertain: dict[str, float]) -> None:
        self._client = client
        self._uncertain = uncertain
        self._url = url
        self._token_env = token_env
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    async def entries(self, path: str, query: Mapping[str, str], entry_type: type[T]) -> AsyncIterator[T]:
        """Yield the entries of a list; each page of it is requested when it is needed."""
        page_query = urlencode({**query, "per_page": PER_PAGE}, quote_via=quote)
        for _ in range(MAX_PAGES):
            response = await self.request("GET", f"{path}?{page_query}")
            for entry in _decode(response.body, list[entry_type]):  # type: ignore[valid-type]
                yield entry
            # Only the query of the link is used: the token is sent to no address but the configured one.
            page_query = urlsplit(next_link(response.headers)).query
            if not page_query:
                return

    async def create(self, path: str, content: object, mark: str) -> bytes:
        """Post something new; it may exist even where this raises SinkError.

        What may exist is not posted again before every list must show it: until then it is only looked for.
        """
        posted_at = self._uncertain.get(mark)
        if posted_at is not None and time.monotonic() - posted_at < LIST_LAG:
            reason = "GitHub did not say whether it was created, and does not list it yet"
            raise SinkError(reason, retry_after=UNCERTAIN_SECONDS * 2)
        try:
            response = await self.request("POST", path, content)
        except SinkError as error:
            if error.final or error.retry_after is not None:
                raise
            self._uncertain[mark] = time.monotonic()
            raise SinkError(str(error), retry_after=UNCERTAIN_SECONDS) from None
        self._uncertain.pop(mark, None)
        return response.body

    async def request(self, method: str, path: str, content: object = None, *, also_accepted: int = 0) -> Response:
        """Return the response to a request that was accepted (2xx, or `also_accepted`). Raises SinkError."""
        payload = b"" if content is None else msgspec.json.encode(content)
        url = self._url + path
        response = await request(self._client, method, url, content=payload, headers=self._headers, max_body=MAX_LIST)
        if is_accepted(response) or response.status == also_accepted:
            return response
        raise self._rejection(response)

    def _rejection(self, response: Response) -> SinkError:
        """Return the error. Rate limits, which may be HTTP 403, pass; the rest has a cause that a person can remove."""
        message = _error_message(response.body)
        error = rejection(response._replace(body=message.encode()) if message else response)
        if _is_rate_limit(response, message):
            return SinkError(str(error), retry_after=_rate_limit_pause(response.headers))
        hint = self._hint(response.status, message)
        return SinkError(f"{error} ({hint})", final=True) if hint else error

    def _hint(self, status: int, message: str) -> str:
        match status:
            case 301 | 302 | 307 | 308:
                return "the repository was renamed or moved; set `repository` to its new name"
            case 401:
                return f"the token in ${self._token_env} is not valid, or has expired"
            case 403 if "not accessible by" in message:
                return "the token may not write issues; a workflow's job needs `permissions: issues: write`"
            case 404:
                return f"no such repository, or the token in ${self._token_env} may not see it or write to it"
            case 410 if "disabled" in message:
                return "switch the issues on in the settings of the repository: a fork has none at first"
        return ""


def _error_message(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    details = ", ".join(str(detail) for detail in error.errors)
    return f"{error.message}: {details}" if details else error.message


def _is_rate_limit(response: Response, message: str) -> bool:
    if response.status == 429:
        return True
    if response.status != 403:
        return False
    return _is_used_up(response.headers) or "retry-after" in response.headers or "rate limit" in message.casefold()


def _is_used_up(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining", "") == "0"


def _rate_limit_pause(headers: Mapping[str, str]) -> float:
    """Return how many seconds GitHub asks to wait."""
    seconds = retry_after(headers)
    if seconds is not None:
        return seconds
    reset = headers.get("x-ratelimit-reset", "")
    if _is_used_up(headers) and reset.isdecimal():
        return max(1.0, int(reset) - time.time())
    return LIMIT_SECONDS


def _decode(content: bytes, expected: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=expected)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        reason = text.line(str(error))
        raise SinkError(f"the response is not GitHub's API: {reason}", final=True) from None

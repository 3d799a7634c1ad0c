"""One issue per incident in a GitHub repository: opened, commented on, closed and reopened as the incident goes.

Nothing is remembered between runs. An issue is found by its labels and a marker in its body, an event by a marker in
the issue's body or in a comment; markers are HTML comments, which GitHub does not show. What is sent again after a
crash changes nothing that already is as it should be: exactly once in effect, as long as two runs do not send at once.

The list of a repository's issues is used and not the search, whose index is behind. GitHub's limits: a title has 256
characters, a label 50, a body 65,536, an issue 2,500 comments; a workflow's token may ask 1,000 times an hour.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from statuswatch import text
from statuswatch.errors import UsageError
from statuswatch.model.event import Change, Event, EventKind, Notification, PendingDelivery
from statuswatch.render import markdown, phrases, summary
from statuswatch.render.notification import cut, notification_text
from statuswatch.sinks import Lookup, Options, Send, SinkError
from statuswatch.sinks.http import HttpResponse, ask, refusal, retry_after

DIGEST_ABOVE: Final = 0  # each event belongs to the issue of its incident

LABEL: Final = "statuswatch"
IMPACT: Final = "impact: "
LONGEST_LABEL: Final = 50
LONGEST_TITLE: Final = 256
LONGEST_PRODUCT: Final = 100  # of the title
LARGEST_BODY: Final = 60_000  # bytes, without the markers
PER_PAGE: Final = 100
MOST_PAGES: Final = 25  # of a list: all comments that an issue may have, and the newest 2,500 issues of a status page
LARGEST_LIST: Final = PER_PAGE * 4 * 65_536 + 5_000_000  # bytes
LIMIT_PAUSE: Final = 60.0  # seconds to wait where a limit is exceeded and nothing says for how long
SETTLE: Final = 2.0  # seconds after a POST of which nobody knows whether it took effect: a list may not show it at once

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.\.?$)[A-Za-z0-9._-]+")
_EVENT: Final = re.compile(r"<!-- statuswatch event \S+ -->")
_WRITERS: Final = {"OWNER", "MEMBER", "COLLABORATOR"}
T = TypeVar("T")


class GitHubIssues(Options, frozen=True):
    token_env: str = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
    repository: str = ""
    repository_env: str = "GITHUB_REPOSITORY"
    api: str = "https://api.github.com"


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
    labels: list[_Label] = []
    pull_request: object = None  # the list has pull requests too


def configure(options: GitHubIssues, secret: Lookup, /) -> Send:
    token = secret(options.token_env)
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError(f"${options.token_env}: not a token")
    repository = options.repository or secret(options.repository_env, public=True)
    if not _REPOSITORY.fullmatch(repository):
        place = "repository" if options.repository else f"${options.repository_env}"
        raise UsageError(f'{place}: not a repository, which is "owner/name"')
    api = options.api.rstrip("/")
    if not re.fullmatch(r"https?://[^\s?#@]+", api):
        raise UsageError("api: not the address of an API, for example https://github.example.com/api/v3")

    async def send(client: httpx.AsyncClient, message: Notification) -> None:
        there = _Repository(client, f"{api}/repos/{repository}", token, options.token_env)
        for notice in message.deliveries:
            await _tell(there, notice, test=message.test)

    return send


# ----------------------------------------------------------------------------------------------------- one event


async def _tell(there: "_Repository", notice: PendingDelivery, *, test: bool) -> None:
    """Issue, comment, state: whatever is done already is left out."""
    event = notice.event
    mark = marker("event", event.id)
    issue = await _find(there, event)
    if issue is None:
        issue = await _open(there, notice, test=test)
        told = [mark]
    else:
        told = await _told(there, issue)
        if mark not in told:
            await there.post(f"/issues/{issue.number}/comments", {"body": body(notice, mark, test=test)})
            told.append(mark)
    if told[-1] != mark:
        return  # a repeat: what was told after it is what counts
    if changes := _changes(issue, event):
        await there.send("PATCH", f"/issues/{issue.number}", changes)


async def _find(there: "_Repository", event: Event) -> _Issue | None:
    mark = _incident(event)
    query = {"labels": ",".join(labels(event)[:2]), "state": "all", "sort": "created", "direction": "desc"}
    async for issue in there.every("/issues", query, _Issue):
        if issue.pull_request is None and mark in (issue.body or ""):
            return issue
    return None


async def _open(there: "_Repository", notice: PendingDelivery, *, test: bool) -> _Issue:
    """With all that is known of the incident, whichever event comes first."""
    event = notice.event
    whole = msgspec.structs.replace(event, updates=event.incident.updates or event.updates)
    # From a token that may not label GitHub takes the issue without its labels: it would never be found again. Such a
    # token may not make a label either, and is refused here; 422: there is one.
    await there.send("POST", "/labels", {"name": LABEL, "color": "0969da"}, also=422)
    wanted = {
        "title": title(event),
        "labels": labels(event),
        "body": body(
            msgspec.structs.replace(notice, event=whole), _incident(event), marker("event", event.id), test=test
        ),
    }
    return _decoded(await there.post("/issues", wanted), _Issue)


async def _told(there: "_Repository", issue: _Issue) -> list[str]:
    """The markers of the events that it has, oldest first; a stranger's comment cannot have one."""
    found = _EVENT.findall(issue.body or "")
    async for comment in there.every(f"/issues/{issue.number}/comments", {}, _Comment):
        if _may_write(comment, issue):
            found += _EVENT.findall(comment.body or "")
    return found


def _may_write(comment: _Comment, issue: _Issue) -> bool:
    if comment.user is None:
        return False
    own = issue.user is not None and comment.user.login == issue.user.login
    return own or comment.user.type == "Bot" or comment.author_association in _WRITERS


def _changes(issue: _Issue, event: Event) -> dict[str, object]:
    """What of the issue is not as the event says. One that a person closed stays closed until the vendor reopens it."""
    changes: dict[str, object] = {}
    wanted = _state(event)
    if wanted and wanted != issue.state:
        ended = "not_planned" if phrases.label(event)[0] == "⚪" else "completed"
        changes |= {"state": wanted, "state_reason": "reopened" if wanted == "open" else ended}
    if issue.title != title(event):
        changes["title"] = title(event)
    has, ours = [label.name for label in issue.labels], labels(event)
    known = {label.casefold() for label in ours}
    others = [label for label in has if label.casefold() not in known and not label.startswith(IMPACT)]
    if {label.casefold() for label in has} != known.union(label.casefold() for label in others):
        changes["labels"] = [*ours, *others]
    return changes


def _state(event: Event) -> str:
    if event.kind is EventKind.RESOLVED:
        return "closed"
    return "open" if event.kind is EventKind.NEW or Change.REOPENED in event.changes else ""


# ------------------------------------------------------------------------------------------------- what it says


def marker(what: str, name: str) -> str:
    """Shown to nobody. The name is spelled so that it can neither end the comment nor be two words."""
    return f"<!-- statuswatch {what} {quote(name).replace('--', '-%2D')} -->"


def labels(event: Event) -> list[str]:
    """By the first two the issue is found again."""
    return [LABEL, f"page: {event.page.key}"[:LONGEST_LABEL], f"{IMPACT}{event.incident.impact}"]


def title(event: Event) -> str:
    """In a title GitHub shows `code` and :emoji:, and nothing else of Markdown."""
    product = cut(_plain(phrases.product(event)), LONGEST_PRODUCT)
    return cut(f"{product}: {_plain(event.incident.title)}", LONGEST_TITLE)


def body(notice: PendingDelivery, *marks: str, test: bool) -> str:
    """The event in Markdown; of a long story the newest messages."""
    it = notification_text(notice, test=test)
    name = markdown.text(it.title)
    link = f"[{name or 'open'}](<{markdown.address(it.url)}>)" if it.url else name
    head = f"{it.sign} **{it.label}** · {markdown.text(it.product)}"
    facts = " · ".join([link, *map(markdown.text, it.facts)])
    said = [
        f"- {markdown.text(status)}" + (f" — {markdown.text(message)}" if message else "")
        for status, message in it.statuses
    ]
    rest = [markdown.text(it.remark)] if it.remark else []
    room = LARGEST_BODY - sum(len(part.encode()) for part in (head, facts, *rest))
    kept = len(said)
    while kept and sum(len(line.encode()) + 1 for line in said[-kept:]) > room:
        kept -= 1
    left = len(said) - kept
    said = ([f"- … (and {summary.counted(left, 'earlier message')})"] if left else []) + said[left:]
    return "\n\n".join([head, facts, "\n".join(said), *rest, f"<sub>{it.times}</sub>", "\n".join(marks)]) + "\n"


def _incident(event: Event) -> str:
    return marker("incident", f"{event.page.key}/{event.incident.id}")


def _plain(vendors: str) -> str:
    """A part of a title; a colon of ours may follow it."""
    return re.sub(r":(?=[A-Za-z0-9_+-]+(?::|$))", ":\u2060", summary.commit_safe(vendors).replace("`", "'"))


# ------------------------------------------------------------------------------------------------------- the API


class _Repository:
    """Its part of GitHub's REST API."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, token_env: str) -> None:
        self._client = client
        self._url = url
        self._token_env = token_env
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    async def every(self, path: str, query: Mapping[str, str], what: type[T]) -> AsyncIterator[T]:
        """The entries of a list, page by page as they are wanted."""
        asked = urlencode({**query, "per_page": PER_PAGE}, quote_via=quote)
        for _ in range(MOST_PAGES):
            answer = await self.send("GET", f"{path}?{asked}")
            for entry in _decoded(answer.body, list[what]):  # type: ignore[valid-type]
                yield entry
            following = httpx.Response(200, headers={"Link": answer.headers.get("link", "")}).links.get("next", {})
            # Only its query: nobody but the configured address is given the token.
            asked = urlsplit(following.get("url", "")).query
            if not asked:
                return

    async def post(self, path: str, content: object) -> bytes:
        """Adds something. It may be there even where this fails."""
        try:
            return (await self.send("POST", path, content)).body
        except SinkError as error:
            if error.final or error.retry_after is not None:
                raise
            raise SinkError(str(error), retry_after=SETTLE) from None

    async def send(self, method: str, path: str, content: object = None, *, also: int = 0) -> HttpResponse:
        """The answer to a request that was taken; `also` is another status that is as good."""
        payload = b"" if content is None else msgspec.json.encode(content)
        answer = await ask(
            self._client, method, self._url + path, content=payload, headers=self._headers, largest=LARGEST_LIST
        )
        if answer.taken or answer.status == also:
            return answer
        raise self._refused(answer)

    def _refused(self, answer: HttpResponse) -> SinkError:
        """Limits, which GitHub tells by 403 as well, pass; the rest has a reason that a person can remove."""
        try:
            said = msgspec.json.decode(answer.body, type=_Refusal).message
        except (msgspec.MsgspecError, UnicodeDecodeError):
            said = ""
        error = refusal(answer._replace(body=said.encode()) if said else answer)
        spent = answer.headers.get("x-ratelimit-remaining", "") == "0"
        if answer.status == 429 or (
            answer.status == 403 and (spent or "retry-after" in answer.headers or "rate limit" in said.casefold())
        ):
            return SinkError(str(error), retry_after=_pause(answer.headers, spent=spent))
        hint = ""
        match answer.status:
            case 301 | 302 | 307 | 308:
                hint = "the repository was renamed or moved; `repository` must have its new name"
            case 401:
                hint = f"the token in ${self._token_env} is not valid, or not any more"
            case 403 if "not accessible by" in said:
                hint = "the token may not write issues; a workflow's job needs `permissions: issues: write`"
            case 404:
                hint = f"no such repository, or the token in ${self._token_env} may not see it or write to it"
            case 410 if "disabled" in said:
                hint = "switch the issues on in the settings of the repository: a fork has none at first"
        return SinkError(f"{error} ({hint})", final=True) if hint else error


class _Refusal(msgspec.Struct):
    message: str


def _pause(headers: httpx.Headers, *, spent: bool) -> float:
    asked = retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset", "")
    if spent and reset.isdecimal():
        return max(1.0, int(reset) - time.time())
    return LIMIT_PAUSE


def _decoded(content: bytes, what: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=what)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = text.line(str(error))
        raise SinkError(f"what answers is not GitHub's API: {why}", final=True) from None

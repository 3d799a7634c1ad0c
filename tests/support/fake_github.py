"""GitHub's issues on the loopback, as far as the sink uses them, with a fault at any request."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.support.fake_receiver import FakeReceiver, hang_up
from tests.support.loopback_server import Reply

if TYPE_CHECKING:
    from tests.support.loopback_server import RawReply, Request

TOKEN = "ghs_T0PSECRETx1x2x3x4x5x6"  # noqa: S105 - no secret, and looked for in all that is printed
API = "https://api.github.com"
MOMENT = "2026-03-07T12:00:00Z"
BOT = {"login": "github-actions[bot]", "type": "Bot"}
STRANGER = {"login": "stranger", "type": "User"}
_TIMES = {"created_at": MOMENT, "updated_at": MOMENT}
_USER = (
    *("avatar_url", "events_url", "followers_url", "following_url", "gists_url", "html_url", "organizations_url"),
    *("received_events_url", "repos_url", "starred_url", "subscriptions_url"),
)
Fault = Literal["before", "after", "status"]
Query = dict[str, str]


class FakeGitHub(FakeReceiver):
    """One repository, `me/watch`.

    The request of the number `fault_at`, counted from 0, fails: before it takes effect (the connection ends, or the
    status is 502), or after (the connection ends). A token that is not `may_write` only reads; one that is not
    `may_label` opens issues without labels. Without `issues_enabled` the repository has no issues.
    """

    def __init__(
        self,
        *,
        fault_at: int = -1,
        fault: Fault = "before",
        may_write: bool = True,
        may_label: bool = True,
        issues_enabled: bool = True,
    ) -> None:
        super().__init__()
        self.fault_at, self.fault = fault_at, fault
        self.may_write, self.may_label, self.issues_enabled = may_write, may_label, issues_enabled
        self.issues: list[dict[str, Any]] = []
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.labels: set[str] = set()

    def reply(self, request: Request) -> Reply | RawReply:
        """Return a scripted reply as long as there is one; then GitHub's, with the fault."""
        if self.replies:
            return super().reply(request)
        with self.lock:
            failing = len(self.requests) == self.fault_at
            self.requests.append(request)
            if failing and self.fault == "before":
                return hang_up
            if failing and self.fault == "status":
                return _json(502, {"message": "Server Error"})
            reply = self._serve(request)
            return hang_up if failing else reply

    def add_issue(
        self, title: str, body: str, *labels: str, user: dict[str, str] = BOT, **fields: Any
    ) -> dict[str, Any]:
        """Add an issue, as if it had existed before."""
        number = len(self.issues) + 1
        issue = {"number": number, "title": title, "body": body, "state": "open", "state_reason": None, "user": user}
        issue |= {"labels": [{"name": name} for name in labels], "author_association": "NONE", **fields}
        self.issues.append(issue)
        self.comments[number] = []
        return issue

    def add_comment(
        self, number: int, body: str, *, user: dict[str, str] = BOT, association: str = "NONE"
    ) -> dict[str, Any]:
        """Add a comment to the issue of that number."""
        comment = {"body": body, "user": user, "author_association": association}
        self.comments[number].append(comment)
        return comment

    def _serve(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        if refusal := self._refusal(request, url.path):
            return refusal
        path = url.path.removeprefix("/repos/me/watch")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path == "/labels":
            return self._create_label(request)
        if path == "/issues":
            return self._list_issues(path, query) if request.method == "GET" else self._create_issue(request)
        return self._serve_issue(request, path, query)

    def _refusal(self, request: Request, path: str) -> Reply | None:
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return _json(401, {"message": "Bad credentials"})
        if not path.startswith("/repos/me/watch/"):
            return _json(404, {"message": "Not Found"})
        if request.method != "GET" and not self.may_write:
            return _json(403, {"message": "Resource not accessible by integration"})
        if path.startswith("/repos/me/watch/issues") and not self.issues_enabled:
            return _json(410, {"message": "Issues has been disabled in this repository."})
        return None

    def _create_label(self, request: Request) -> Reply:
        if not self.may_label:
            return _json(403, {"message": "Must have push access to the repository."})
        name = request.json["name"]
        if name in self.labels:
            return _json(422, {"message": "Validation Failed", "documentation_url": f"{API}/docs"})
        self.labels.add(name)
        return _json(201, _label(request.json))

    def _list_issues(self, path: str, query: Query) -> Reply:
        assert (query["state"], query["sort"], query["direction"]) == ("all", "created", "desc")
        required = set(query["labels"].split(","))
        listed = [issue for issue in self.issues if required <= {label["name"] for label in issue["labels"]}]
        return _page([*map(_issue, listed[::-1])], path, query)

    def _create_issue(self, request: Request) -> Reply:
        fields = request.json
        assert len(fields["title"]) <= 256 and len(fields["body"]) <= 65_536
        assert all(len(label) <= 50 for label in fields["labels"])
        names = fields["labels"] if self.may_label else []
        self.labels.update(names)
        return _json(201, _issue(self.add_issue(fields["title"], fields["body"], *names)))

    def _serve_issue(self, request: Request, path: str, query: Query) -> Reply:
        match = re.fullmatch(r"/issues/(\d+)(/comments)?", path)
        issue = next((issue for issue in self.issues if match and issue["number"] == int(match[1])), None)
        if match is None or issue is None:
            return _json(404, {"message": "Not Found"})
        match request.method, match[2]:
            case "GET", "/comments":
                return _page([*map(_comment, self.comments[issue["number"]])], path, query)
            case "POST", "/comments":
                assert len(request.json["body"]) <= 65_536
                return _json(201, _comment(self.add_comment(issue["number"], request.json["body"])))
            case "PATCH", None:
                fields = request.json
                if "labels" in fields:
                    fields["labels"] = [{"name": name} for name in fields["labels"]]
                issue.update(fields)
                return _json(200, _issue(issue))
        return _json(404, {"message": "Not Found"})


def _addressed(entry: dict[str, Any], path: str, *names: str) -> dict[str, Any]:
    """Return an entry with the fields that everything at GitHub has, and an address for each name."""
    url = f"{API}/repos/me/watch{path}"
    addresses = {name: f"{url}/{name.removesuffix('_url')}" for name in names}
    return {"id": 1, "node_id": "N1", "url": url, **addresses, **entry}


def _issue(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an issue with all that GitHub's description demands of one."""
    usual = {"assignee": None, "milestone": None, "closed_at": None, "comments": 0, "locked": False, **_TIMES}
    names = ("html_url", "comments_url", "events_url", "labels_url", "repository_url")
    whole = {**usual, **entry, "user": _user(entry["user"]), "labels": [*map(_label, entry["labels"])]}
    return _addressed(whole, f"/issues/{entry['number']}", *names)


def _comment(entry: dict[str, Any]) -> dict[str, Any]:
    whole = {**_TIMES, **entry, "user": _user(entry["user"])}
    return _addressed(whole, "/issues/comments/1", "html_url", "issue_url")


def _label(entry: dict[str, Any]) -> dict[str, Any]:
    return _addressed({"description": None, "color": "ededed", "default": False, **entry}, "/labels/1")


def _user(entry: dict[str, str] | None) -> dict[str, Any] | None:
    return None if entry is None else _addressed({"gravatar_id": "", "site_admin": False, **entry}, "/user", *_USER)


def _page(entries: list[dict[str, Any]], path: str, query: Query) -> Reply:
    """Return one page of a list; where there are more, the `Link` names an address of its own that leads there."""
    size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
    rest = "&".join(f"{name}={value}" for name, value in query.items() if name != "page").replace(" ", "%20")
    link = f'<https://elsewhere.invalid/repositories/1{path}?{rest}&page={number + 1}>; rel="next"'
    headers = {"Link": link} if len(entries) > size * number else {}
    return _json(200, entries[size * (number - 1) : size * number], headers)


def _json(status: int, content: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode())

"""GitHub's issues on the loopback, as far as the sink asks for them, with a fault at any request."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.support.fake_receiver import FakeReceiver

if TYPE_CHECKING:
    from tests.support.fake_receiver import Answer, Received

TOKEN = "ghs_T0PSECRETx1x2x3x4x5x6"  # noqa: S105 - no secret, and looked for in all that is printed
BOT = {"login": "github-actions[bot]", "type": "Bot"}
STRANGER = {"login": "stranger", "type": "User"}
Fault = Literal["before", "after", "status"]


def reset(connection: socket.socket) -> None:
    """No answer: the connection ends."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class GitHub(FakeReceiver):
    """One repository, `me/watch`. The request of the number `fault_at`, counted from 0, fails: before it takes effect
    (the connection ends, or the status is 502), or after (the connection ends). A token without `rights` may only read,
    one that may not label opens issues without labels; `off`: the repository has no issues.
    """

    def __init__(
        self,
        *,
        fault_at: int = -1,
        fault: Fault = "before",
        rights: bool = True,
        may_label: bool = True,
        off: bool = False,
    ) -> None:
        super().__init__()
        self.fault_at, self.fault = fault_at, fault
        self.rights, self.may_label, self.off = rights, may_label, off
        self.issues: list[dict[str, Any]] = []
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.labels: set[str] = set()

    def reply(self, got: Received) -> Answer:
        with self.lock:
            number = len(self.got)
            self.got.append(got)
            if self.answers:
                return self.answers.pop(0)
            failing = number == self.fault_at
            if failing and self.fault == "before":
                return reset
            if failing and self.fault == "status":
                return _json(502, {"message": "Server Error"})
            answer = self._serve(got)
            return reset if failing else answer

    def add(self, title: str, body: str, *labels: str, user: dict[str, str] = BOT, **fields: Any) -> dict[str, Any]:
        """An issue, as if it had been there before."""
        number = len(self.issues) + 1
        issue = {"number": number, "title": title, "body": body, "state": "open", "state_reason": None, "user": user}
        issue |= {"labels": [{"name": name} for name in labels], "author_association": "NONE", **fields}
        self.issues.append(issue)
        self.comments[number] = []
        return issue

    def say(self, number: int, body: str, *, user: dict[str, str] = BOT, association: str = "NONE") -> dict[str, Any]:
        comment = {"body": body, "user": user, "author_association": association}
        self.comments[number].append(comment)
        return comment

    def _serve(self, got: Received) -> Answer:
        if got.headers["Authorization"] != f"Bearer {TOKEN}":
            return _json(401, {"message": "Bad credentials"})
        url = urlsplit(got.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if not url.path.startswith("/repos/me/watch/"):
            return _json(404, {"message": "Not Found"})
        if got.method != "GET" and not self.rights:
            return _json(403, {"message": "Resource not accessible by integration"})
        place = url.path.removeprefix("/repos/me/watch")
        issue = re.fullmatch(r"/issues/(\d+)(/comments)?", place)
        if self.off and place.startswith("/issues"):
            return _json(410, {"message": "Issues has been disabled in this repository."})
        match got.method, place:
            case "POST", "/labels" if not self.may_label:
                return _json(403, {"message": "Must have push access to the repository."})
            case "POST", "/labels":
                known = got.json["name"] in self.labels
                self.labels.add(got.json["name"])
                return _json(422, {"message": "Validation Failed"}) if known else _json(201, got.json)
            case "GET", "/issues":
                wanted = set(query["labels"].split(","))
                listed = [it for it in self.issues if wanted <= {label["name"] for label in it["labels"]}]
                assert (query["state"], query["sort"], query["direction"]) == ("all", "created", "desc")
                return _page(listed[::-1], place, query)
            case "POST", "/issues":
                it = got.json
                assert len(it["title"]) <= 256 and len(it["body"]) <= 65_536
                assert all(len(label) <= 50 for label in it["labels"])
                names = it["labels"] if self.may_label else []
                self.labels.update(names)
                return _json(201, self.add(it["title"], it["body"], *names))
        number = int(issue[1]) if issue else 0
        found = next((it for it in self.issues if it["number"] == number), None)
        if issue is None or found is None:
            return _json(404, {"message": "Not Found"})
        match got.method, issue[2]:
            case "GET", "/comments":
                return _page(self.comments[number], place, query)
            case "POST", "/comments":
                assert len(got.json["body"]) <= 65_536
                return _json(201, self.say(number, got.json["body"]))
            case "PATCH", None:
                found.update({name: it for name, it in got.json.items() if name != "labels"})
                if "labels" in got.json:
                    found["labels"] = [{"name": name} for name in got.json["labels"]]
                return _json(200, found)
        return _json(404, {"message": "Not Found"})


def _page(entries: list[dict[str, Any]], place: str, query: dict[str, str]) -> Answer:
    """Cut as GitHub does it: where there is more, the Link names an address of its own that leads there."""
    size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
    rest = "&".join(f"{name}={it}" for name, it in query.items() if name != "page").replace(" ", "%20")
    following = f'<https://elsewhere.invalid/repositories/1{place}?{rest}&page={number + 1}>; rel="next"'
    more = {"Link": following} if len(entries) > size * number else {}
    return _json(200, entries[size * (number - 1) : size * number], more)


def _json(status: int, content: object, headers: dict[str, str] | None = None) -> Answer:
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode()

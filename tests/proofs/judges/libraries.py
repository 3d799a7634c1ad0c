"""Libraries and descriptions of APIs, as judges of what sinks send."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from statuswatch.sinks import pagerduty, slack, teams
from tests.proofs.judges.verdict import (
    UnavailableError,
    control,
    deliveries,
    notifications,
    package,
    program,
    verdict,
)
from tests.support.fake_github import FakeGitHub
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import send
from tests.support.sink_samples import environment, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.proofs.judges.verdict import Verdict
    from tests.support.loopback_server import Reply, Request

KEY: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # no secret: an example
OPENAPI: Final = "api.github.com.json"
_RENDER: Final = """
const window = new (require("jsdom").JSDOM)("<!doctype html>").window;
Object.assign(global, {window, document: window.document});
for (const name of Object.getOwnPropertyNames(window)) if (name.startsWith("HTML")) global[name] = window[name];
const ac = require("adaptivecards/dist/adaptivecards.js");
const words = node => [...node.querySelectorAll("*")].map(part => part.innerText || "").join("\\n");
const cards = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
const judge = card => {
  const parsed = new ac.AdaptiveCard(), context = new ac.SerializationContext();
  parsed.parse(card, context);
  const errors = [];
  for (let i = 0; i < context.eventCount; i++) errors.push(context.getEventAt(i).message);
  const problems = parsed.validateProperties().validationEvents.map(found => found.message);
  return [...errors, ...problems, ...(words(parsed.render()).trim() ? [] : ["nothing is shown"])].join("; ");
};
const survive = card => { try { return judge(card); } catch (error) { return `${error}`; } };
process.stdout.write(JSON.stringify(cards.map(survive)));
"""


def _signed_requests() -> list[Request]:
    with FakeReceiver() as receiver:
        env = {"HOOK": receiver.secret_url, "SECRET": KEY}
        for delivery in deliveries():
            send("webhook", {"url_env": "HOOK", "secret_env": "SECRET"}, env, delivery)
    return receiver.requests


def _judge_signatures(module: str) -> Iterator[Verdict]:
    webhook = package(module, "it is in the extra `dev`").Webhook(KEY)
    error: type[Exception] = package(f"{module}.webhooks", "it is in the extra `dev`").WebhookVerificationError

    def judge(body: bytes, headers: dict[str, str]) -> str:
        try:
            webhook.verify(body, headers)
        except (ValueError, KeyError, RuntimeError, error) as raised:
            return f"{type(raised).__name__}: {raised}"
        return ""

    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    sent = [(request.body, {name: str(request.headers[name]) for name in names}) for request in _signed_requests()]
    yield verdict("signatures of the webhook", (judge(*request) for request in sent))
    body, headers = sent[0]
    version, signature = headers["webhook-signature"].split(",")
    forged = ("B" if signature[0] == "A" else "A") + signature[1:]
    broken = {
        "a byte of the body": (body.replace(b"slow", b"fast", 1), headers),
        "a byte of the signature": (body, {**headers, "webhook-signature": f"{version},{forged}"}),
        "another id": (body, {**headers, "webhook-id": f"{headers['webhook-id']}0"}),
        "a time an hour ago": (body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)}),
    }
    yield control({name: judge(*request) for name, request in broken.items()})


def judge_standardwebhooks() -> Iterator[Verdict]:
    """Verify our signatures by the reference library."""
    return _judge_signatures("standardwebhooks")


def judge_svix() -> Iterator[Verdict]:
    """Verify our signatures by another library."""
    return _judge_signatures("svix")


def judge_slack() -> Iterator[Verdict]:
    """Parse and check our blocks by Slack's own models."""
    models = package("slack_sdk.models.blocks", "pip install slack_sdk")
    errors = package("slack_sdk.errors", "pip install slack_sdk")

    def judge(block: dict[str, Any]) -> str:
        try:
            parsed = models.Block.parse(block)
            if parsed is None or type(parsed) is models.Block:
                return f"not a block: {block['type']}"
            parsed.validate_json()
            written = parsed.to_dict()
        except errors.SlackObjectFormationError as error:
            return f"{block['type']}: {error}"
        return "" if json.dumps(written)[:60] else "nothing is left of it"

    payloads = [payload for notification in notifications() for payload in slack.payloads(notification)]
    yield verdict("blocks for Slack", (judge(block) for payload in payloads for block in payload["blocks"]))
    words = {"type": "plain_text", "text": "x"}
    broken: dict[str, dict[str, Any]] = {
        "an unknown type": {"type": "mystery"},
        "a section without text": {"type": "section"},
        "a section of 3,001 characters": {"type": "section", "text": {**words, "text": "x" * 3001}},
        "a header of 151 characters": {"type": "header", "text": {**words, "text": "x" * 151}},
        "a context of 11 elements": {"type": "context", "elements": [words] * 11},
    }
    yield control({name: judge(block) for name, block in broken.items()})


@contextmanager
def npm_folder(*names: str) -> Iterator[Path]:
    """Install npm packages into a temporary folder. Raises UnavailableError."""
    npm = program("npm", "apt-get install npm")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *names]
    with tempfile.TemporaryDirectory() as folder:
        completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if completed.returncode:
            raise UnavailableError(f"npm cannot install {' '.join(names)}: {completed.stderr.strip()[-200:]}")
        yield Path(folder)


def judge_cards() -> Iterator[Verdict]:
    """Parse, validate and render our cards for Teams by the library of Adaptive Cards."""
    node = program("node", "apt-get install nodejs")
    payloads = [payload for notification in notifications() for payload in teams.payloads(notification)]
    cards = [payload["attachments"][0]["content"] for payload in payloads]
    broken = {
        "an unknown element": {**cards[0], "body": [{"type": "Mystery", "text": "x"}]},
        "an unknown weight": {**cards[0], "body": [{"type": "TextBlock", "text": "x", "weight": "heavy"}]},
        "an action without an address": {**cards[0], "actions": [{"type": "Action.OpenUrl", "title": "x"}]},
        "an input without an id": {**cards[0], "body": [{"type": "Input.Text"}]},
        "another type": {**cards[0], "type": "Card"},
        "nothing to show": {**cards[0], "body": [], "actions": []},
    }
    with npm_folder("adaptivecards", "swiper", "jsdom@24") as folder:
        (folder / "render.js").write_text(_RENDER)
        (folder / "cards.json").write_text(json.dumps([*cards, *broken.values()]))
        command = [node, "render.js", "cards.json"]
        completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found = json.loads(completed.stdout)
    yield verdict("cards for Teams", found[: len(cards)])
    yield control(dict(zip(broken, found[len(cards) :], strict=True)))


# ------------------------------------------------------------------------------------------ descriptions of APIs


def as_json_schema(value: Any) -> Any:
    """Return a description of OpenAPI 3.0 as JSON Schema: `nullable` is another way to write null."""
    if isinstance(value, list):
        return [as_json_schema(child) for child in value]
    if not isinstance(value, dict):
        return value
    schema = {name: as_json_schema(child) for name, child in value.items() if name not in ("nullable", "example")}
    return {"anyOf": [schema, {"type": "null"}]} if value.get("nullable") is True else schema


class Description:
    """An OpenAPI description. Objects of a request may have no field that it does not name."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = document["paths"]
        self.components = as_json_schema(document["components"])
        self._patterns = {re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path))): path for path in self._paths}

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """Return what the description has on a request; the path with fewest parameters counts."""
        paths = [name for pattern, name in self._patterns.items() if pattern.fullmatch(path)]
        best = min(paths, key=lambda name: name.count("{"))
        return dict(self._paths[best][method.lower()])

    def problems(self, schema: Any, value: Any, *, closed: bool = False) -> str:
        """Return what is wrong with a value."""
        whole = {**as_json_schema(schema), "components": self.components}
        if closed:
            whole["additionalProperties"] = False
        found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
        return "; ".join(f"{error.json_path}: {error.message[:100]}" for error in found)

    def unknown_parameters(self, operation: dict[str, Any], query: str) -> str:
        """Return the parameters of a query that the operation does not have, or whose value it does not allow."""
        named = [_resolved(self.components, entry) for entry in operation.get("parameters", [])]
        allowed = {entry["name"]: entry.get("schema", {}) for entry in named if entry["in"] == "query"}
        values = {name: found[0] for name, found in parse_qs(query).items()}
        wrong = [name for name in values if name not in allowed]
        wrong += [
            f"{name}={value}"
            for name, value in values.items()
            if value not in allowed.get(name, {}).get("enum", [value])
        ]
        return ", ".join(wrong)


def _resolved(components: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in entry:
        return entry
    _, kind, name = entry["$ref"].removeprefix("#/").split("/")
    return dict(components[kind][name])


class RecordingGitHub(FakeGitHub):
    """Our simulator, with its replies."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Request, Reply]] = []

    def _serve(self, request: Request) -> Reply:
        reply = super()._serve(request)
        self.exchanges.append((request, reply))
        return reply


def _github_exchanges() -> list[tuple[Request, Reply]]:
    with RecordingGitHub() as github:
        env = environment("github-issues", github.url)
        for delivery in deliveries():
            send("github-issues", options("github-issues", github.url), env, delivery)
    return github.exchanges


def judge_github() -> Iterator[Verdict]:
    """Validate each request of the sink, and each answer of our simulator, by GitHub's own description."""
    with npm_folder("@octokit/openapi") as folder:
        path = folder / "node_modules" / "@octokit" / "openapi" / "generated" / OPENAPI
        description = Description(json.loads(path.read_bytes()))
    exchanges = _github_exchanges()
    yield verdict("requests of github-issues", (_request_problems(description, request) for request, _ in exchanges))
    yield verdict("answers of our simulator of GitHub", (_answer_problems(description, *both) for both in exchanges))
    yield control(_broken_requests(description, exchanges) | _broken_answers(description, exchanges))


def _broken_requests(description: Description, exchanges: list[tuple[Request, Reply]]) -> dict[str, str]:
    created = next(request for request, _ in exchanges if _creates(request))
    listed = next(request for request, _ in exchanges if request.method == "GET" and "?" in request.path)
    fields, path = created.json, listed.path.split("?")[0]
    bodies = {
        "an unknown field": {**fields, "mystery": 1},
        "a field of another type": {**fields, "labels": "outage"},
        "an issue without a title": {name: value for name, value in fields.items() if name != "title"},
    }
    requests = {name: created._replace(body=json.dumps(body).encode()) for name, body in bodies.items()}
    requests["an unknown parameter"] = listed._replace(path=f"{path}?mystery=1")
    requests["a value that is not allowed"] = listed._replace(path=f"{path}?state=ajar")
    return {name: _request_problems(description, request) for name, request in requests.items()}


def _broken_answers(description: Description, exchanges: list[tuple[Request, Reply]]) -> dict[str, str]:
    request, reply = next((request, reply) for request, reply in exchanges if _creates(request))
    fields = json.loads(reply.body)
    bodies = {
        "an answer without an id": {name: value for name, value in fields.items() if name != "id"},
        "a number in words": {**fields, "number": "one"},
    }
    replies = {name: reply._replace(body=json.dumps(body).encode()) for name, body in bodies.items()}
    replies["an answer with another status"] = reply._replace(status=299)
    return {name: _answer_problems(description, request, broken) for name, broken in replies.items()}


def _creates(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/issues")


def _request_problems(description: Description, request: Request) -> str:
    url = urlsplit(request.path)
    operation = description.operation(request.method, url.path)
    wrong = description.unknown_parameters(operation, url.query)
    if request.method == "GET":
        return wrong
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return wrong or description.problems(schema, request.json, closed=True)


def _answer_problems(description: Description, request: Request, reply: Reply) -> str:
    response = description.operation(request.method, urlsplit(request.path).path)["responses"].get(str(reply.status))
    if response is None:
        return f"{request.method} {request.path}: HTTP {reply.status} is not described"
    while "$ref" in response:
        response = _resolved(description.components, response)
    return description.problems(response["content"]["application/json"]["schema"], json.loads(reply.body))


def judge_pagerduty(path: str) -> Iterator[Verdict]:
    """Validate our alerts by PagerDuty's description of the Events API, which no package has."""
    if not path:
        raise UnavailableError(
            "no package has PagerDuty's description: get reference/events-v2/openapiv3.json of the repository "
            "PagerDuty/api-schema, and pass it as --pagerduty FILE"
        )
    description = Description(json.loads(Path(path).read_bytes()))
    operation = description.operation("post", "/enqueue")
    schema = operation["requestBody"]["content"]["application/json"]["schema"]

    def judge(body: dict[str, Any]) -> str:
        return description.problems(schema, body, closed=True)

    bodies = [{"routing_key": "0" * 32, **pagerduty.alert_fields(delivery)} for delivery in deliveries()]
    yield verdict("alerts for PagerDuty", map(judge, bodies))
    alert = bodies[0]
    broken = {
        "no routing key": {name: value for name, value in alert.items() if name != "routing_key"},
        "an unknown field": {**alert, "mystery": 1},
        "an unknown severity": {**alert, "payload": {**alert["payload"], "severity": "ajar"}},
        "a summary that is a number": {**alert, "payload": {**alert["payload"], "summary": 1}},
        "an unknown action": {**alert, "event_action": "mystery"},
    }
    yield control({name: judge(body) for name, body in broken.items()})


def libraries(pagerduty_file: str) -> dict[str, Callable[[], Iterator[Verdict]]]:
    """Return the judges, by their names."""
    return {
        "standardwebhooks": judge_standardwebhooks,
        "svix": judge_svix,
        "slack_sdk": judge_slack,
        "adaptivecards": judge_cards,
        "PagerDuty's OpenAPI": partial(judge_pagerduty, pagerduty_file),
        "GitHub's OpenAPI": judge_github,
    }

"""Prometheus' Alertmanager, by its API v2: an incident is an alert that fires while it is open and ends with it.

Alertmanager ends an alert that nobody sends again, and forgets all of them when it starts anew: what is open is sent
again at every run. An alert is its labels. Two of them, `page` and `incident`, find the alerts of an incident; where
another label changes (impact, components), the alert with the old ones is ended by the request that begins the new one.
A repeat changes nothing.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Event, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import IncidentKind
from statuswatch.net.http import SinkClient
from statuswatch.render.notification import NotificationText, chat_safe, cut, notification_text
from statuswatch.rules.mutes import end_of
from statuswatch.sinks import OpenAlert, Options, ReadSecret, Renew, Send, SinkError
from statuswatch.sinks.http import is_accepted, post_json, rejection, request
from statuswatch.sinks.payloads import newest_that_fit, status_line

DIGEST_ABOVE: Final = 0  # each incident has an alert of its own

ALERT_NAME: Final = "VendorIncident"
MIN_EXPIRES_AFTER: Final = 60  # seconds
MAX_COMPONENTS: Final = 500  # characters of the label
MAX_TITLE: Final = 1000
MAX_UPDATES: Final = 10_000  # characters of the vendor's messages
MAX_LIST: Final = 20_000_000  # bytes
MAX_ALERTS: Final = 200  # in a request
_URL: Final = re.compile(r"https?://[^\s?#@]+")
_GENERATOR_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#](%[0-9A-Fa-f]{2}|[^\s%\"<>\\^`{|}])*)?")
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Alertmanager(Options, frozen=True):
    """Options of the sink. `expires_after` is in seconds."""

    OPENS_ALERTS: ClassVar = True
    DEFAULT_KINDS: ClassVar = frozenset({IncidentKind.INCIDENT})  # nobody is called for what is planned

    url: str
    expires_after: int = 86_400
    token_env: str = ""
    username_env: str = ""
    password_env: str = ""


OPTIONS: Final = Alertmanager


class _Alert(msgspec.Struct, frozen=True):
    """An alert as Alertmanager lists it, and as it is sent."""

    labels: dict[str, str]
    startsAt: datetime  # noqa: N815 - Alertmanager's names, as the two below
    endsAt: datetime  # noqa: N815
    annotations: dict[str, str] = {}
    generatorURL: str = ""  # noqa: N815

    def is_of(self, event: Event) -> bool:
        """Return whether it is an alert of the event's incident."""
        return (self.labels.get("page"), self.labels.get("incident")) == (event.page.key, incident_label(event))

    def ending_at(self, moment: datetime) -> "_Alert":
        """Return the alert with another end."""
        return msgspec.structs.replace(self, endsAt=max(moment, self.startsAt))


def configure(options: Alertmanager, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises UsageError where an option cannot be right, SecretError for a secret."""
    api = _Api(options, read_secret)

    async def send(client: SinkClient, notification: Notification) -> str:
        for delivery in notification.deliveries:
            own = alert(delivery, api.expiry(), test=notification.test, dropped=notification.dropped)
            is_first = delivery.event.kind is EventKind.NEW
            present = [] if is_first else await api.alerts(client, page=delivery.event.page.key)
            now = datetime.now(UTC)
            former = [entry for entry in present if entry.is_of(delivery.event) and entry.labels != own.labels]
            await api.post(client, [own, *(entry.ending_at(now) for entry in former)])
        if not notification.test:
            return ""
        return "the alert was ended" if _is_over(notification.deliveries[0].event) else "an alert was sent"

    return send


def configure_renewal(options: Alertmanager, read_secret: ReadSecret, /) -> Renew:
    """Return the function that sends again what is open."""
    api = _Api(options, read_secret)

    async def renew(client: SinkClient, alerts: Sequence[OpenAlert]) -> None:
        present: dict[tuple[str, str], list[_Alert]] = {}
        for entry in await api.alerts(client):
            present.setdefault((entry.labels.get("page", ""), entry.labels.get("incident", "")), []).append(entry)
        await api.post(client, list(_renewed(alerts, present, api.expiry())))

    return renew


def _renewed(
    alerts: Iterable[OpenAlert], present: dict[tuple[str, str], list[_Alert]], expiry: datetime
) -> Iterator[_Alert]:
    """Yield the alerts of what is open, as they were sent; one that Alertmanager lost, as the state remembers it."""
    for entry in alerts:
        event = entry.delivery.event
        own = present.get((event.page.key, incident_label(event)))
        if own:
            yield from (found.ending_at(expiry) for found in own)
        elif entry.can_begin:
            yield alert(entry.delivery, expiry)


class _Api:
    """Alertmanager's API v2."""

    def __init__(self, options: Alertmanager, read_secret: ReadSecret) -> None:
        if not _URL.fullmatch(options.url):
            raise UsageError(
                "alertmanager: url: not the address of an Alertmanager (http://host:9093), without a login"
            )
        if options.expires_after < MIN_EXPIRES_AFTER:
            raise UsageError(f"alertmanager: expires_after: at least {MIN_EXPIRES_AFTER} seconds")
        self._url = f"{options.url.rstrip('/')}/api/v2/alerts"
        self._headers = _authorization(options, read_secret)
        self._expires_after = timedelta(seconds=options.expires_after)

    def expiry(self) -> datetime:
        """Return when an alert that is sent now ends, unless it is sent again."""
        return datetime.now(UTC) + self._expires_after

    async def alerts(self, client: SinkClient, page: str = "") -> list[_Alert]:
        """Return our alerts that have not ended, of one page or of all. Raises SinkError."""
        filters = [("filter", f'alertname="{ALERT_NAME}"')]
        filters += [("filter", f"page={_quoted(page)}")] if page else []
        url = f"{self._url}?{urlencode(filters)}"
        response = await request(client, "GET", url, headers=self._headers, max_body=MAX_LIST)
        if not is_accepted(response):
            raise rejection(response)
        try:
            return msgspec.json.decode(response.body, type=list[_Alert])
        except msgspec.DecodeError:
            reason = "the response is not a list of alerts: `url` must be the address of an Alertmanager"
            raise SinkError(reason, final=True) from None

    async def post(self, client: SinkClient, alerts: Sequence[_Alert]) -> None:
        """Send alerts. Raises SinkError."""
        for start in range(0, len(alerts), MAX_ALERTS):
            body = msgspec.json.encode([_fields(entry) for entry in alerts[start : start + MAX_ALERTS]])
            await post_json(client, self._url, body, self._headers)


def _authorization(options: Alertmanager, read_secret: ReadSecret) -> dict[str, str]:
    if bool(options.username_env) != bool(options.password_env):
        raise UsageError("alertmanager: username_env and password_env: both, or neither")
    if options.token_env and options.username_env:
        raise UsageError("alertmanager: token_env, or username_env and password_env: not both")
    if options.token_env:
        token = read_secret(options.token_env)
        if not re.fullmatch(r"[!-~]+", token):
            raise SecretError(f"${options.token_env} does not hold a token")
        return {"Authorization": f"Bearer {token}"}
    if options.username_env:
        login = f"{read_secret(options.username_env)}:{read_secret(options.password_env)}"
        return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    return {}


def alert(delivery: PendingDelivery, expiry: datetime, *, test: bool = False, dropped: int = 0) -> _Alert:
    """Return the alert of an incident as an event leaves it; one that is open ends at `expiry`."""
    event = delivery.event
    content = notification_text(delivery, test=test, dropped=dropped)
    starts_at = min(event.incident.created_at, delivery.detected_at)  # a vendor's clock may be ahead
    ended_at = min(end_of(event, delivery.detected_at), delivery.detected_at)
    return _Alert(
        labels=labels(event),
        annotations=_annotations(content),
        startsAt=starts_at,
        endsAt=max(ended_at if _is_over(event) else expiry, starts_at),
        generatorURL=content.url if _is_generator(content.url) else "",
    )


def labels(event: Event) -> dict[str, str]:
    """Return the labels. A vendor's words are in `vendor` and `component` only."""
    components = ", ".join(component.label for component in event.all_components)
    fields = {
        "alertname": ALERT_NAME,
        "page": event.page.key,
        "incident": incident_label(event),
        "vendor": _safe(event.page.name),
        "kind": str(event.incident.kind),
        "impact": str(event.incident.impact),
        "component": cut(_safe(components), MAX_COMPONENTS),
    }
    return {name: value for name, value in fields.items() if value}


def incident_label(event: Event) -> str:
    """Return the incident's id; a digest of one that is more than a plain word."""
    key = event.incident.id
    return key if _PLAIN_ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:16]


def _annotations(content: NotificationText) -> dict[str, str]:
    left_out, statuses = newest_that_fit(content.statuses, MAX_UPDATES, len)
    messages = [status_line(status, message) for status, message in statuses]
    fields = {
        "title": f"{content.before_headline}{cut(content.title, MAX_TITLE)}",
        "message": messages[-1] if messages else "",
        "updates": "\n".join(message for message in (left_out, *messages) if message),
        "facts": " · ".join(content.facts),
        "remark": content.remark,
        "times": content.times,
    }
    return {name: _safe(value) for name, value in fields.items() if value}


def _fields(entry: _Alert) -> dict[str, Any]:
    fields = msgspec.to_builtins(entry)
    if not entry.generatorURL:
        del fields["generatorURL"]
    return dict(fields)


def _is_over(event: Event) -> bool:
    return event.kind is EventKind.RESOLVED or event.incident.closed  # a later update of an ended one begins nothing


def _is_generator(url: str) -> bool:
    """Return whether Alertmanager takes the address: it rejects the whole request for one that it cannot parse."""
    try:
        return bool(_GENERATOR_URL.fullmatch(url) and urlsplit(url).hostname)
    except ValueError:
        return False


def _safe(words: str) -> str:
    """Return text in which no receiver of Alertmanager finds a mention: many of them escape nothing."""
    return re.sub(r"<(?=\S)", "<\u2060", chat_safe(words))


def _quoted(value: str) -> str:
    """Return a value as a matcher of Alertmanager has it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

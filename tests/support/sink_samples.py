"""The sinks of the registry, as the laws that hold for all of them meet them. A new sink gets one entry in SAMPLES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from statuswatch.sinks import SINKS
from tests.support.fake_github import TOKEN, FakeGitHub
from tests.support.fake_receiver import SECRET, FakeReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.fake_receiver import ScriptedReply

SECRET_PARTS: Final = tuple(SECRET.split("/"))


class SinkSample(NamedTuple):
    """What makes one sink valid, and how it is pointed at a receiver.

    `address_option` is the plain option for the address of its service; every `…_env` option then holds SECRET. Without
    it every `…_env` option holds the receiver's address, with the secret in its path. `environment` overrides both.
    `service` plays the sink's service, where the sink reads its responses.
    """

    options: Mapping[str, Any]
    address_option: str = ""
    environment: Callable[[str], Mapping[str, str]] | None = None
    service: type[FakeReceiver] = FakeReceiver
    speaks_http: bool = True  # False: responses mean what another protocol, or a library, says


def _apprise_environment(address: str) -> Mapping[str, str]:
    url = address.replace("https://", "jsons://").replace("http://", "json://")
    return {"APPRISE_URL": f"{url}/{SECRET}"}


def _github_environment(_: str) -> Mapping[str, str]:
    return {"GITHUB_TOKEN": TOKEN}


EMAIL_OPTIONS: Final = {
    "host": "127.0.0.1",
    "port": 9,
    "security": "none",
    "sender": "watch@acme.example",
    "to": ["ops@acme.example"],
}
SAMPLES: Final = {
    "webhook": SinkSample({"url_env": "HOOK"}),
    "slack": SinkSample({"url_env": "HOOK"}),
    "discord": SinkSample({"url_env": "HOOK"}),
    "teams": SinkSample({"url_env": "HOOK"}),
    "pagerduty": SinkSample({"routing_key_env": "KEY"}, address_option="url"),
    "alertmanager": SinkSample({"token_env": "TOKEN"}, address_option="url"),
    "email": SinkSample(EMAIL_OPTIONS, speaks_http=False),
    "apprise": SinkSample({"url_env": "APPRISE_URL"}, environment=_apprise_environment, speaks_http=False),
    "github-issues": SinkSample(
        {"repository": "me/watch"}, address_option="api", environment=_github_environment, service=FakeGitHub
    ),
}
HTTP_SINKS: Final = [name for name, sample in SAMPLES.items() if sample.speaks_http]
READS_RESPONSES: Final = {name for name, sample in SAMPLES.items() if sample.service is not FakeReceiver}
REACHED_BY_HTTP: Final = [name for name, sample in SAMPLES.items() if sample.speaks_http or sample.environment]


def options(sink: str, address: str, **other_options: Any) -> dict[str, Any]:
    """Return options that are valid, and that point the sink at a receiver where an option does."""
    sample = SAMPLES[sink]
    pointed = {sample.address_option: address} if sample.address_option else {}
    return {**sample.options, **pointed, **other_options}


def variables(sink: str) -> dict[str, str]:
    """Return the environment variables that the options name, by option."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(SINKS[sink].OPTIONS)}
    values = {name: SAMPLES[sink].options.get(name, default) for name, default in defaults.items()}
    return {name: value for name, value in values.items() if name.endswith("_env") and value and isinstance(value, str)}


def environment(sink: str, address: str) -> dict[str, str]:
    """Return what the variables hold that point the sink at a receiver, or let it in."""
    sample = SAMPLES[sink]
    if sample.environment:
        return dict(sample.environment(address))
    value = SECRET if sample.address_option else f"{address}/services/{SECRET}"
    return dict.fromkeys(variables(sink).values(), value)


def service(sink: str, *replies: ScriptedReply) -> FakeReceiver:
    """Return a receiver that gives these replies, and then accepts what the sink sends as its service does."""
    receiver = SAMPLES[sink].service()
    receiver.replies = list(replies)
    return receiver

"""The sinks of the registry, as the laws that hold for all of them meet them; see the package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import msgspec

from statuswatch.sinks import SINKS
from tests.support.fake_receiver import SECRET, FakeReceiver

if TYPE_CHECKING:
    from tests.support.fake_receiver import Answer

PARTS: Final = tuple(SECRET.split("/"))


def module_of(sink: str) -> Any:
    return import_module(f"tests.sinks.test_{sink.replace('-', '_')}")


def options(sink: str, address: str, **more: Any) -> dict[str, Any]:
    """Those that make it valid, and point it at a receiver where an option does."""
    module = module_of(sink)
    pointed = {module.ADDRESS: address} if hasattr(module, "ADDRESS") else {}
    return {**module.SAMPLE, **pointed, **more}


def variables(sink: str) -> dict[str, str]:
    """The environment variables that its options name, by the option."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(SINKS[sink].OPTIONS)}
    named = {name: module_of(sink).SAMPLE.get(name, it) for name, it in defaults.items() if name.endswith("_env")}
    return {name: it for name, it in named.items() if isinstance(it, str) and it}


def environment(sink: str, address: str) -> dict[str, str]:
    """What the variables hold that point it at a receiver, or let it in."""
    module = module_of(sink)
    if hasattr(module, "environment"):
        return dict(module.environment(address))
    value = SECRET if hasattr(module, "ADDRESS") else f"{address}/services/{SECRET}"
    return dict.fromkeys(variables(sink).values(), value)


def service(sink: str, *answers: Answer) -> FakeReceiver:
    """A receiver that gives these answers, and then takes what the sink sends as its service does."""
    receiver: FakeReceiver = getattr(module_of(sink), "SERVICE", FakeReceiver)()
    receiver.answers = list(answers)
    return receiver


HTTP_SINKS: Final = [name for name in SINKS if getattr(module_of(name), "HTTP", True)]
READS_ANSWERS: Final = {name for name in HTTP_SINKS if hasattr(module_of(name), "SERVICE")}  # not every 2xx does
REACHED: Final = [name for name in SINKS if name in HTTP_SINKS or hasattr(module_of(name), "environment")]  # by HTTP

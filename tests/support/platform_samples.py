"""The sample of every platform in the registry, how its open incident ends, and the rules that any feed keeps."""

import copy
from datetime import UTC
from importlib import import_module
from typing import Any, Final

from statuswatch.model.incident import Incident
from statuswatch.model.page import Feed
from statuswatch.platforms import PLATFORMS
from statuswatch.state_check import check_status
from tests.support.platform_sample import Sample


def _module(platform: str) -> Any:
    return import_module(f"tests.support.samples.{platform.replace('-', '_')}")


SAMPLES: Final[dict[str, Sample]] = {name: _module(name).SAMPLE for name in PLATFORMS}


def enriching(sample: Sample) -> set[str]:
    """Return the names of the documents without which the page can be read."""
    documents = PLATFORMS[sample.platform].documents(sample.page)
    return set(sample.documents) - {document.name for document in documents if document.required}


def ending(platform: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the id of the open incident, the documents once it is over, and those with a remark made after that."""
    module = _module(platform)
    over: dict[str, Any] = copy.deepcopy(dict(SAMPLES[platform].documents))
    key: str = module.ended(over)
    noted = copy.deepcopy(over)
    module.noted(noted)
    return key, over, noted


def assert_sound(feed: Feed) -> None:
    """Assert what every feed keeps to, whatever its documents were."""
    assert feed.identity
    assert len({incident.id for incident in feed.incidents}) == len(feed.incidents)
    for incident in feed.incidents:
        _assert_sound_incident(incident)


def _assert_sound_incident(incident: Incident) -> None:
    assert incident.id.strip() and incident.status
    assert incident.url.startswith(("https://", "http://")) and " " not in incident.url
    assert incident.created_at.tzinfo is UTC and incident.position.tzinfo is not None
    assert list(incident.components) == sorted(incident.components)
    for status in (incident.status, *(update.status for update in incident.updates)):
        check_status(incident.id, status)  # else a saved state could never be loaded again
    times = [update.created_at for update in incident.updates]
    assert times == sorted(times)
    assert len({update.id for update in incident.updates}) == len(incident.updates)
    bodies = [update.body for update in incident.updates]
    texts = [incident.title, incident.status, *bodies, *(component.name for component in incident.components)]
    assert not any(mark in text for mark in ("\x1b", "\u202e") for text in texts)

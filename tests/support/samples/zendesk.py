"""A sample of zendesk: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

ARTICLE = "https://support.zendesk.com/hc/en-us/articles/1-Service-Incident"


def entry(key: str, started: str, **attributes: Any) -> Json:
    """Return an incident of api/ssp/incidents.json, with the fields of the recording of 2026-09-19."""
    usual = {
        "name": f"Incident {key}",
        "impact": "major",
        "postmortem": None,
        "startedAt": started,
        "maintResolvesAt": None,
        "status": "resolved",
        "outage": True,
        "degradation": False,
        "internalToolsOnly": False,
        "resolvedAt": None,
    }
    return {"id": key, "type": "incident", "attributes": {**usual, **attributes}, "relationships": {}}


def service(key: str, incident: int, number: int, name: str, parent: int | None = None) -> Json:
    facts = {"incidentId": incident, "serviceId": number, "serviceName": name, "serviceParentId": parent}
    return {"id": key, "type": "incidentService", "attributes": facts}


def fixture() -> Json:
    """Return the oddities of the recording: a stale status, a service beside its parts, an article."""
    return {
        "data": [
            entry("10315", "2026-09-17T16:53:02.000Z", impact="minor", status="investigating", name="Voice & <pod>"),
            entry("10240", "2026-09-01T16:15:00.000Z", resolvedAt="2026-09-01T18:27:03.000Z", postmortem=ARTICLE),
            entry("10079", "2026-07-24T11:18:16.000Z", resolvedAt="2026-07-24T12:42:29.000Z", status="monitoring"),
            entry("10158", "2026-07-23T10:14:00.000Z", resolvedAt="2026-08-07T13:32:00.000Z", impact="critical"),
        ],
        "included": [
            service("230382", 10315, 31, "Voice"),
            service("230384", 10315, 34, "Transcriptions", 31),
            service("230254", 10240, 63, "Sales"),
            service("230258", 10240, 67, "Calls", 63),
            service("230259", 10240, 31, "Voice"),
            service("230260", 10240, 35, "Calls", 31),
            {"id": "9", "type": "somethingElse", "attributes": {}},
        ],
    }


SAMPLE = Sample(
    "zendesk", {"incidents.json": fixture()}, "incidents.json", ("data",), {"attributes": {}}, "attributes.name"
)


def ended(documents: Any) -> str:
    """State the end of the open incident, with a stale status; return its id."""
    incident = documents["incidents.json"]["data"][0]
    incident["attributes"] |= {"resolvedAt": "2026-09-17T19:00:00.000Z", "status": "monitoring"}
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an article."""
    documents["incidents.json"]["data"][0]["attributes"] |= {"postmortem": ARTICLE, "status": "resolved"}

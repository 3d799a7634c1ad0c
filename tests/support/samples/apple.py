"""A sample of apple: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

NAME = "system_status_en_US.js"


def event(key: str, status: str, **fields: Any) -> Json:
    """An event as recorded in 2021 and in 2025.

    It has no list of updates, null instead of an end, and a time of publication that all events of a document share.
    """
    ongoing = status == "ongoing"
    return {
        "messageId": key,
        "statusType": "Issue",
        "eventStatus": status,
        "epochStartDate": 1750352160000,
        "epochEndDate": None if ongoing else 1750356900000,
        "message": "Users may be experiencing a problem." if ongoing else "Users may have experienced a problem.",
        "usersAffected": "Some users are affected" if ongoing else "Some users were affected",
        "datePosted": "06/19/2025 10:33 PDT",
        "startDate": "06/19/2025 09:56 PDT",
        "endDate": None if ongoing else "06/19/2025 11:15 PDT",
        "affectedServices": None,
        **fields,
    }


def document(**services: list[Json]) -> Json:
    listed = [{"serviceName": name, "redirectUrl": None, "events": events} for name, events in services.items()]
    return {"drpost": False, "drMessage": None, "services": listed}


BEFORE = event("1000000560", "resolved", epochStartDate=1750100400000, epochEndDate=1750150560000)
SAMPLE = Sample(
    "apple",
    {NAME: document(Mail=[event("2000004686", "ongoing", statusType="Outage"), BEFORE], Photos=[])},
    NAME,
    ("services", 0, "events"),
    {"messageId": "bad", "epochStartDate": "soon"},
    "statusType",
)


def ended(documents: Any) -> str:
    """Resolve the open event, with another message; return its id."""
    ongoing = documents[NAME]["services"][0]["events"][0]
    ongoing |= event(ongoing["messageId"], "resolved", statusType="Outage")
    for listed in documents[NAME]["services"][0]["events"]:
        listed["datePosted"] = "06/19/2025 11:20 PDT"
    return str(ongoing["messageId"])


def noted(documents: Any) -> None:
    """Edit the message."""
    documents[NAME]["services"][0]["events"][0]["message"] = "Users were not able to send mail."

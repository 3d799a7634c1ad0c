"""A sample of aws: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

NAME = "currentevents"
UAE = "arn:aws:health:me-central-1::event/MULTIPLE_SERVICES/AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE/1_5E6B8"
EC2 = "arn:aws:health:us-west-2::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_2_E6426"


def entry(timestamp: int | str, status: int | str, message: str = "Words.") -> Json:
    return {"summary": "Increased Error Rates", "message": message, "status": status, "timestamp": timestamp}


def impacted(*services: str) -> Json:
    return {name: {"service_name": name, "current": "0", "max": "3"} for name in services}


def document() -> list[Json]:
    """Two events as recorded on 2026-05-02: numbers also as strings, the log oldest first, one of many services."""
    many = {
        "date": "1772369485",
        "arn": UAE,
        "region_name": "UAE",
        "status": "3",
        "service": "multipleservices-me-central-1",
        "service_name": "Multiple services",
        "summary": "Increased Error Rates",
        "event_log": [entry(1772369485, 1), entry("1772371152", "2"), entry(1772386871, 3, "<b>Power</b> is out.")],
        "impacted_services": impacted("Amazon EC2", "AWS Lambda"),
    }
    single = {
        "date": 1772430987,
        "arn": EC2,
        "region_name": "Oregon",
        "status": 1,
        "service": "ec2-us-west-2",
        "service_name": "Amazon EC2",
        "summary": "Connectivity",
        "event_log": [entry(1772430987, 1)],
    }
    return [many, single]


SAMPLE = Sample("aws", {NAME: document()}, NAME, (), {"arn": "bad", "date": "soon"}, "summary")


def ended(documents: Any) -> str:
    """Resolve the event of many services; return its id."""
    documents[NAME][0]["status"] = "0"
    documents[NAME][0]["event_log"].append(entry(1772400000, "1", "It is over."))
    return UAE


def noted(documents: Any) -> None:
    """Add an entry after the end."""
    documents[NAME][0]["event_log"].append(entry(1772403600, 2, "What had happened."))

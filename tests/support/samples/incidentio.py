"""A sample of incidentio: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import URL, Json, Sample, update

ONGOING = "01KA24M6S3QK0S5W6J0QF9V3ZD"


def fixture() -> dict[str, Json | bytes]:
    """A page like OpenAI's (empty bodies, no components), with native documents like those of Pleo and OpenAI."""
    compat = {
        "id": "01KA22ACNT50TDGYE1B9TJ86D2",
        "name": "Login Issues ",
        "status": "resolved",
        "created_at": "2026-03-07T00:10:02Z",
        "updated_at": "2026-03-07T00:57:23Z",
        "resolved_at": "2026-03-07T00:57:23Z",
        "impact": "minor",
        "incident_updates": [
            update("01KA2KKF07DNHTQAZ65K9MBW3B", "resolved", "2026-03-07T00:57:23Z", ""),
            update("01KA2KKF07DNHTQAZ65K9MBW3A", "investigating", "2026-03-07T00:10:02Z", ""),
        ],
    }
    status = {"component_id": "01JMXBNJXG1S2D9V65P1ZZTD94", "status": "degraded_performance"}
    begun = {
        "id": ONGOING,
        "name": "Slow answers",
        "status": "investigating",
        "created_at": "2026-03-07T00:50:00Z",
        "updated_at": "2026-03-07T00:50:00Z",
        "impact": "minor",
        "incident_updates": [update("01KA24M6S4ZNX4A2M0R6K0X6W5", "investigating", "2026-03-07T00:50:00Z")],
    }
    native = {
        "id": compat["id"],
        "name": "Login Issues",
        "status": "resolved",
        "type": "incident",
        "published_at": "2026-03-07T00:10:02.3Z",
        "updates": [
            {
                "id": "01KA2KKF07DNHTQAZ65K9MBW3B",
                "published_at": "2026-03-07T00:57:23.792Z",
                "message_string": "All impacted services have recovered.",
                "to_status": "resolved",
                "component_statuses": [],
            },
            {
                "id": "another id of the same update",
                "published_at": "2026-03-07T00:10:02.3Z",
                "message_string": "We are looking.",
                "to_status": "investigating",
                "component_statuses": [status],
            },
        ],
        "affected_components": [{**status, "current_status": "operational"}],
        "component_impacts": [],
    }
    window = {
        "id": "01KFGG5S6TRSJJNNBB3TQATY24",
        "name": "Scheduled Maintenance",
        "status": "maintenance_complete",
        "type": "maintenance",
        "published_at": "2026-01-21T14:43:41.913Z",
        "updates": [
            {
                "id": "01KFGG5S6T1Q0YQFDB2YWSFBAD",
                "published_at": "2026-01-21T14:43:41.913Z",
                "message_string": "A window.",
                "to_status": "maintenance_scheduled",
            }
        ],
        "component_impacts": [
            {
                "component_id": "01JSM5RTJWHRWDTS6Q604VEW3B",
                "start_at": "2026-01-25T00:00:00Z",
                "end_at": "2026-01-25T02:00:00Z",
            }
        ],
    }
    native_begun = {
        **native,
        "id": ONGOING,
        "name": "Slow answers",
        "status": "investigating",
        "published_at": "2026-03-07T00:50:00.1Z",
        "updates": [],
    }
    page = "01JMDK9XYNY6RXSED6SDWW50WY"
    groups = [
        {"name": "APIs", "components": [{"component_id": "01JSM5RTJWHRWDTS6Q604VEW3B", "name": "Login"}]},
        {"name": "ChatGPT", "components": [{"component_id": "01JMXBNJXG1S2D9V65P1ZZTD94", "name": "Login"}]},
    ]
    feed = f"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>
        <title>Login Issues</title><id>{URL}//incidents/{compat["id"]}</id><updated>2026-03-07T00:57:23Z</updated>
        <content type="html"><![CDATA[<b>Status: Resolved</b><br/><br/>Words (in brackets)<br/><br/>
        <b>Affected components</b> <ul> <li>Web (beta) (Operational)</li>
        <li>Login (Operational)</li> </ul>]]></content></entry></feed>"""
    return {
        "incidents.json": {"page": {"id": page, "updated_at": "2026-03-07T00:57:23Z"}, "incidents": [compat, begun]},
        "native": {"incidents": [native, window, native_begun]},
        "names": {
            "summary": {"id": page, "name": "Acme", "structure": {"items": [{"group": group} for group in groups]}}
        },
        "feed.atom": feed.encode(),
    }


SAMPLE = Sample("incidentio", fixture(), "incidents.json", ("incidents",), {"id": "bad", "created_at": "yesterday"})


def ended(documents: Any) -> str:
    """Resolve its open incident, which moves to the top of the list. Return its id."""
    entries = documents["incidents.json"]["incidents"]
    incident = entries.pop()
    entries.insert(0, incident)
    incident |= {"status": "resolved", "updated_at": "2026-03-07T02:00:00Z", "resolved_at": "2026-03-07T02:00:00Z"}
    incident["incident_updates"].insert(0, update("01KA28W6S4ZNX4A2M0R6K0X6W6", "resolved", "2026-03-07T02:00:00Z", ""))
    return ONGOING


def noted(documents: Any) -> None:
    """Add an update to the resolved incident, with an earlier status."""
    incident = documents["incidents.json"]["incidents"][0]
    incident["incident_updates"].insert(0, update("01KA48W6S4ZNX4A2M0R6K0X6W7", "identified", "2026-03-08T02:00:00Z"))

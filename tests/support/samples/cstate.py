"""A sample of cstate: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import URL, Json, Sample

UNSTATED = "<no value>"  # what the software prints where the author left a value out


def issue(name: str, created: str, **fields: Any) -> Json:
    """An issue as `layouts/_default/list.json` of cstate/cstate 6.0.1 writes it."""
    return {
        "is": "issue",
        "title": f"Issue {name}",
        "createdAt": created,
        "lastMod": created,
        "permalink": f"{URL}/issues/{name}/",
        "severity": "disrupted",
        "resolved": False,
        "informational": False,
        "resolvedAt": UNSTATED,
        "affected": ["API"],
        "filename": f"{name}.md",
        **fields,
    }


def system(name: str, category: str, *issues: Json) -> Json:
    status = issues[0]["severity"] if issues else "ok"
    return {"name": name, "category": category, "status": status, "unresolvedIssues": list(issues)}


OPEN = issue("2024-12-27-dns", "2024-12-27 09:43:40.482 +0000 UTC", severity="down", affected=["API", "Website"])
PAST = issue(
    "2024-02-24-maintenance",
    "2024-02-24 12:35:00 +0200 EET",
    severity="notice",
    resolved=True,
    resolvedAt="2024-02-24 11:35:00 +0000 UTC",
)
NEWS = issue("2024-02-23-planning", "2024-02-23 10:35:00 +0000 UTC", informational=True, severity=UNSTATED, affected=[])


def documents() -> dict[str, Any]:
    index = {
        "is": "index",
        "cStateVersion": "6.0.1",
        "apiVersion": "2.0",
        "title": "Acme Status",
        "baseURL": f"{URL}/",
        "summaryStatus": "down",
        "categories": [{"name": "Main", "hideTitle": False, "closedByDefault": False}],
        "pinnedIssues": [],
        "systems": [system("API", "Main", OPEN), system("Website", "Main"), system("Gateway", "North Coast")],
        "buildDate": "2024-12-27",
        "buildTime": "09:50",
        "buildTimezone": "UTC",
    }
    issues = {"is": "issues", "title": "Issues", "baseURL": f"{URL}/", "pages": [OPEN, PAST, NEWS]}
    return {"index.json": index, "issues/index.json": issues}


SAMPLE = Sample("cstate", documents(), "index.json", ("systems", 0, "unresolvedIssues"), {"createdAt": "soon"}, "title")


def ended(documents: Any) -> str:
    """Resolve the open issue, and take it from its system; return its id."""
    documents["index.json"]["systems"][0]["unresolvedIssues"].clear()
    issue = documents["issues/index.json"]["pages"][0]
    issue |= {"resolved": True, "resolvedAt": "2024-12-27T11:05:00Z"}
    return "2024-12-27-dns"


def noted(documents: Any) -> None:
    """Edit the text, which is in neither document."""
    documents["issues/index.json"]["pages"][0]["lastMod"] = "2024-12-28 10:00:00 +0000 UTC"

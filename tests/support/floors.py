"""The floors of the house, the highest first. A module may import only from what stands after it in this table.

The test of the architecture reads it, and the drawing in `.github/CONTRIBUTING.md` is generated from it.
"""

from typing import Final, NamedTuple


class Floor(NamedTuple):
    """Packages and modules that stand side by side: the later ones lie lower. `role` is one line for the drawing."""

    parts: tuple[str, ...]
    role: str
    pure: bool = False


FLOORS: Final = (
    Floor(("__main__", "cli"), "one file a command, and what they share: options, output"),
    Floor(("mcp", "api"), "tools for agents; what `import statuswatch` offers"),
    Floor(
        ("past", "demo", "replay", "serve", "pipeline", "jobs"),
        "one run: load, read, print, deliver, save; the past",
    ),
    Floor(("recording", "reading", "delivery", "history"), "pages in, notifications out; the archive"),
    Floor(
        ("github_actions", "publish", "scan", "config"), "what the user asked for; what a repository and a runner show"
    ),
    Floor(("sinks", "net"), "one file a sink; HTTP, connections, names"),
    Floor(("rules",), "what changed: reconcile, diff, filters", pure=True),
    Floor(("platforms", "render"), "one file a platform; one file an output", pure=True),
    Floor(("state", "state_check", "catalog"), "state.json; the pages that have a key"),
    Floor(("model",), "the nouns: incident, page, event, state, report", pure=True),
    Floor(
        ("moments", "hours", "schedule", "shard", "registry", "masking", "text", "errors", "statuswatch"),
        "what everything stands on",
        pure=True,
    ),
)

# What the package itself offers, imported when it is used: the one import that goes up.
FRONT_DOOR: Final = "statuswatch.api"

# The order inside packages whose modules import one another, the highest first.
INSIDE: Final = {
    "cli": (
        *("init", "serve", "ingest", "check", "status", "why", "history", "report", "pages", "inspect", "notify"),
        *("config", "mcp", "demo", "replay", "merge", "watching", "output", "options", "completion"),
    ),
    "mcp": ("http", "server", "tools"),
    "render": (
        *("why", "site", "page", "history", "status", "inspection", "listing", "annotation", "markdown", "summary"),
        "console",
        *("notification", "jsonlines", "progress", "phrases"),
    ),
    "delivery": ("archiving", "deliver", "renewal", "outbox", "muting", "starts", "routing", "secrets"),
    "render.site": (
        *(
            "index",
            "vendor",
            "ledger",
            "figures",
            "strip",
            "maintenance",
            "atom",
            "api",
            "badges",
            "metrics",
            "upstream",
        ),
        *("assets", "markup"),
    ),
    "recording": ("read", "write", "line", "recorder"),
    "history": ("board", "ledger", "why", "moment", "archive", "fold", "coverage"),
    "reading": ("probe", "part", "private", "reader", "plan", "lookup", "recognise", "gather"),
    "rules": (
        *("status", "mutes", "ongoing", "reconcile", "shared_fate", "page_failure", "limits", "unlisted", "expiry"),
        *("absence", "moved_ids", "suspicion", "pruning", "merge"),
        *("diff", "record", "updates", "filters", "brief"),
    ),
    "sinks": (
        *("alertmanager", "apprise", "discord", "email", "github_issues", "pagerduty", "slack", "teams", "webhook"),
        *("payloads", "http"),
    ),
    "net": ("systemd", "client", "http", "connection", "http1", "response", "addresses", "loop", "threads", "trust"),
    "scan": (
        *("repository", "npm", "python", "go", "ruby", "rust", "php", "terraform", "variables", "workflows"),
        *("containers", "hosts", "files", "formats"),
    ),
    "config": (
        "starter",
        "json_schema",
        "review",
        "load",
        "select",
        "build",
        "tables",
        "checks",
        "resolve",
        "suggest",
        "schema",
    ),
    "catalog": ("patch", "search", "upstream", "build_log", "vendors"),
    "serve": ("server", "app", "figures", "pushes", "site", "inbox"),
    "model": (
        "report_line",
        "why",
        "board",
        "report",
        "state",
        "history",
        "digest",
        "event_line",
        "event",
        "page",
        "mute",
        "incident",
    ),
}

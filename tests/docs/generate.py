"""Write the tables of the documentation from the code: `python -m tests.docs.generate [--check]`.

A block begins with a line `<!-- generated: NAME -->` and ends with a line `<!-- end -->`. The lines between are made
by the function of that name. With `--check` nothing is written, and a block that is not current is exit 1.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import typer

from statuswatch import errors
from statuswatch.catalog import EVIDENCE, catalog
from statuswatch.cli import app
from statuswatch.model.page import Page
from statuswatch.platforms import PLATFORMS, UNREAD_PLATFORMS
from statuswatch.sinks import SINKS
from tests.docs import reusable, samples
from tests.support.floors import FLOORS, INSIDE

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = (ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md")))
BLOCK: Final = re.compile(r"(?ms)^<!-- generated: (?P<name>[^\n]+) -->\n(?P<body>.*?)^<!-- end -->$")
GROWTH_ROW: Final = re.compile(r"(?m)^\| [\d,]+ of \d documents? \| [\d.]+ MB \| ([\d,]+) \|")
GITHUB_LIMITS: Final = (50 * 2**20, 100 * 2**20)  # bytes of a file: GitHub warns of more, and refuses more
HOST: Final = "page.example"


class PlatformFacts(NamedTuple):
    """The facts about a platform that its code does not state."""

    name: str
    when_needed: str
    components: str
    lists: str
    evidence: str


class SinkFacts(NamedTuple):
    """The facts about a sink that its code does not state. `defaults` are options whose default its code computes."""

    sends: str
    set_up: str
    defaults: tuple[tuple[str, str], ...] = ()


PLATFORM_FACTS: Final = {
    "incidentio": PlatformFacts(
        "incident.io",
        "`proxy/<host>`, `feed.atom`; of an absent incident `proxy/<host>/incidents` around its creation",
        "native, by id, with groups; else from the Atom feed",
        "the newest 25; the native list has about three months",
        "recorded",
    ),
    "statuspage": PlatformFacts(
        "Atlassian Statuspage",
        "`api/v2/scheduled-maintenances.json`; of an absent incident `incidents/<id>.json`; after a gap `history.json`",
        "linked; else named by the updates",
        "the newest 50, and all that is open; `history.json` has all",
        "recorded",
    ),
    "instatus": PlatformFacts(
        "Instatus",
        "",
        "in the feed",
        "what is open; the feed adds what is closed",
        "recorded (a window in the feed is not)",
    ),
    "betterstack": PlatformFacts(
        "Better Stack",
        "",
        "affected resources, with their section",
        "open and closed",
        "recorded (none of them open)",
    ),
    "google": PlatformFacts(
        "Google",
        "",
        "affected products, else the service",
        "a window of the newest",
        "recorded (Cloud; entries of Workspace and Search); the rest of one schema, and seen in running clients",
    ),
    "slack": PlatformFacts("Slack", "", "services", "what is open; the history adds what is closed", "recorded"),
    "aws": PlatformFacts("AWS Health", "", "impacted services, each with its region", "what is open", "recorded"),
    "apple": PlatformFacts(
        "Apple",
        "",
        "the services that list the incident",
        "what is open; for some days what is closed",
        "recorded (2021)",
    ),
    "heroku": PlatformFacts(
        "Heroku",
        "",
        "systems",
        "the newest, and all that is open",
        "recorded while all was well; incidents seen in running clients, the vendor's among them",
    ),
    "pagerduty": PlatformFacts(
        "PagerDuty",
        "`api/posts/<id>`, `api/services`",
        "services of the latest update",
        "what is featured",
        "documented for the vendor's REST API, and seen in running clients",
    ),
    "salesforce": PlatformFacts(
        "Salesforce Trust",
        "",
        "services and instances",
        "what is open; the second document adds what is closed",
        "an incident recorded (2023); the rest seen in running clients, the vendor's among them",
    ),
    "site24x7": PlatformFacts(
        "StatusIQ (Site24x7)",
        "",
        "affected components, with their group",
        "what is open, and some days of what is closed",
        "documented in the vendor's libraries, and seen in running clients",
    ),
    "zendesk": PlatformFacts(
        "Zendesk",
        "",
        "services",
        "about 90 days",
        "recorded (none of them open, and no maintenance); open ones seen in running clients",
    ),
    "cstate": PlatformFacts(
        "cState",
        "",
        "affected systems",
        "what is open; the second document lists all",
        "documented in the templates that write it",
    ),
    "uptime-kuma": PlatformFacts(
        "Uptime Kuma",
        "after an absence `api/status-page/<slug>/incident-history`",
        "monitors that are down",
        "what is open; the newest 100 heartbeats of each monitor",
        "documented in the server's code (1.23, 2.5)",
    ),
    "gatus": PlatformFacts(
        "Gatus",
        "",
        "endpoints in trouble",
        "the newest 50 results of each endpoint; announcements",
        "documented in the server's code",
    ),
    "openstatus": PlatformFacts(
        "OpenStatus", "", "those of the report", "all reports and windows", "documented in the server's code"
    ),
    "oneuptime": PlatformFacts(
        "OneUptime",
        "",
        "resources of the incident",
        "what is open, and some days of what is closed",
        "documented in the server's code",
    ),
    "upptime": PlatformFacts(
        "Upptime", "", "the site in the title", "the newest 100 of each kind", "documented in the software's code"
    ),
    "microsoft": PlatformFacts(
        "Microsoft cloud status",
        "",
        "the service",
        "the state of now",
        "recorded while all was well; trouble as running clients read it",
    ),
    "uptimerobot": PlatformFacts(
        "UptimeRobot",
        "",
        "the monitor",
        "the state of now",
        "recorded while all was well; trouble as running clients read it",
    ),
    "statusio": PlatformFacts(
        "Status.io",
        "",
        "components, and regions where only some are affected",
        "what is open",
        "a calm page recorded; the rest documented, and open incidents seen in running clients",
    ),
    "firehydrant": PlatformFacts(
        "FireHydrant",
        "",
        "those of the incident",
        "incidents of any age",
        "recorded (none of them open)",
    ),
    "sorry": PlatformFacts(
        "Sorry",
        "`api/v1/notices/<id>`, `api/v1/components`; `api/v1/notices/<id>` of an absent incident",
        "those of the whole notice",
        "the newest 25",
        "documented, and seen in running clients",
    ),
    "statuspal": PlatformFacts(
        "Statuspal",
        "",
        "services, with their parent",
        "what is open; the second document adds what is closed",
        "recorded (the first document); the rest documented, and seen in running clients",
    ),
    "datadog": PlatformFacts(
        "Datadog Status Page",
        "",
        "those of the incident and its updates, with their group",
        "incidents of any age",
        "recorded (none of them open, and no maintenance)",
    ),
    "cloudflare": PlatformFacts(
        "Cloudflare Status",
        "",
        "those of the incident; the page may be one of them",
        "what is open, and about ten that are closed",
        "seen in running clients",
    ),
    "hund": PlatformFacts("Hund", "", "not stated", "open and closed", "seen in running clients"),
    "cachet": PlatformFacts(
        "Cachet", "", "by their names, without groups", "the newest 100", "its own code, and seen in running clients"
    ),
    "statuscast": PlatformFacts(
        "StatusCast", "", "not stated", "open and closed", "an excerpt in a running client's test"
    ),
    "oracle": PlatformFacts(
        "Oracle Cloud", "", "the service, with its region", "open and closed", "seen in running clients"
    ),
    "azure": PlatformFacts("Azure", "", "the categories: services and regions", "what is open", "recorded"),
    "incidentio-widget": PlatformFacts(
        "incident.io's Widget API",
        "",
        "affected components, each with its group",
        "what is open",
        "documented, the fields as running clients have them",
    ),
    "rss": PlatformFacts(
        "RSS and Atom feeds",
        "",
        "as the feed's software writes them, else not stated",
        "open and closed",
        "recorded: Statuspage, incident.io, AWS; the rest as other clients read them",
    ),
}

SINK_FACTS: Final = {
    "webhook": SinkFacts(
        "the event's JSON by POST; `Idempotency-Key` is the event's id",
        "Any address. With a secret the request is signed as [Standard Webhooks](https://www.standardwebhooks.com) "
        "describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The key has 24 to 64 bytes, in base64 "
        "after `whsec_` or as it is.",
    ),
    "slack": SinkFacts("blocks of plain text", "An incoming webhook."),
    "discord": SinkFacts("an embed, coloured by kind", "A channel's webhook. The address may contain `?thread_id=…`."),
    "teams": SinkFacts(
        "an Adaptive Card, coloured by kind", "A Workflows webhook. Its HTTP 202 means that the workflow began."
    ),
    "pagerduty": SinkFacts(
        "an alert per incident: triggered while open, resolved with it",
        "Events API v2. Incidents only, unless `kinds` or `maintenance = true` say otherwise. In the EU: "
        '`url = "https://events.eu.pagerduty.com/v2/enqueue"`. An alert that a person resolved opens again with the '
        'next update, unless `events = ["new", "resolved"]`.',
    ),
    "alertmanager": SinkFacts(
        "an alert per incident: it fires while the incident is open",
        "The address of [Alertmanager](#alertmanager), without a login. `token_env` holds a bearer token, or "
        "`username_env` and `password_env` a login. Incidents only, unless `kinds` say otherwise. `expires_after` is "
        "in seconds, and longer than any pause between two runs.",
    ),
    "email": SinkFacts(
        "text and HTML; one thread per incident",
        "An SMTP server. `security` is `starttls`, `tls`, or `none` (loopback only). `$SSL_CERT_FILE` names an "
        "authority of your own. A recipient that the server refuses for now is tried again by itself.",
        (("port", "587, or 465 with `tls`"),),
    ),
    "github-issues": SinkFacts(
        "an issue per incident: opened, commented, closed, reopened; labelled by page and impact",
        "In a workflow: `permissions: issues: write` and `GITHUB_TOKEN: ${{ github.token }}`. No account is needed. In "
        "a fork, switch issues on first.",
        (("repository", "this one"),),
    ),
    "apprise": SinkFacts(
        "title and text to any [Apprise](https://github.com/caronc/apprise) service",
        "`pip install 'statuswatch[apprise]'`. The variable holds one Apprise URL or several.",
    ),
}

EXIT_CODES: Final = {
    0: "The run completed, with or without events. Pages that failed are in its report.",
    1: "A bug in statuswatch.",
    2: "The command line or the configuration is wrong.",
    3: "The state file cannot be read, locked, written or merged, or its folder does not exist.",
    4: "No page answered at all: most likely our own network. Nothing is reported or written. With `status --fail-on` "
    "(unless `--allow-unknown`), `why` and `inspect`: what was asked about is not known.",
    5: "The output could not be printed, or a sink did not accept every event. They are kept for the next run; "
    "what had to be dropped is named.",
    10: "With `--exit-code`: there were events. With `status --fail-on`: a matching incident is open. "
    "With `why`: a vendor had something open.",
    130: "Interrupted.",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; a pipe in a cell is escaped."""
    cells = [tuple(head)]
    cells.append(tuple("---" for _ in cells[0]))
    cells.extend(tuple(cell.replace("|", r"\|") for cell in row) for row in rows)
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in cells)


# ------------------------------------------------------------------------------------------ commands


def commands() -> dict[str, Any]:
    """Return every command by its words, those of groups included: `notify test`."""
    return dict(_commands(typer.main.get_command(app)))


def _commands(group: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{words} {name}".strip()
        if hasattr(command, "commands"):
            yield from _commands(command, path)
        elif not command.hidden:
            yield path, command


def usage(words: str, command: Any) -> str:
    """Return how the command is called, without its options."""
    arguments = [param.metavar or param.name.upper() for param in command.params if param.param_type_name == "argument"]
    return " ".join(["statuswatch", words, *arguments])


def summary(command: Any) -> str:
    """Return the first paragraph of the command's help."""
    return " ".join(command.help.partition("\n\n")[0].split())


def command_table() -> str:
    """Return every command with its purpose."""
    rows = ((f"`{usage(words, command)}`", summary(command)) for words, command in commands().items())
    return table(("command", "purpose"), rows)


def options_of(command: Any) -> list[Any]:
    """Return the options that its help lists."""
    return [param for param in command.params if param.param_type_name == "option" and not param.hidden]


def option_table(words: str) -> str:
    """Return the options of one command."""
    return table(("option", "meaning"), (option_row(option) for option in options_of(commands()[words])))


def option_row(option: Any) -> tuple[str, str]:
    """Return the spelling and the meaning of an option, with its default."""
    choices = getattr(option.type, "choices", None)
    value = "|".join(map(str, choices)) if choices else option.metavar or ""
    spellings = [f"`{spelling} {value}`" if value else f"`{spelling}`" for spelling in option.opts]
    default = option.default
    named = not option.is_flag and default not in (None, ()) and "default" not in (option.help or "").lower()
    return ", ".join(spellings), (option.help or "") + (f" Default: `{default}`." if named else "")


def exit_code_table() -> str:
    """Return every exit code. Raises KeyError for one that has no meaning here."""
    return table(("exit code", "meaning"), ((str(code), EXIT_CODES[code]) for code in sorted(exit_codes())))


def exit_codes() -> set[int]:
    """Return the exit codes of the errors, and of a run without any."""
    classes = {error.exit_code for error in errors.StatuswatchError.__subclasses__()}
    return {0, 1, *classes, errors.EVENTS_FOUND, errors.INTERRUPTED}


# ------------------------------------------------------------------------------------------ platforms


def platform_table() -> str:
    """Return every platform, in the order in which they are tried."""
    head = ("platform", "software", "documents of every run", "when needed", "components", "lists", "evidence")
    return table(head, (platform_row(name) for name in PLATFORMS))


def platform_row(name: str) -> tuple[str, ...]:
    """Return what is read of a platform's pages, and on what evidence."""
    facts = PLATFORM_FACTS[name]
    page = Page(key="page", name="Page", url=f"https://{HOST}", platform=name, id="<id>")
    documents = ", ".join(document_path(document.url) for document in PLATFORMS[name].documents(page))
    return (f"`{name}`", facts.name, documents, facts.when_needed, facts.components, facts.lists, facts.evidence)


def document_path(url: str) -> str:
    """Return an address as the table shows it: relative to the page."""
    path = url.partition("?")[0].removeprefix(f"https://{HOST}/").removeprefix("https://").replace("%3C", "<")
    path = path.replace("%3E", ">").replace(HOST, "<host>")
    return "the feed at `id`" if path == "<id>" else f"`{path}`"


def platform_names() -> str:
    """Return the platforms as one sentence."""
    names = [PLATFORM_FACTS[name].name for name in PLATFORMS]
    return f"{len(names)} platforms are read: {', '.join(names[:-1])}, and {names[-1]}."


def catalog_size() -> str:
    """Return how many pages the catalog has."""
    read = sum(page.platform in PLATFORMS for page in catalog().values())
    return f"The catalog has {len(catalog())} pages. {read} can be read; of the others it has the address."


def catalog_counts() -> str:
    """Return how many pages the catalog has: those that can be read, by platform, and the others."""
    counts = Counter(page.platform for page in catalog().values())
    read = [f"{count} {PLATFORM_FACTS[name].name}" for name, count in counts.most_common() if name in PLATFORMS]
    unread = [f"{count} {UNREAD_PLATFORMS[name]}" for name, count in counts.most_common() if is_unread(name)]
    rest = counts[""] + counts["custom"]
    return (
        f"{sum(counts[name] for name in PLATFORMS)} pages can be read: {', '.join(read)}.\n\n"
        f"{len(catalog()) - sum(counts[name] for name in PLATFORMS)} are known but unreadable: {', '.join(unread)}, "
        f"and {rest} whose software is the vendor's own or not known."
    )


def catalog_evidence() -> str:
    """Return how many rows rest on each kind of evidence, and from when it is."""
    rows = catalog().rows.values()
    lines = []
    for evidence, meaning in EVIDENCE.items():
        months = sorted(row.checked.split()[0] for row in rows if row.evidence == evidence)
        if months:
            lines.append((f"`{evidence}`", meaning, str(len(months)), months[0], months[-1]))
    return table(("evidence", "meaning", "rows", "oldest", "newest"), lines)


def is_unread(platform: str) -> bool:
    """Return whether pages on that platform wait for a reader."""
    return platform in UNREAD_PLATFORMS and platform not in PLATFORMS


# ------------------------------------------------------------------------------------------ sinks


def sink_table() -> str:
    """Return every sink, with the options that must be set."""
    head = ("sink", "sends", "must be set")
    return table(head, ((f"`{name}`", SINK_FACTS[name].sends, required_options(name)) for name in SINKS))


def required_options(name: str) -> str:
    """Return the options of a sink that have no default."""
    fields = msgspec.structs.fields(SINKS[name].OPTIONS)
    return ", ".join(f"`{field.name}`" for field in fields if field.default is msgspec.NODEFAULT)


def sink_options() -> str:
    """Return every sink, with all its options, its digest and what has to be set up."""
    head = ("sink", "options (default)", "digest above", "set up")
    return table(head, (sink_row(name) for name in SINKS))


def sink_row(name: str) -> tuple[str, ...]:
    """Return the options of a sink, and what has to be set up for it."""
    sink, facts = SINKS[name], SINK_FACTS[name]
    options = ", ".join(sink_option(field, facts) for field in msgspec.structs.fields(sink.OPTIONS))
    return f"`{name}`", options, str(sink.DIGEST_ABOVE or "never"), facts.set_up


def sink_option(field: Any, facts: SinkFacts) -> str:
    """Return the name of an option, with its default."""
    computed = dict(facts.defaults)
    if field.name in computed:
        return f"`{field.name}` ({computed[field.name]})"
    if field.default is msgspec.NODEFAULT:
        return f"**`{field.name}`**"
    return f"`{field.name}` (`{field.default}`)" if field.default else f"`{field.name}`"


# ------------------------------------------------------------------------------------------ measurements


def state_size() -> str:
    """Return at how many pages GitHub refuses a state file, by the bytes a page that were measured last."""
    results = (ROOT / "tests/proofs/bench/RESULTS.md").read_text(encoding="utf-8")
    size = max(int(match[1].replace(",", "")) for match in GROWTH_ROW.finditer(results))
    warned, refused = (f"{limit // size // 100 * 100:,}" for limit in GITHUB_LIMITS)
    return (
        f"GitHub warns of a pushed file of more than 50 MiB and refuses one of more than 100 MiB. A page with 50 past "
        f"incidents takes up to {size / 1000:.1f} KB of the state file: that is some {warned} and {refused} pages in "
        "one file."
    )


# ------------------------------------------------------------------------------------------ drawings


def floors() -> str:
    """Return the drawing of the floors, the highest first, and the order inside packages."""
    width = max(len(floor_parts(floor.parts)) for floor in FLOORS)
    lines = [f"{floor_parts(floor.parts):<{width}}  {floor.role}{' (pure)' * floor.pure}" for floor in FLOORS]
    inside = [f"{package + '/':<{width}}  {' → '.join(order)}" for package, order in INSIDE.items()]
    return "\n".join(["```text", *lines, "", "inside a package, from the highest to the lowest", *inside, "```"])


def floor_parts(parts: Iterable[str]) -> str:
    """Return the packages and modules of a floor; packages end with a slash."""
    return "  ".join(f"{part}/" if (ROOT / "statuswatch" / part).is_dir() else part for part in parts)


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    "catalog": catalog_size,
    "catalog by platform": catalog_counts,
    "catalog by evidence": catalog_evidence,
    "commands": command_table,
    "demo": samples.demo,
    "exit codes": exit_code_table,
    "floors": floors,
    "inspection": samples.inspection,
    "open now": samples.open_now,
    "platform names": platform_names,
    "platforms": platform_table,
    "sink options": sink_options,
    "sinks": sink_table,
    "state size": state_size,
}


def body_of(block: str) -> str:
    """Return the content of a block; `options WORDS` is the table of a command's options. Raises KeyError."""
    kind, _, words = block.partition(" ")
    return option_table(words) if kind == "options" else BLOCKS[block]()


def blocks_in(content: str) -> list[str]:
    """Return the names of the blocks of a document."""
    return [match["name"] for match in BLOCK.finditer(content)]


def generated(content: str) -> str:
    """Return the document with every block made anew."""
    return BLOCK.sub(_with_body, content)


def _with_body(match: re.Match[str]) -> str:
    name = match["name"]
    return f"<!-- generated: {name} -->\n{body_of(name)}\n<!-- end -->"


def write_or_check(*, check: bool) -> list[str]:
    """Write the documents that are not current, or only check them; return their names."""
    stale = []
    for path in DOCUMENTS:
        content = path.read_text(encoding="utf-8")
        current = generated(content)
        if current == content:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if not check:
            path.write_text(current, encoding="utf-8")
    if reusable.TARGET.read_text(encoding="utf-8") != reusable.workflow():
        stale.append(reusable.TARGET.relative_to(ROOT).as_posix())
        if not check:
            reusable.TARGET.write_text(reusable.workflow(), encoding="utf-8")
    return stale


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.generate")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a document is not current")
    check = parser.parse_args().check
    stale = write_or_check(check=check)
    for name in stale:
        sys.stderr.write(f"{name}: {'not current: run python -m tests.docs.generate' if check else 'written'}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())

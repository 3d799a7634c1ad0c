"""What a GitHub Actions runner is told besides the log: the step summary and the step's outputs."""

from collections.abc import Mapping
from pathlib import Path

from statuswatch.model.report import RunReport


def report_to_runner(report: RunReport, env: Mapping[str, str]) -> list[str]:
    """Appends to the files that the runner names; what could not be written is returned as words, since the run
    itself is done.
    """
    if env.get("GITHUB_ACTIONS") != "true":
        return []
    from statuswatch.render import markdown, summary  # nobody else needs them

    outputs = {
        "changed": str(report.changed).lower(),
        "events": str(len(report.events)),
        "open": str(report.open.total),
        "failed": str(len(report.failed)),
        "message": summary.commit_message(report),
    }
    problems = []
    for variable, content in (
        ("GITHUB_STEP_SUMMARY", markdown.summary(report)),
        ("GITHUB_OUTPUT", _assignments(outputs)),
    ):
        if path := env.get(variable):
            try:
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(content)
            except OSError as error:
                problems.append(f"${variable} cannot be written: {error.strerror or error}")
    return problems


def _assignments(outputs: Mapping[str, str]) -> str:
    """A line for each. A value is one line, whatever a vendor wrote, so that none can begin another output."""
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in outputs.items())

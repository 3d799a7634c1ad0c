"""A GitHub Actions runner, and its files: the step summary and the outputs of the step."""

from collections.abc import Mapping
from pathlib import Path

from statuswatch.model.report import RunReport, StatusView


def is_runner(env: Mapping[str, str]) -> bool:
    """Return whether this is an Actions runner, which reads workflow commands and names files for a summary."""
    return env.get("GITHUB_ACTIONS") == "true"


def report_to_runner(report: RunReport, env: Mapping[str, str], view: StatusView | None = None) -> list[str]:
    """Append the report, and what is open, to the files that the runner names.

    Return a line for each file that could not be written: the run itself is over, and not undone by that.
    """
    if not is_runner(env):
        return []
    from statuswatch.render import markdown, summary  # imported on a runner only

    outputs = {
        "changed": str(report.changed).lower(),
        "events": str(len(report.events)),
        "open": str(report.open.incidents),
        "failed": str(len(report.failed)),
        "message": summary.commit_message(report),
    }
    contents = {"GITHUB_STEP_SUMMARY": markdown.summary(report, view), "GITHUB_OUTPUT": _assignments(outputs)}
    problems = []
    for variable, content in contents.items():
        path = env.get(variable)
        if not path:
            continue
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            problems.append(f"${variable} cannot be written: {error.strerror or error}")
    return problems


def _assignments(outputs: Mapping[str, str]) -> str:
    """Return a line for each output. Vendor text is put on one line, so that it cannot begin another output."""
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in outputs.items())

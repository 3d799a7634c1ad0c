"""Fail where an installed package has a known vulnerability. Warn, and succeed, where that cannot be found out.

pip-audit counts a package that its service does not know as a good one: behind an index without advisories, that is
all of them.
"""

import json
import os
import subprocess
import sys

BUNDLED = {"pip", "setuptools"}  # by `python -m venv`
COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]


def report(line: str) -> None:
    """Print a line."""
    sys.stderr.write(f"pip-audit: {line}\n")


def warn(line: str) -> None:
    """Print a line that a runner of GitHub shows as a warning."""
    prefix = "::warning::" if os.environ.get("GITHUB_ACTIONS") == "true" else ""
    sys.stderr.write(f"{prefix}pip-audit: {line}\n")


def main() -> int:
    """Audit what is installed; return the exit code."""
    completed = subprocess.run(COMMAND, capture_output=True, text=True)  # noqa: S603 - our own words
    try:
        packages = [
            package for package in json.loads(completed.stdout)["dependencies"] if package["name"] not in BUNDLED
        ]
    except (ValueError, LookupError, TypeError):
        warn(f"SKIPPED, nothing was audited: {(completed.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return 0
    audited = [package for package in packages if "vulns" in package]
    findings = [(package, vulnerability) for package in audited for vulnerability in package["vulns"]]
    for package, vulnerability in findings:
        fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
        report(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    unknown = [package["name"] for package in packages if "vulns" not in package and package["name"] != "statuswatch"]
    if not audited:
        warn(f"SKIPPED, nothing was audited: its service knows none of {len(unknown)} packages")
    elif unknown:
        warn(f"SKIPPED, not audited: {', '.join(unknown)}")
    report(f"{len(audited)} packages audited, {len(findings)} vulnerabilities")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())

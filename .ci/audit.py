"""Fails where what is installed has a known vulnerability; where nobody can tell, says so, and does not fail.

pip-audit takes a package of which its service knows nothing for a good one: behind an index that serves files and no
advisories, all of them.
"""

import json
import os
import subprocess
import sys

BROUGHT = {"pip", "setuptools"}  # by `python -m venv`
COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def warn(line: str) -> None:
    say(f"{'::warning::' if os.environ.get('GITHUB_ACTIONS') == 'true' else ''}pip-audit: {line}")


def main() -> int:
    done = subprocess.run(COMMAND, capture_output=True, text=True)  # noqa: S603 - our own words
    try:
        listed = [it for it in json.loads(done.stdout)["dependencies"] if it["name"] not in BROUGHT]
    except (ValueError, LookupError, TypeError):
        warn(f"SKIPPED, nothing was audited: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return 0
    audited = [it for it in listed if "vulns" in it]
    found = [(it, vulnerability) for it in audited for vulnerability in it["vulns"]]
    for it, vulnerability in found:
        fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
        say(f"pip-audit: {it['name']} {it['version']}: {vulnerability['id']}, mended in {fixed}")
    unknown = [it["name"] for it in listed if "vulns" not in it and it["name"] != "statuswatch"]
    if not audited:
        warn(f"SKIPPED, nothing was audited: its service knows none of {len(unknown)} packages")
    elif unknown:
        warn(f"SKIPPED, not audited: {', '.join(unknown)}")
    say(f"pip-audit: {len(audited)} packages audited, {len(found)} vulnerabilities")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

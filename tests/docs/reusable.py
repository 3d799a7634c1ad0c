"""The reusable workflow `watch.yml`, made from `statuswatch.yml`: the same jobs, steps and scripts, with inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

WORKFLOWS: Final = Path(__file__).parents[2] / ".github" / "workflows"
SOURCE: Final = WORKFLOWS / "statuswatch.yml"
TARGET: Final = WORKFLOWS / "watch.yml"
SECRETS: Final = (
    "SLACK_WEBHOOK_URL",
    "DISCORD_WEBHOOK_URL",
    "TEAMS_WEBHOOK_URL",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "PAGERDUTY_ROUTING_KEY",
    "SMTP_USERNAME",
    "SMTP_PASSWORD",
    "APPRISE_URLS",
)
HEAD: Final = """\
# Made from statuswatch.yml by `python -m tests.docs.generate`: the same jobs, to be called by a workflow of another
# repository. Its job must grant what the jobs below ask for: contents, issues, pages and id-token to write,
# deployments to read. Each job here has its part of that and no more.
name: Watch

on:
  workflow_call:
    inputs:
      config:
        description: The configuration; without it the one that a search finds.
        type: string
        default: ""
      state:
        description: The path of the state, as the configuration has it.
        type: string
        default: state.json
      history:
        description: The folder of the archive, as the configuration has it.
        type: string
        default: history
      lock:
        description: The versions of what statuswatch needs; requirements-apprise.txt for that sink.
        type: string
        default: requirements.txt
      issues:
        description: Give the check the token that the sink github-issues needs.
        type: boolean
        default: false
      pages-site:
        description: Publish the board on GitHub Pages.
        type: boolean
        default: false
    secrets:
{secrets}

permissions: {{}}

env:
  LOCK: ${{{{ inputs.lock }}}}
  STATE_FILE: ${{{{ inputs.state }}}}
  HISTORY: ${{{{ inputs.history }}}}
  STATUSWATCH_CONFIG: ${{{{ inputs.config }}}}

jobs:
"""
# What differs in the jobs: a text of the source, and what stands for it.
CHANGES: Final = (
    (
        '      # issues: write # for the sink github-issues: remove the first "# " of this line, '
        'see the step "Check"\n',
        "      issues: write # for the sink github-issues; the token is handed to the check only if `issues` is set\n",
    ),
    ("vars.STATUSWATCH_BOARD == 'true'", "inputs.pages-site"),
    (
        "        # One variable of the repository switches the board on: STATUSWATCH_BOARD = true.\n",
        "",
    ),
    (
        "        # What it needs is locked by hashes: the lock comes with it.\n",
        "        # The commit that the caller names is what is installed. What it needs is locked by hashes.\n"
        "        env:\n"
        "          STATUSWATCH: git+${{ github.server_url }}/${{ job.workflow_repository }}@${{ job.workflow_sha }}\n",
    ),
)
CHECK_COMMENT: Final = "          # Sinks find their secrets"
CHECK_END: Final = "        # Exit 5 (a sink refused"


def workflow() -> str:
    """Return what `watch.yml` must be. Raises ValueError where the source has changed so that it cannot be told."""
    jobs = SOURCE.read_text(encoding="utf-8").partition("\njobs:\n")[2]
    for before, after in CHANGES:
        if before not in jobs:
            raise ValueError(f"statuswatch.yml has no longer: {before.strip()}")
        jobs = jobs.replace(before, after)
    start, end = jobs.index(CHECK_COMMENT), jobs.index(CHECK_END)
    values = ["          GITHUB_TOKEN: ${{ inputs.issues && github.token || '' }}\n"]
    values += [f"          {name}: ${{{{ secrets.{name} }}}}\n" for name in SECRETS]
    jobs = f"{jobs[:start]}{''.join(values)}{jobs[end:]}"
    secrets = "\n".join(f"      {name}:\n        required: false" for name in SECRETS)
    return HEAD.format(secrets=secrets) + jobs

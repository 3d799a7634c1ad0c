"""What a shell tells the command at TAB."""

from __future__ import annotations


def tab_environment(shell: str, line: str) -> dict[str, str]:
    """Return the variables with which a shell asks what may stand at the end of the line."""
    words = line.split(" ")
    return {
        "_STATUSWATCH_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }

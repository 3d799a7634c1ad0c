"""Hosts in configuration files and content security policies. Links to documentation are no dependency."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_SUFFIXES: Final = frozenset((".toml", ".yml", ".yaml", ".json", ".ini", ".conf", ".cfg", ".properties", ".tf", ".env"))
_NAMES: Final = frozenset(("_headers", "_redirects", ".htaccess", "Caddyfile", ".env", ".env.example", ".env.sample"))
# Files whose addresses are those of packages, of their authors, and of schemas.
_OTHERS: Final = re.compile(
    r"(?i)(?:package|composer|deno|tsconfig.*|jsconfig)\.json|.*[-.]lock(?:\..+)?|pyproject\.toml|Cargo\.toml"
)
_ADDRESS: Final = re.compile(r"\b(?:https?|wss?)://(?:[^\s/@\"']*@)?((?:[a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
_POLICY: Final = re.compile(r"(?i)content-security-policy|\b(?:connect|script|img|frame|font|style|default)-src\b")
_DOMAIN: Final = re.compile(r"(?<![\w.-])(?:\*\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?![\w.-])", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s*(?:#|//|;|/\*|\*|<!--)")
_SCHEMA: Final = re.compile(
    r"""["']?(?:\$schema|\$id|xmlns(?::\w+)?)["']?\s*[:=]\s*["'][^"']*["']|yaml-language-server.*"""
)
_PAGES_FOR_PEOPLE: Final = re.compile(
    r"(?i)(?:www|docs?|help|support|blog|status|community|developers?|learn|schema|json|wiki|forum)\..*"
)


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a configuration file."""
    if path.parts[:1] == (".github",) or _OTHERS.fullmatch(path.name):
        return False
    return path.suffix in _SUFFIXES or path.name in _NAMES


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the hosts of addresses, and of content security policies those without a scheme as well."""
    for line in content.splitlines():
        if _COMMENT.match(line):
            continue
        line = _SCHEMA.sub("", line)
        hosts = (_DOMAIN if _POLICY.search(line) else _ADDRESS).findall(line)
        yield from (Name(VendorKind.HOST, host.lower()) for host in hosts if not _PAGES_FOR_PEOPLE.fullmatch(host))

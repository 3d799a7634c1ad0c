"""Addresses that a vendor's server names, and that a person may be asked to write down."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_ADDRESS: Final = 200  # characters
_PRIVATE_NAMES: Final = frozenset(
    {
        *("local", "localhost", "localdomain", "internal", "intranet", "private"),
        *("lan", "home", "corp", "arpa", "onion"),
    }
)
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._~%+:@,;=!$&()*-]*")  # it ends up between quotes, in a person's file
_PLAIN_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")


def is_public_host(host: str) -> bool:
    """Return whether a host is one of the public internet, as far as its name or number shows.

    A name without a dot, and a number in an unusual form (`127.1`, `0x7f000001`), is not.
    """
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ip_address(name).is_global
    except ValueError:
        pass
    last_label = name.rpartition(".")[2]
    if not _PLAIN_HOST.fullmatch(name) or _NUMBER.fullmatch(last_label):
        return False
    return last_label not in _PRIVATE_NAMES


def public_address(url: str) -> str:
    """Return the address without query and fragment; "" where it is private, not over TLS, or no plain text."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None or not is_public_host(host):
        return ""
    shown_host = f"[{host}]" if ":" in host else host
    address = f"https://{shown_host}{f':{port}' if port not in (None, 443) else ''}{parts.path.rstrip('/')}"
    return address if len(address) <= MAX_ADDRESS and _PLAIN_PATH.fullmatch(parts.path) else ""

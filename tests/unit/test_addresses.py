"""Addresses that may be suggested: public hosts over TLS only."""

import pytest

from statuswatch.net.addresses import MAX_ADDRESS, is_public_host, public_address


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "status.localhost", "printer.local", "status.internal", "intranet"),
        *("nas.lan", "hub.home.arpa", "db.corp", "a.localdomain", "", "."),
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "0.0.0.0"),
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "240.0.0.1"),
        *("::1", "[::1]", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::"),
        *("a b.example", "a_b.example", "ex\u0430mple.com", "-", "a..example"),
    ],
)
def test_private_hosts(host: str) -> None:
    """5: loopback, private and link-local networks, local names, and anything in a form that hides one."""
    assert not is_public_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "status.acme.example",
        "acme.com",
        "acme.com.",
        "8.8.8.8",
        "[2606:4700::1111]",
        "xn--mnchen-3ya.de",
        "local.acme.com",
    ],
)
def test_public_hosts(host: str) -> None:
    """5: any other name or number."""
    assert is_public_host(host)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://acme.com", "https://acme.com"),
        ("https://acme.com/", "https://acme.com"),
        ("https://acme.com:443/a/b/?c#d", "https://acme.com/a/b"),
        ("https://acme.com:8443/a", "https://acme.com:8443/a"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
        ("http://acme.com/a", ""),
        ("https://user:word@acme.com/a", ""),
        ("https://localhost/a", ""),
        ('https://acme.com/a"b', ""),
        ("https://acme.com/a b", ""),
        ("https://acme.com/\u202e", ""),
        ("https://acme.com:port/", ""),
        ("https://[::1/", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
        (f"https://acme.com/{'a' * MAX_ADDRESS}", ""),
    ],
)
def test_an_address_to_write_down(url: str, address: str) -> None:
    """5: scheme, host, port and path; nothing where it is private, plain HTTP, or could break out of its quotes."""
    assert public_address(url) == address

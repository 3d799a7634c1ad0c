"""Certificate authorities."""

import ssl


def trust_store() -> ssl.SSLContext:
    """Return the system's certificate authorities; the bundle that httpx carries where the system has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not (context.cert_store_stats()["x509_ca"] or paths.capath):
        import certifi

        context.load_verify_locations(certifi.where())
    return context

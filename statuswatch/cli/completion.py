"""Words that a shell offers at TAB: keys of pages, and names of sinks. Typer supplies commands and options."""

import os
from typing import TYPE_CHECKING

from statuswatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statuswatch.config.schema import Config


def watched_pages(incomplete: str) -> list[str]:
    """Return the keys of the pages that a run may read: those of the configuration; of the catalog without one."""
    settings = _settings()
    if settings is None or not settings.source:
        return _matching(_catalog_keys(), incomplete)
    return _matching((page.key for page in settings.pages), incomplete)


def all_pages(incomplete: str) -> list[str]:
    """Return the keys of the configuration, then of the catalog."""
    settings = _settings()
    own = [page.key for page in settings.pages] if settings and settings.source else []
    return _matching([*own, *_catalog_keys()], incomplete)


def sink_names(incomplete: str) -> list[str]:
    """Return the names of the sinks of the configuration."""
    settings = _settings()
    return _matching((sink.name for sink in settings.notify), incomplete) if settings else []


def _settings() -> "Config | None":
    """Return the configuration that a run would use here; None where it has a mistake, which the run reports."""
    from statuswatch.config.load import load_config, working_folder

    try:
        return load_config(None, os.environ, working_folder())
    except UsageError:
        return None


def _catalog_keys() -> "Iterable[str]":
    from statuswatch.catalog import catalog

    return catalog()


def _matching(words: "Iterable[str]", incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]

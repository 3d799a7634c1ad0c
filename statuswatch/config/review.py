"""What a configuration without a mistake may still lack: variables that are not set, globs that match nothing."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from statuswatch.config.resolve import caution
from statuswatch.config.schema import Config
from statuswatch.model.incident import Component
from statuswatch.model.page import Page
from statuswatch.platforms import REGIONAL
from statuswatch.rules.filters import is_known_region, unmatched_globs
from statuswatch.text import line


def review(
    config: Config, listed: Mapping[str, tuple[Component, ...]], env: Mapping[str, str], now: datetime
) -> list[str]:
    """Return the warnings, in the order of the file.

    `listed` has the components that each page lists, as far as they are remembered.
    """
    return [
        *(f"{page.key}: {caution(page)} ({page.url})" for page in config.pages if caution(page)),
        *_unset_headers(config, env),
        *_unmatched_globs(config, listed),
        *_sink_globs(config, listed),
        *(
            f"mute of {mute.page} {mute.incident!r} ended at {mute.until:%Y-%m-%d %H:%M} UTC: remove it"
            for mute in config.mutes
            if mute.until and mute.until <= now
        ),
    ]


def _unset_headers(config: Config, env: Mapping[str, str]) -> Iterator[str]:
    for key, headers in config.headers.items():
        for variable in headers.values():
            if not env.get(variable):
                yield f"page.{key}.headers_env: ${variable} is not set here: the page cannot be read without it"


def _unmatched_globs(config: Config, listed: Mapping[str, tuple[Component, ...]]) -> Iterator[str]:
    for page in config.pages:
        if not page.components:
            continue
        if not listed.get(page.key):
            yield from _uncompared_globs(page)
            continue
        for glob in unmatched_globs(listed[page.key], page.components):
            yield line(f"{page.key}: {glob!r} matches no component: `statuswatch inspect {page.key}` lists them")


def _uncompared_globs(page: Page) -> Iterator[str]:
    """Yield a warning where the globs of a page cannot be compared with what it lists, unless they name a region."""
    if page.platform not in REGIONAL:
        yield f"{page.key}: its components are not known yet, so `components` was not compared: run `check` first"
        return
    for glob in page.components:
        if not _is_in_region([page], glob):
            uncompared = f"{page.key}: {glob!r} is no code of a region, and was not compared"
            yield line(f"{uncompared}: the page lists no components")


def _sink_globs(config: Config, listed: Mapping[str, tuple[Component, ...]]) -> Iterator[str]:
    """Yield the globs of sinks that match on none of their pages, where the components of all of these are known."""
    for sink in config.notify:
        pages = [page for page in config.pages if not sink.pages or page.key in sink.pages]
        for glob in _unmatched_on(pages, listed, sink.components):
            yield line(f"{sink.where}: {glob!r} in `components` matches no component that its pages list")


def _unmatched_on(
    pages: list[Page], listed: Mapping[str, tuple[Component, ...]], globs: tuple[str, ...]
) -> Iterable[str]:
    """Return the globs that match nothing that the pages list, and name no region of those that list nothing."""
    unlisted = tuple(page for page in pages if not listed.get(page.key))
    if not all(page.platform in REGIONAL for page in unlisted):
        return ()
    components = _joined(listed.get(page.key, ()) for page in pages)
    unmatched = unmatched_globs(components, globs) if components else globs
    return tuple(glob for glob in unmatched if not _is_in_region(unlisted, glob))


def _is_in_region(pages: Iterable[Page], glob: str) -> bool:
    """Return whether a glob begins with the code of a region of one of the vendors: "us-east-1/*EC2*"."""
    return any(is_known_region(page, glob.partition("/")[0]) for page in pages)


def _joined(parts: Iterable[tuple[Component, ...]]) -> tuple[Component, ...]:
    return tuple(component for part in parts for component in part)

"""A plug point: modules of a package, by name."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar, cast

Plug = TypeVar("Plug", covariant=True)


class Registry(Mapping[str, Plug]):
    """The named modules, in that order, each imported when it is used: a run of three pages need not pay for all. A
    module's name has `_` where its own has `-`.
    """

    def __init__(self, package: str, *names: str) -> None:
        self._package = package
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Plug:
        if name not in self._names:
            raise KeyError(name)
        return cast("Plug", import_module(f"{self._package}.{name.replace('-', '_')}"))

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without an import

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

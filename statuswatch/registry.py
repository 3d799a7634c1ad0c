"""A plug point: modules of a package, by name."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar, cast

Plug = TypeVar("Plug", covariant=True)


class Registry(Mapping[str, Plug]):
    """The named modules of a package, in that order, each imported at its first use.

    A run of three pages need not pay for every module. A `-` in a name is a `_` in the name of its module.
    """

    def __init__(self, package: str, *names: str) -> None:
        self._package = package
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Plug:
        if name not in self._names:
            raise KeyError(name)
        module = import_module(f"{self._package}.{name.replace('-', '_')}")
        return cast("Plug", module)

    def __contains__(self, name: object) -> bool:
        """Return whether the name is registered, without an import."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

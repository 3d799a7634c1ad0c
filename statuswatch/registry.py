"""A plug point: modules of a package, by name."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from types import ModuleType

Plug = TypeVar("Plug", covariant=True)


class Registry(Mapping[str, Plug]):
    """The named modules of a package, in that order, each imported at its first use.

    A run of three pages need not pay for every module. A `-` in a name is a `_` in the name of its module.
    """

    def __init__(self, package: str, *names: str) -> None:
        self._package = package
        self._modules: dict[str, ModuleType | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Plug:
        module = self._modules[name]
        if module is None:
            module = self._modules[name] = import_module(f"{self._package}.{name.replace('-', '_')}")
        return cast("Plug", module)

    def __contains__(self, name: object) -> bool:
        """Return whether the name is registered, without an import."""
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

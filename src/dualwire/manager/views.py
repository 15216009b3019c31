"""Live views in the specification's shapes: one truth inside, shown as the dictionaries that
applications know. Writing to one raises an error that names the call to use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, NoReturn, TypeVar

from ..exceptions import ReadOnlyViewError

__all__ = ["ListView", "MapView", "SetView"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

_MUTATORS = {
    list: "append extend insert remove pop clear sort reverse __setitem__ __delitem__ __iadd__",
    set: "add remove discard pop clear update difference_update intersection_update"
    " symmetric_difference_update __ior__ __iand__ __isub__ __ixor__",
    dict: "pop popitem clear update setdefault __setitem__ __delitem__ __ior__",
}


class ListView(list[T]):
    """A list that shows what is; writing raises :exc:`ReadOnlyViewError`."""

    def __init__(self, items: Iterable[T], name: str, instead: str) -> None:
        super().__init__(items)
        self._name, self._instead = name, instead


class SetView(set[T]):
    """A set that shows what is; writing raises :exc:`ReadOnlyViewError`."""

    def __init__(self, items: Iterable[T], name: str, instead: str) -> None:
        super().__init__(items)
        self._name, self._instead = name, instead


class MapView(Mapping[K, V], Generic[K, V]):
    """A mapping that is computed whenever it is read; writing raises :exc:`ReadOnlyViewError`.

    Args:
        name: the attribute's name.
        instead: the call that does what a write would mean.
        keys: the keys, now.
        get: the value of a key, now; raises :exc:`KeyError`.
    """

    def __init__(
        self,
        name: str,
        instead: str,
        keys: Callable[[], Iterable[K]],
        get: Callable[[K], V],
    ) -> None:
        self._name, self._instead = name, instead
        self._keys, self._get = keys, get

    def __getitem__(self, key: K) -> V:
        return self._get(key)

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._keys()))

    def __len__(self) -> int:
        return len(list(self._keys()))

    def __repr__(self) -> str:
        return f"<{self._name}: {dict(self)!r}>"


def _refuse(self: Any, *_: object, **__: object) -> NoReturn:
    raise ReadOnlyViewError(self._name, self._instead)


for _view, _kind in ((ListView, list), (SetView, set), (MapView, dict)):
    for _method in _MUTATORS[_kind].split():
        setattr(_view, _method, _refuse)

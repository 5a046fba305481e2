"""`dataclass` as the standard library has it, for plain classes in a thirtieth of the time.

There each class costs six calls of the compiler, which were two fifths of the time that hprun took
to start. Here the methods are shared, and only `__init__` is compiled: when the first object is
made, for most classes are not needed by most commands. Whatever is more than a class with plain
fields is left to the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

_NOT_OURS = {
    "__init__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__slots__", "__reduce__",
    "__annotate_func__",  # annotations that are no text, from Python 3.14 on
}  # fmt: skip
_QUICK: tuple[dict[str, bool], ...] = ({}, {"frozen": True}, {"frozen": True, "slots": True})
_SPECIAL = ("ClassVar", "InitVar", "KW_ONLY")
_Class = type[Any]


def _dataclass(cls: _Class | None = None, /, **options: bool) -> Any:
    """As `dataclasses.dataclass`; quick with the options of `_QUICK`."""
    if cls is None:
        return lambda cls: _dataclass(cls, **options)
    if options not in _QUICK or not _is_plain(cls):
        return dataclasses.dataclass(**options)(cls)
    return _made(cls, **options)


def _is_plain(cls: _Class) -> bool:
    """Say whether a class has but fields, with defaults that are no lists, and methods."""
    own = vars(cls)
    if cls.__bases__ != (object,) or type(cls) is not type or _NOT_OURS & own.keys():
        return False
    for name, kind in own.get("__annotations__", {}).items():
        default = own.get(name)
        if not isinstance(kind, str) or any(word in kind for word in _SPECIAL):
            return False
        if isinstance(default, Field):
            if not default.init or default.kw_only is True or default.hash is not None:
                return False
        elif type(default).__hash__ is None:
            return False
    return True


def _made(cls: _Class, *, frozen: bool = False, slots: bool = False) -> _Class:
    """The class with its methods."""
    own = dict(vars(cls))
    kinds: dict[str, str] = own.get("__annotations__", {})
    given = {name: own[name] for name in kinds if name in own}
    fields = {name: default for name, default in given.items() if isinstance(default, Field)}
    for name, default in given.items():
        if name in fields or slots:
            del own[name]
        if name in fields and not slots and default.default is not MISSING:
            own[name] = default.default
    compared = [name for name in kinds if name not in fields or fields[name].compare]
    shown = [name for name in kinds if name not in fields or fields[name].repr]
    own |= _comparison(compared)
    own |= _immutability(compared) if frozen else {"__hash__": None}
    own.setdefault("__repr__", _representation(shown))
    own["__match_args__"] = tuple(kinds)
    for note in ("__dataclass_fields__", "__dataclass_params__"):
        own[note] = _Standard(note, {**given, "__annotations__": kinds}, frozen=frozen)
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    if slots:
        own["__slots__"] = tuple(kinds)
    made = type(cls.__name__, (), own)
    made.__init__ = _first_init(made, kinds, given)  # type: ignore[misc]
    return made


def _first_init(cls: _Class, kinds: dict[str, str], given: dict[str, Any]) -> Callable[..., None]:
    """An `__init__` that makes the real one."""

    def __init__(self: object, /, *arguments: object, **named: object) -> None:  # noqa: N807
        cls.__init__ = _compiled(cls, kinds, given)
        cls.__init__(self, *arguments, **named)

    return __init__


def _compiled(cls: _Class, kinds: dict[str, str], given: dict[str, Any]) -> Callable[..., None]:
    names: dict[str, Any] = {"set_": object.__setattr__, "MISSING": MISSING}
    parameters, lines = ["self"], []
    for number, name in enumerate(kinds):
        default, value = given.get(name, MISSING), name
        if isinstance(default, Field):
            if default.default_factory is not MISSING:
                names[f"make_{number}"] = default.default_factory
                value = f"make_{number}() if {name} is MISSING else {name}"
            names[f"default_{number}"] = default.default
            optional = default.default is not MISSING or value != name
        else:
            names[f"default_{number}"], optional = default, default is not MISSING
        parameters.append(f"{name}=default_{number}" if optional else name)
        lines.append(f" set_(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    text = f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"])
    exec(text, names)  # noqa: S102 - made of the names of our own fields, as the standard's is
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _values(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _comparison(compared: list[str]) -> dict[str, Any]:
    values = _values(compared)

    def eq(self: object, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    return {"__eq__": eq}


def _immutability(compared: list[str]) -> dict[str, Any]:
    values = _values(compared)

    def hash_(self: object) -> int:
        return hash(values(self))

    def set_(_self: object, name: str, _value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def delete(_self: object, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def reduce(self: object) -> tuple[_Class, tuple[Any, ...]]:
        names = (field.name for field in dataclasses.fields(self))  # type: ignore[arg-type]
        return type(self), tuple(getattr(self, name) for name in names)

    return {"__hash__": hash_, "__setattr__": set_, "__delattr__": delete, "__reduce__": reduce}


def _representation(shown: list[str]) -> Callable[[object], str]:
    @recursive_repr()
    def representation(self: object) -> str:
        words = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({words})"

    return representation


class _Standard:
    """What the standard library notes at its classes, made when it looks: for `replace`, say."""

    def __init__(self, note: str, own: dict[str, Any], *, frozen: bool) -> None:
        self._note, self._own, self._frozen = note, own, frozen
        self._made: Any = None

    def __get__(self, _object: object, cls: _Class) -> Any:
        if self._made is None:
            own = {**self._own, "__module__": cls.__module__}
            model: _Class = type(cls.__name__, (), own)
            make = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=self._frozen)
            self._made = getattr(make(model), self._note)
        return self._made


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - for whoever imports it here
else:
    dataclass = _dataclass

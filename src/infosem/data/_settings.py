"""Settings of a model, which are frozen dataclasses that saved models refer to by the name of their class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, TypeVar

S = TypeVar("S", bound="type[Settings]")

_REGISTERED: dict[str, type[Settings]] = {}


class Settings:
    """Base class of all settings.

    Subclasses are frozen dataclasses, which are compared by their fields. A class must be registered (:func:`register`)
    before a model that was saved with it can be loaded.
    """

    def _checked(self, **checks: Callable[[Any, str], Any]) -> None:
        """Replace each field by the result of its check, which gets the value and the name of the field."""
        for name, check in checks.items():
            object.__setattr__(self, name, check(getattr(self, name), name))


def register(cls: S) -> S:
    """Register a class of settings, so that models saved with it can be loaded. Use it as a decorator.

    Parameters
    ----------
    cls
        Frozen dataclass that derives from one of infosem's base classes, for instance
        :class:`infosem.module.EffectPrior`, :class:`infosem.module.Likelihood` or :class:`infosem.scores.Evidence`.

    Returns
    -------
    The class itself.

    Raises
    ------
    TypeError
        If the class is not a frozen dataclass of settings.
    ValueError
        If another class of the same name is registered.
    """
    parameters = getattr(cls, "__dataclass_params__", None)
    if not (isinstance(cls, type) and issubclass(cls, Settings) and is_dataclass(cls) and parameters.frozen):
        raise TypeError(
            f"{cls!r} is not a frozen dataclass of settings. Write @infosem.register above "
            "@dataclass(frozen=True, kw_only=True), and derive the class from a base class of infosem, for instance "
            "infosem.module.EffectPrior."
        )
    if any("name" in vars(base).get("__annotations__", {}) for base in cls.__mro__) and not (
        isinstance(name := getattr(cls, "name", None), str) and name.isidentifier()
    ):
        raise TypeError(
            f"{cls.__name__} needs a name of letters, digits and underscores: name: ClassVar[str] = "
            f"{cls.__name__.lower()!r}."
        )
    known = _REGISTERED.get(cls.__name__)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ValueError(
            f"A class called {cls.__name__} is registered already, from {known.__module__}. Give yours another name."
        )
    _REGISTERED[cls.__name__] = cls
    return cls


class UnknownSettingsError(LookupError):
    """A class of settings is not known by its name."""


def require_registered(value: object) -> None:
    """Raise a :class:`TypeError` if settings, or settings among their fields, are of a class that is not registered."""
    if isinstance(value, tuple):
        for entry in value:
            require_registered(entry)
    if not isinstance(value, Settings):
        return
    if _REGISTERED.get(type(value).__name__) is not type(value):
        raise TypeError(
            f"{type(value).__name__} is not registered, so that a model with it could not be saved. Write "
            "@infosem.register above the class."
        )
    for entry in vars(value).values():
        require_registered(entry)


def registered(name: str) -> type[Settings]:
    """Return the registered class called ``name``; raise an :class:`UnknownSettingsError` if there is none."""
    if name not in _REGISTERED:
        raise UnknownSettingsError(
            f"the model was made with {name}, which is not known here: import the module that defines it and registers "
            "it with @infosem.register, then load the model again"
        )
    return _REGISTERED[name]

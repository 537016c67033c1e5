"""The little grammar: family/name@layer, metric:setting=value,setting=value, metric+transform:setting=value."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from tbench.errors import PluginError, UsageError

Settings = tuple[tuple[str, str], ...]

PLAIN_NAME = re.compile(r"\w[\w.-]*")
NAME = re.compile(rf"([\w.-]+/)?{PLAIN_NAME.pattern}")  # package/name where two packages bring it
SETTING = re.compile(r"[^\W\d]\w*")
PRESET = "as"  # metric:as=thuml; no parameter of a function can be called so
VALUE = re.compile(r"([^\s,:=+]|\+(?=\d))*")  # a plus sign before a digit is a sign: 1e+2


@dataclass(frozen=True)
class Piece:
    """A plug-in's name and the settings written behind it, as text."""

    name: str
    settings: Settings = ()

    def __str__(self) -> str:
        return self.name + (":" + ",".join(f"{key}={value}" for key, value in self.settings) if self.settings else "")


@dataclass(frozen=True)
class Spec:
    """A metric and the transforms round it, the first one applied first."""

    metric: Piece
    transforms: tuple[Piece, ...] = ()

    def __str__(self) -> str:
        return "+".join(map(str, (self.metric, *self.transforms)))


@dataclass(frozen=True)
class CandidateName:
    """family/name@layer, where the name may hold slashes; datasets have no layer."""

    family: str
    name: str
    layer: str | None = None

    @classmethod
    def parse(cls, text: str) -> CandidateName:
        family, slash, rest = text.partition("/")
        name, at, layer = rest.rpartition("@") if "@" in rest else (rest, "", "")
        if not family or not slash or not name or (at and not layer):
            raise UsageError(f"{text!r} is not family/name or family/name@layer")
        return cls(family, name, layer or None)

    def __str__(self) -> str:
        return f"{self.family}/{self.name}" + (f"@{self.layer}" if self.layer else "")


def parse(text: str) -> Spec:
    """`logme:logdet=thin+ped:nsigma=2,dt=1`. A plus sign before a digit (1e+2) belongs to the number."""
    pieces = [_piece(piece, text) for piece in re.split(r"\+(?!\d)", text)]
    return Spec(pieces[0], tuple(pieces[1:]))


def split_specs(text: str) -> list[str]:
    """The specs of a comma list. What stands behind a comma and holds an equals sign but no colon before it is a
    setting of the spec before: `transrate:eps=1e-2,weights=counts,nce` is transrate and nce."""
    specs: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, _ = part.partition("=")
        if specs and equals and ":" not in key:
            specs[-1] += f",{part}"
        else:
            specs.append(part)
    if not specs:
        raise UsageError(f"{text!r} names no metric")
    return specs


def needs(function: Callable[..., object]) -> tuple[str, ...]:
    """The evidence that a plug-in function asks for: the names of its parameters without default."""
    return tuple(name for name, parameter in _parameters(function).items() if parameter.default is parameter.empty)


def defaults(function: Callable[..., object]) -> dict[str, object]:
    """The settings of a plug-in function: its parameters with default, and their default values."""
    given = {name: p.default for name, p in _parameters(function).items() if p.default is not p.empty}
    for key, value in given.items():
        if not (value is None or isinstance(value, bool | int | float | str)) or not VALUE.fullmatch(_text(value)):
            raise PluginError(
                f"{_whose(function)}: setting {key} has the default {value!r}, which cannot be written in a spec; "
                "a setting is true, false, a number, a word or none"
            )
    return given


def bind(piece: Piece, function: Callable[..., object]) -> dict[str, object]:
    """The settings that are written, as values of the types that the function declares.

    A type is what the annotation names (bool, int, float, str, None), or that of the default. UsageError otherwise.
    `as` stands for all settings of a preset; what is written beside it wins.
    """
    known = defaults(function)
    parameters = _parameters(function)
    preset: Mapping[str, object] = {}
    bound: dict[str, object] = {}
    for key, text in piece.settings:
        if key == PRESET:
            preset = _preset(piece.name, function, text)
            continue
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            told = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise UsageError(f"{piece.name} has no setting {key!r}{hint} ({told})")
        bound[key] = _value(f"{piece.name}: {key}={text}", text, _kinds(parameters[key]))
    return {**preset, **bound}


def presets(function: Callable[..., object]) -> dict[str, dict[str, object]]:
    """The settings that published code has, by the name that a plug-in function gives them."""
    named: dict[str, dict[str, object]] = getattr(function, "presets", {})
    known = defaults(function)
    for name, settings in named.items():
        if unknown := sorted(set(settings) - set(known)):
            raise PluginError(f"{_whose(function)}: preset {name} sets {', '.join(unknown)}, which it does not have")
    return named


def written(name: str, settings: Mapping[str, object]) -> Piece:
    """The piece with these settings, in the order of the alphabet."""
    return Piece(name, tuple((key, _text(settings[key])) for key in sorted(settings)))


def spelled_out(name: str, function: Callable[..., object], settings: Mapping[str, object]) -> Piece:
    """The piece with every setting."""
    return written(name, defaults(function) | dict(settings))


def shortened(name: str, function: Callable[..., object], settings: Mapping[str, object]) -> Piece:
    """The piece without the settings that are as they would be anyway, or with the preset that they make up."""
    known = defaults(function)
    if known | dict(settings) != known:
        for preset, values in presets(function).items():
            if known | dict(settings) == known | values:
                return Piece(name, ((PRESET, preset),))
    return written(name, {key: value for key, value in settings.items() if value != known[key]})


def _preset(name: str, function: Callable[..., object], wanted: str) -> dict[str, object]:
    named = presets(function)
    if wanted not in named:
        close = get_close_matches(wanted, named, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        told = f"it has {', '.join(named)}" if named else "it has none"
        raise UsageError(f"{name} has no published settings called {wanted!r}{hint} ({told})")
    return named[wanted]


def _piece(text: str, whole: str) -> Piece:
    name, colon, rest = text.partition(":")
    name = name.strip()
    parts = [part.partition("=") for part in rest.split(",")] if colon else []
    settings = tuple((key.strip(), value.strip()) for key, _, value in parts)
    readable = all(equals and SETTING.fullmatch(key.strip()) for key, equals, _ in parts)
    if not (readable and NAME.fullmatch(name) and all(VALUE.fullmatch(value) for _, value in settings)):
        raise UsageError(f"{whole!r} is not name:setting=value,setting=value or name+transform")
    if len(dict(settings)) < len(settings):
        raise UsageError(f"{whole!r} gives a setting twice")
    return Piece(name, settings)


def _parameters(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """Those that can be given by name."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise PluginError(f"{_whose(function)} is not a function whose parameters can be read ({error})") from error
    if positional := [name for name, p in parameters.items() if p.kind is p.POSITIONAL_ONLY]:
        raise PluginError(f"{_whose(function)}: {', '.join(positional)} cannot be given by name; take the slash away")
    return {name: p for name, p in parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def _whose(function: object) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"


def _kinds(parameter: inspect.Parameter) -> set[str]:
    """Of bool, int, float, str and None: those that the annotation names, or else what the default is."""
    default, annotation = parameter.default, parameter.annotation
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    words = set(re.findall(r"\w+", text)) - {"typing", "Union"}
    if words and words <= {*_READERS, "Optional"}:
        kinds = words & set(_READERS) | ({"None"} if "Optional" in words else set())
    else:
        kinds = {next((kind.__name__ for kind in (bool, int, float, str) if isinstance(default, kind)), "None")}
    return kinds | ({"None"} if default is None else set())


def _value(what: str, text: str, kinds: set[str]) -> object:
    """Read as the narrowest kind that fits."""
    for kind, read in _READERS.items():
        if kind in kinds:
            try:
                return read(text)
            except (KeyError, ValueError):
                continue
    raise UsageError(f"{what} is not {' or '.join(told for kind, told in _KINDS.items() if kind in kinds)}")


def _nothing(text: str) -> None:
    return {"none": None}[text.lower()]


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        number = float(text)  # 1e3
        if not number.is_integer():
            raise
        return int(number)


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return float.__repr__(value).removesuffix(".0") if isinstance(value, float) else str(value)


_READERS: Mapping[str, Callable[[str], object]] = {
    "None": _nothing,
    "bool": _boolean,
    "int": _integer,
    "float": float,
    "str": str,
}
_KINDS = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a word", "None": "none"}

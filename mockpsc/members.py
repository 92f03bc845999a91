"""Members of JSON objects as declarations: a frozen dataclass whose fields say how they are read and what they mean.

The parameters of faults and the bodies of the admin API are such classes. From one declaration come how a value is read
from JSON or from text, what is said of one that cannot be, the JSON Schema, and the documentation.
"""

import json
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from math import inf, isfinite
from reprlib import Repr
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from mockpsc.errors import Unusable, nearest

T = TypeVar("T")

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_HEADER = "^([!-~]([ -~]*[!-~])?)?$"
"""What can be the value of a header, or a part of one, to the letter (RFC 9110 §5.5), obsolete characters left out."""
_DEEPEST = 30
"""How many objects and lists can be in one another."""
_shown = Repr()
_shown.maxstring = _shown.maxother = 200
"""How a value is repeated to whom gave it: as Python writes it, shortened."""


def member(
    default: Any = MISSING,
    help: str = "",
    *,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    header: bool = False,
) -> Any:
    """A field of such a class: its default (none: it must be given), its meaning, unit, bounds, choices of text, and
    whether it is a text that a header will have."""
    told = {"help": help, "unit": unit, "least": least, "most": most, "choices": choices, "header": header}
    if isinstance(default, dict | list):
        return field(default_factory=lambda: type(default)(default), metadata=told)
    return field(default=default, metadata=told)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member as it was declared. `types` are the Python types of its values, `None` left out."""

    name: str
    types: tuple[Any, ...]
    optional: bool
    required: bool
    default: Any
    help: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    header: bool = False

    @property
    def expected(self) -> str:
        """What a value must be, as the end of a sentence."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        what = " or ".join(_NAMES[each] for each in self.types)
        unit = f" of {self.unit}" if self.unit else ""
        what += " of visible ASCII characters, with spaces between them only" if self.header else ""
        bounds = [f"{self.least:.12g} or more" if self.least is not None else ""]
        bounds.append(f"{self.most:.12g} or less" if self.most is not None else "")
        return ", ".join(filter(None, [what + unit, *bounds]))

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its values."""
        kinds = [_SCHEMAS[each] for each in self.types] + ([{"type": "null"}] if self.optional else [])
        schema: dict[str, Any] = dict(kinds[0]) if len(kinds) == 1 else {"anyOf": [dict(each) for each in kinds]}
        told: dict[str, Any] = {"description": self.help + (f" In {self.unit}." if self.unit else "")}
        told |= {"minimum": self.least} if self.least is not None else {}
        told |= {"maximum": self.most} if self.most is not None else {}
        told |= {"enum": [*self.choices]} if self.choices else {}
        told |= {"pattern": _HEADER} if self.header else {}
        told |= {} if self.required or self.default is None else {"default": _plain(self.default)}
        return schema | told


_NAMES: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    tuple: "a list of texts",
    dict: "an object",
    list: "a list",
}
_SCHEMAS: Mapping[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    tuple: {"type": "array", "items": {"type": "string"}},
    dict: {"type": "object"},
    list: {"type": "array"},
}


def members_of(declaration: type[Any]) -> Mapping[str, Member]:
    """The members of a declaration by name."""
    hashable: Any = declaration
    return _members_of(hashable)


@cache
def _members_of(declaration: Any) -> Mapping[str, Member]:
    hints = get_type_hints(declaration)
    declared = [each for each in fields(declaration) if "help" in each.metadata]
    return {each.name: _member(each, hints[each.name]) for each in declared}


def given_in(values: Any, declaration: type[Any]) -> dict[str, Any]:
    """The members of an instance that are not None, by name."""
    named = {name: getattr(values, name) for name in members_of(declaration)}
    return {name: value for name, value in named.items() if value is not None}


def _member(declared: Field[Any], hint: Any) -> Member:
    union = get_origin(hint) in (Union, types.UnionType)
    alternatives = get_args(hint) if union else (hint,)
    default = declared.default
    if declared.default_factory is not MISSING:
        default = declared.default_factory()
    return Member(
        name=declared.name,
        types=tuple(_plain_type(each) for each in alternatives if each is not type(None)),
        optional=type(None) in alternatives,
        required=default is MISSING,
        default=default,
        **declared.metadata,
    )


def _plain_type(hint: Any) -> Any:
    origin = get_origin(hint) or hint
    if origin is tuple and get_args(hint)[0] is not str:
        return list
    return dict if origin is Mapping else origin


def schema_of(declaration: type) -> dict[str, Any]:
    """The JSON Schema of a declaration: an object of known members only."""
    declared = members_of(declaration)
    return {
        "type": "object",
        "properties": {name: each.schema for name, each in declared.items()},
        "required": [name for name, each in declared.items() if each.required],
        "additionalProperties": False,
    }


def read_members(
    declaration: type[T], given: Mapping[str, Any], who: str, *, example: Mapping[str, Any] | None = None
) -> T:
    """What JSON members say, as an instance. Raises Unusable, in the name of `who`, for a member that is unknown,
    absent, or not as it must be; what it could be is told by the `example`."""
    declared = members_of(declaration)
    for name in given:
        if name not in declared:
            known = f"known are {', '.join(declared)}" if declared else "it has none"
            raise Unusable(f"{who} has the member {name!r}, which is unknown{nearest(name, declared)}: {known}.")
    for name, each in declared.items():
        if each.required and name not in given:
            such = f", such as {json.dumps(example[name])}" if example and name in example else ""
            meaning = f"{each.help[:1].lower()}{each.help[1:].rstrip('.')}"
            raise Unusable(f"{who} has no {name}: give {each.expected}{such} ({meaning}).")
    return declaration(**{name: _checked(declared[name], value, who) for name, value in given.items()})


def from_text(declaration: type, given: Mapping[str, str], who: str) -> dict[str, Any]:
    """JSON values for members that came as text, from a command line or a header. What cannot be read stays text, for
    `read_members` to refuse."""
    declared = members_of(declaration)
    return {name: _from_text(declared.get(name), text) for name, text in given.items()}


def _from_text(declared: Member | None, text: str) -> Any:
    kinds = declared.types if declared else (str,)
    if bool in kinds and text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    if {int, float, dict, list} & set(kinds):
        try:
            return json.loads(text, parse_constant=int)  # for which neither Infinity nor NaN is a number
        except (ValueError, RecursionError):
            return text
    return text.split(",") if tuple in kinds else text


def _checked(declared: Member, value: Any, who: str) -> Any:
    if value is None and declared.optional:
        return None
    fits = any(_is(value, kind) for kind in declared.types) and _is_within(declared, value)
    if not fits or not _is_sound(value):
        close = nearest(value, declared.choices) if isinstance(value, str) else ""
        sound = f", with finite numbers only, in {_DEEPEST} levels at most" if fits else ""
        raise Unusable(f"{who} has {declared.name} {_shown.repr(value)}{close}; expected {declared.expected}{sound}.")
    return tuple(value) if tuple in declared.types else value


def _is(value: Any, kind: Any) -> bool:
    if kind is tuple:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _is_sound(value: Any, room: int = _DEEPEST) -> bool:
    """Whether JSON can say it: without numbers that are none, and not too deep."""
    if isinstance(value, float):
        return isfinite(value)
    inner = [*value.values()] if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return room > 0 and all(_is_sound(each, room - 1) for each in inner)


def _is_within(declared: Member, value: Any) -> bool:
    if declared.choices and value not in declared.choices:
        return False
    if declared.header and isinstance(value, str) and not re.fullmatch(_HEADER, value):
        return False
    if not isinstance(value, int | float) or isinstance(value, bool):
        return True
    low = declared.least is None or value >= declared.least
    return low and abs(value) < inf and (declared.most is None or value <= declared.most)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

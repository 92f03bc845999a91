"""What a parameter of a fault cannot be is refused when the fault is armed, and not when it is to act."""

import re
from math import inf, nan
from typing import Any

import pytest
from observations import Scene

from mockpsc.errors import Unusable
from mockpsc.faults import Trigger, catalogue, make_fault, read_order
from mockpsc.members import from_text, members_of

NUMBERS = [
    (name, each)
    for name, fault in catalogue().items()
    for each in members_of(fault).values()
    if {int, float} & {*each.types}
]
TEXTS = [(name, each.name) for name, fault in catalogue().items() for each in members_of(fault).values() if each.header]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("name", "declared"), NUMBERS, ids=lambda each: getattr(each, "name", each))
def test_a_number_has_bounds_and_what_is_beyond_them_is_refused(name: str, declared: Any) -> None:
    assert declared.least is not None
    assert declared.most is not None
    for value in (inf, -inf, nan, 10**400, -(10**400), declared.least - 1, declared.most + 1):
        with pytest.raises(Unusable, match=f"has {declared.name} .*; expected .*{declared.least:.12g} or more, "):
            make_fault(name, {declared.name: value})


@pytest.mark.parametrize("name", ["times", "every", "probability", "seed", "delay", "ttl"])
def test_a_number_of_a_trigger_has_bounds_too(name: str) -> None:
    declared = members_of(Trigger)[name]
    assert declared.least is not None
    assert declared.most is not None
    for value in (inf, 1e300, 10**400, declared.least - 1, declared.most + 1):
        with pytest.raises(Unusable, match=f"has {name} "):
            read_order({"name": "http.none", name: value})


def test_a_number_at_its_bound_can_be_borne(scene: Scene) -> None:
    scene.running.arm("http.rate_limit", {"limit": 0, "window": 10**9})
    scene.running.arm("tcp.bandwidth", {"rate": 10**9})
    answer = scene.get()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1000000000")


@pytest.mark.parametrize("text", ["[" * 20_000, "Infinity", "-Infinity", "NaN", "1" * 5000, "1e400"])
def test_a_text_that_is_no_number_is_refused_and_not_repeated_at_length(text: str) -> None:
    given = from_text(catalogue()["http.delay"], {"seconds": text}, "http.delay")
    with pytest.raises(Unusable, match=r"has seconds .*; expected a number of seconds, 0 or more, 3600") as told:
        make_fault("http.delay", given)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize("value", [inf, {"b": [nan]}, deep(40), deep(500), {"b": deep(40)}])
def test_what_is_within_an_object_is_finite_and_not_too_deep(value: Any) -> None:
    with pytest.raises(Unusable, match="expected an object, with finite numbers only, in 30 levels at most"):
        read_order({"name": "http.none", "params": {"a": value}})


def test_the_texts_that_a_header_will_have_say_so() -> None:
    assert TEXTS == [("http.wrong_content_type", "content_type"), ("userinfo.error", "description")]


@pytest.mark.parametrize(("name", "param"), TEXTS)
@pytest.mark.parametrize("value", ["text/€", "a\r\nX-More: 1", "a\n", " a", "a ", "a\tb", "\x00", "é"])
def test_a_text_that_a_header_cannot_have_is_refused(name: str, param: str, value: str) -> None:
    with pytest.raises(Unusable, match="expected a text of visible ASCII characters, with spaces between them only"):
        make_fault(name, {param: value})
    declared = members_of(catalogue()[name])[param]
    assert not re.fullmatch(declared.schema["pattern"], value)


@pytest.mark.parametrize("value", ["", "a", "text/html; charset=utf-8", 'a "quoted" text, error=x'])
def test_a_text_that_a_header_can_have_is_in_it_to_the_letter(scene: Scene, value: str) -> None:
    scene.running.arm("http.wrong_content_type", {"content_type": value})
    assert scene.get().headers["content-type"] == value
    make_fault("userinfo.error", {"description": value})

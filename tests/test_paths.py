"""Where a value stands in what a device sends: one place, found in a few steps, or none."""

import json
from typing import Any

import jmespath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.paths import MAX_DEPTH, MAX_LENGTH, MISSING, Path, PathError, find, parse

SHELLY = {"src": "shellyplus1pm-a8032abe54dc", "params": {"temperature:0": {"tC": 40.5}}}
LISTS = {"data": [{"value": 1}, {"value": [10, 20]}], "on": False, "none": None, "": {"": 7}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "a b", "é", '"', "\\", ""]), inner, max_size=4)
    ),
    max_leaves=20,
)
STEPS = st.lists(
    st.sampled_from(["a", "b", "a b", "é", '"', "\\", ""]) | st.integers(-4, 4),
    min_size=1,
    max_size=6,
).map(tuple)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("temperature", ("temperature",)),
        ("uplink_message.decoded_payload.t", ("uplink_message", "decoded_payload", "t")),
        ('params."temperature:0".tC', ("params", "temperature:0", "tC")),
        ("data[0].value[-1]", ("data", 0, "value", -1)),
        ("a[0][1]", ("a", 0, 1)),
        ("[1].a", (1, "a")),
        ('"a"[2]."b c"[3]', ("a", 2, "b c", 3)),
        (r'"say \"it\"".""', ('say "it"', "")),
        ('"größe"."\\u00e9"', ("größe", "é")),
        (" a . b ", ("a", "b")),
        ("let.true.null", ("let", "true", "null")),
    ],
)
def test_a_path_is_read_into_its_steps(text: str, path: Path) -> None:
    assert parse(text) == path
    assert parse(text) is parse(text), "what is written twice is read once"


@pytest.mark.parametrize(
    ("text", "document", "found"),
    [
        ('params."temperature:0".tC', SHELLY, 40.5),
        ("data[0].value", LISTS, 1),
        ("data[-1].value[1]", LISTS, 20),
        ("data[1].value", LISTS, [10, 20]),
        ("on", LISTS, False),
        ("none", LISTS, None),
        ('"".""', LISTS, 7),
        ("[0].a", [{"a": 1}], 1),
        ("none.a", LISTS, MISSING),
        ("data.value", LISTS, MISSING),
        ("data[2]", LISTS, MISSING),
        ("data[-3]", LISTS, MISSING),
        (f"data[{'9' * 190}]", LISTS, MISSING),
        ("src[0]", SHELLY, MISSING),
        ("params[0]", SHELLY, MISSING),
        ("on.real", LISTS, MISSING),
        ("missing.a[0].b", LISTS, MISSING),
        ("a", None, MISSING),
        ("a", "a", MISSING),
        ("[0]", "a", MISSING),
        ("[0]", {"0": 1, 0: 2}, MISSING),
        ("__class__", LISTS, MISSING),
    ],
)
def test_it_leads_to_what_stands_there_or_nowhere(text: str, document: Any, found: Any) -> None:
    assert find(parse(text), document) is found or find(parse(text), document) == found


@pytest.mark.parametrize(
    "text",
    [
        *("*", "a.*", "a[*].b", "a[]", "a[0:2]", "a[::2]", "a[?b > `1`]", "a[?b].c", "[*]"),
        *("length(a)", "a.length(@)", "sort_by(a, &b)", "a | b", "a || b", "a && b", "!a"),
        *("a == b", "a < b", "@", "@.a", "`1`", "`text`", "'text'", "[a, b]", "{a: b}", "&a"),
        *("a.[b]", "a.{b: c}", "a.b.*.c", "(a | b).c", "a[0].*", "a[b]", "a.@"),
    ],
)
def test_what_could_find_more_than_one_value_is_refused(text: str) -> None:
    with pytest.raises(PathError, match=r"^(may find several values|is no path: )"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a" * (MAX_LENGTH + 1), "has more than 200 characters"),
        (".".join("a" * (MAX_DEPTH + 1)), "has more than 20 steps"),
        (f"a{'[0]' * MAX_DEPTH}", "has more than 20 steps"),
        ("temperature:0", "is no path: it is made of names, names in double quotes, dots, and "),
        ("$.temperature", "is no path: "),
        ("a-b", "is no path: "),
        ("é", "is no path: "),
        ("a/b", "is no path: "),
        ("a.", "is no path: "),
        (".a", "is no path: "),
        ("a..b", "is no path: "),
        ("a.0", "is no path: "),
        ("a[0", "is no path: "),
        ('"a', "is no path: "),
        ('"a\\x"', "is no path: "),
        ("a\x00", "is no path: "),
        ("\ud800", "is no path: "),
        ("!" * MAX_LENGTH, "is no path: "),
        ("(" * 100 + "a" + ")" * 99, "is no path: "),
        ("a[*]", "may find several values, or computes one: it is made of names, "),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_refusal_says_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(PathError) as refusal:
        parse(text)
    assert str(refusal.value).startswith(sentence)


def test_the_most_that_can_be_is_found() -> None:
    document: Any = 1
    for _ in range(MAX_DEPTH):
        document = {"a": document}
    assert find(parse(".".join("a" * MAX_DEPTH)), document) == 1
    name = "n" * MAX_LENGTH
    assert find(parse(name), {name: 1}) == 1


def text_of(path: Path) -> str:
    """A text that reads as *path*."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{json.dumps(step)}" for step in path]
    return "".join(steps).removeprefix(".")


@given(JSON, STEPS)
def test_it_means_what_jmespath_means(document: Any, path: Path) -> None:
    assert parse(text_of(path)) == path
    found = find(path, document)
    meant = jmespath.search(text_of(path), document)
    assert meant == (None if found is MISSING else found)


@given(st.text(max_size=MAX_LENGTH + 5) | st.text("ab.[]0-\"\\`'*?:@(){}|&!<>=, \n", max_size=40))
@example("`text`")
@example("!" * MAX_LENGTH)
@example("&" * MAX_LENGTH)
@example("[" * MAX_LENGTH)
@example('"' + "\\u0000" * 30 + '"')
@example("a" + "[-0]" * 40)
@example("not_null(" * 20)
def test_any_text_is_a_path_or_refused_in_words(text: str) -> None:
    try:
        path = parse(text)
    except PathError as error:
        refusal = str(error)
    else:
        assert 0 < len(path) <= MAX_DEPTH
        assert all(type(step) in (str, int) for step in path)
        assert len(text_of(path)) > MAX_LENGTH or parse(text_of(path)) == path
        return
    assert refusal.split()[0] in {"is", "has", "may"}


@given(
    STEPS,
    st.recursive(
        st.text() | st.binary() | st.integers() | st.sets(st.integers()) | st.complex_numbers(),
        lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.integers(), inner),
        max_leaves=10,
    ),
)
def test_whatever_it_is_looked_for_in_nothing_is_raised(path: Path, document: Any) -> None:
    find(path, document)

"""What every route makes of what it is asked: its path, its parameters, its body."""

import pytest
from chalice.test import HTTPResponse

from tests.http.conftest import Ask, error_in

pytestmark = pytest.mark.usefixtures("toy_routes")


def named(answer: HTTPResponse) -> tuple[int, str, str]:
    error = error_in(answer)
    return answer.status_code, error["message"], error["details"]["parameter"]


@pytest.mark.parametrize(
    "spelled",
    [
        "x",
        "7.5",
        "7.0",
        "7e0",
        "-7",
        "0",
        "07",
        "+7",
        "7%20",
        "%D9%A3",
        str(2**63),
        "9" * 5000,
        "null",
        "true",
    ],
)
def test_a_variable_of_the_wrong_kind_names_nothing(spelled: str, ask: Ask) -> None:
    answer = ask("GET", f"/toys/{spelled}")
    assert (answer.status_code, error_in(answer)["code"]) == (404, "NOT_FOUND")
    assert error_in(answer)["message"].startswith("there is no toy_id '")
    assert len(error_in(answer)["message"]) < 100


def test_variables_are_read_as_the_view_declares_them(ask: Ask) -> None:
    assert ask("GET", "/toys/7").json_body == {"toy_id": 7}
    answer = ask("GET", "/toys/7/of/a%2Fb%20%25")
    assert answer.json_body == {"toy_id": 7, "name": "a/b %"}
    assert ask("GET", "/toys/7/of/0123456789").status_code == 404


@pytest.mark.parametrize(
    ("spelled", "sentence"),
    [("a%00", "name holds a character no text may hold"), ("%FF", "name is not UTF-8")],
)
def test_a_variable_that_no_text_can_be_is_refused(spelled: str, sentence: str, ask: Ask) -> None:
    assert named(ask("GET", f"/toys/7/of/{spelled}")) == (400, sentence, "name")


@pytest.mark.parametrize(
    ("query", "sentence", "name"),
    [
        ("color=red", "unknown parameter 'color': this takes limit, after, colour", "color"),
        ("limit=1&limit=1", "limit is given more than once", "limit"),
        ("colour=red&limit=5&colour=blue", "colour is given more than once", "colour"),
        ("limit=0", "limit must be a whole number >= 1", "limit"),
        ("colour=%00", "colour holds a character no text may hold", "colour"),
        ("x=1&x=2", "unknown parameter 'x': this takes limit, after, colour", "x"),
    ],
)
def test_a_parameter_that_is_unknown_repeated_or_malformed_is_named(
    query: str, sentence: str, name: str, ask: Ask
) -> None:
    assert named(ask("GET", f"/toys?{query}")) == (400, sentence, name)


@pytest.mark.parametrize("path", ["/toys/7", "/toys/7/of/me"])
def test_where_no_parameter_is_taken_none_is_ignored(path: str, ask: Ask) -> None:
    sentence = "unknown parameter 'limit': this takes none"
    assert named(ask("GET", f"{path}?limit=5")) == (400, sentence, "limit")
    assert named(ask("HEAD", f"{path}?limit=5")) == (400, sentence, "limit")


@pytest.mark.parametrize(
    ("body", "sentence", "place"),
    [
        (b"{", "the body must be JSON", "body"),
        (b"\xff", "the body must be JSON", "body"),
        (b"[" * 100_000, "the body must be JSON", "body"),
        (b'{"toyName": "a", "weight": %s}' % (b"9" * 5000), "the body must be JSON", "body"),
        ([], "the body must be an object, not a list", "body"),
        (None, "toyName is missing", "toyName"),
        ({"toyName": 7}, "toyName must be text, not a whole number", "toyName"),
        (
            {"toyName": "a", "toy_name": "a"},
            "unknown field 'toy_name': this takes toyName, weight",
            "toy_name",
        ),
    ],
)
def test_a_body_that_does_not_fit_is_told_why(
    body: object, sentence: str, place: str, ask: Ask
) -> None:
    assert named(ask("POST", "/toys", body)) == (400, sentence, place)


def test_a_route_of_two_bodies_decides_between_them_itself(ask: Ask) -> None:
    bodies: list[object] = [{"toyName": "a"}, {"toys": []}, {"neither": 1}, []]
    for body in bodies:
        assert ask("POST", "/boxes", body).json_body == {"understood": body}


def test_a_route_without_a_body_looks_at_none(ask: Ask) -> None:
    expected = {"body": None, "subject": "anybody"}
    assert [ask("POST", "/bells", body).json_body for body in (None, b"{")] == [expected] * 2

"""What every route answers, and what it says of what went wrong."""

import hashlib
import logging

import pytest
from chalice.app import Chalice, Response

from chalicelib.access.model import Scope
from chalicelib.errors import (
    ApplicationError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    InvalidSettingError,
    LoginRefusedError,
)
from chalicelib.http import Asked, Nothing, Routes
from tests.http.conftest import Ask, error_in
from tests.http.toys import Json


class BrokenError(ApplicationError):
    """Not for strangers."""

    code = "TOY_BROKEN"
    http_status = 409


@pytest.mark.usefixtures("toy_routes")
@pytest.mark.parametrize("path", ["/toys", "/toys?limit=7", "/toys/7", "/toys/x", "/toys?limit=x"])
def test_head_answers_as_get_does(path: str, ask: Ask) -> None:
    """The local answer even has the body, which API Gateway leaves out."""
    got, head = ask("GET", path), ask("HEAD", path)
    assert head.status_code == got.status_code
    assert head.headers == got.headers


@pytest.mark.usefixtures("toy_routes")
def test_an_answer_is_json_that_nobody_may_keep(ask: Ask) -> None:
    answer = ask("GET", "/toys?limit=7&colour=red")
    assert (answer.status_code, answer.json_body) == (200, {"limit": 7, "colour": "red"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("toy_routes")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/toys", None),
        ("POST", "/toys", {"toyName": "ball"}),
        ("GET", "/toys/x", None),
        ("POST", "/toys", b"no JSON"),
    ],
)
def test_an_answer_is_taken_for_nothing_else_and_asked_for_over_tls_only(
    method: str, path: str, body: object, ask: Ask
) -> None:
    headers = ask(method, path, body).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.usefixtures("toy_routes")
def test_an_answer_may_have_a_status_and_headers_of_its_own(ask: Ask) -> None:
    answer = ask("POST", "/toys", {"toyName": "ball"})
    assert (answer.status_code, answer.json_body) == (201, {"toyName": "ball"})
    assert (answer.headers["Location"], answer.headers["Cache-Control"]) == (
        "toys/ball",
        "no-store",
    )


def test_a_whole_response_goes_out_as_it_is(routes: Routes, ask: Ask) -> None:
    @routes.get("/page", least=None, scope=Scope.OPEN, answers=None)
    def get_page(_: Asked[Nothing, None]) -> Response:
        return Response("<p>Toys</p>", {"Content-Type": "text/html"}, 203)

    answer = ask("GET", "/page")
    assert (answer.status_code, answer.body) == (203, b"<p>Toys</p>")
    assert answer.headers["Content-Type"] == "text/html"


@pytest.mark.usefixtures("toy_routes")
def test_what_chalice_refuses_looks_like_any_other_error(ask: Ask) -> None:
    answer = ask("POST", "/toys", b"toyName=a", **{"Content-Type": "text/plain"})
    assert (answer.status_code, error_in(answer)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def failing(routes: Routes, error: Exception) -> None:
    """A route that raises *error*."""

    @routes.get("/toys", least=None, scope=Scope.OPEN, answers=Json)
    def list_toys(_: Asked[Nothing, None]) -> Json:
        raise error


def test_an_error_of_ours_is_told_as_it_is(routes: Routes, ask: Ask) -> None:
    failing(routes, BrokenError("the ball is broken", toy="ball"))
    answer = ask("GET", "/toys")
    assert answer.status_code == 409
    assert answer.headers["Cache-Control"] == "no-store"
    error = error_in(answer)
    assert (error["code"], error["message"]) == ("TOY_BROKEN", "the ball is broken")
    assert error["details"] == {"toy": "ball"}


@pytest.fixture
def token(app: Chalice, monkeypatch: pytest.MonkeyPatch) -> str:
    """Access is closed, and this is the way in; the routes of these tests are open all the same."""
    token = "t" * 64
    monkeypatch.setenv("AUTH_MODE", "required")
    monkeypatch.setenv("API_TOKEN_SHA256", hashlib.sha256(token.encode()).hexdigest())
    return token


@pytest.mark.usefixtures("token")
def test_of_the_inside_a_stranger_is_told_nothing_and_the_log_all(
    routes: Routes, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    failing(routes, DatabaseUnavailableError("db-1.internal:5432 refuses", sqlstate="08006"))
    answer = ask("GET", "/toys")
    error = error_in(answer)
    assert (answer.status_code, error["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert (error["message"], error["details"]) == ("the database cannot be reached", {})
    [record] = [record for record in caplog.records if record.message == "request_failed"]
    facts = vars(record)
    assert facts["reason"] == "db-1.internal:5432 refuses"
    assert (facts["error_code"], facts["request_id"]) == (error["code"], error["requestId"])


def test_who_has_a_token_is_told_why_there_is_no_database(
    routes: Routes, ask: Ask, token: str
) -> None:
    failing(routes, LoginRefusedError("db-1.internal:5432 refuses", sqlstate="28000"))
    error = error_in(ask("GET", "/toys", Authorization=f"Bearer {token}"))
    assert error["code"] == "DATABASE_LOGIN_REFUSED"
    assert (error["message"], error["details"]) == (
        "db-1.internal:5432 refuses",
        {"sqlstate": "28000"},
    )


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic dDp0", ""])
def test_a_token_that_does_not_count_tells_its_sender_nothing(
    routes: Routes, ask: Ask, token: str, header: str
) -> None:
    failing(routes, InvalidSettingError("TIMESCALE_DB_HOST", "is not set"))
    error = error_in(ask("GET", "/toys", Authorization=header))
    assert (error["message"], error["details"]) == ("the service is not configured", {})


def test_where_everybody_is_let_in_everybody_is_told(routes: Routes, ask: Ask) -> None:
    failing(routes, InvalidSettingError("TIMESCALE_DB_HOST", "is not set"))
    assert error_in(ask("GET", "/toys"))["message"] == "TIMESCALE_DB_HOST is not set"


def test_what_the_database_said_of_a_statement_nobody_is_told(routes: Routes, ask: Ask) -> None:
    failing(routes, DatabaseRefusedError('value "s3cret" is out of range'))
    assert error_in(ask("GET", "/toys"))["message"] == "the database refused the request"


def test_a_surprise_is_a_500_in_the_envelope_and_in_the_log_with_its_traceback(
    routes: Routes, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    failing(routes, ZeroDivisionError("secret of the inside"))
    answer = ask("GET", "/toys")
    error = error_in(answer)
    assert (answer.status_code, error["code"]) == (500, "INTERNAL_ERROR")
    assert (error["message"], error["details"]) == ("an internal error occurred", {})
    assert b"secret" not in answer.body
    surprises = [record for record in caplog.records if record.exc_info]
    assert [record.message for record in surprises] == ["request_failed"]
    assert surprises[0].levelno == logging.ERROR
    assert "ZeroDivisionError: secret of the inside" in caplog.text


def test_an_answer_that_is_no_json_is_a_surprise_as_well(
    routes: Routes, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    @routes.get("/toys", least=None, scope=Scope.OPEN, answers=Json)
    def list_toys(_: Asked[Nothing, None]) -> Json:
        return {"toy": object()}

    assert error_in(ask("GET", "/toys"))["code"] == "INTERNAL_ERROR"
    assert "request_failed" in caplog.text

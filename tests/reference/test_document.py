"""What the reference says of a declaration."""

from chalice.app import Chalice

from chalicelib.access.model import Role, Scope
from chalicelib.feature import Alarm, Events, Function, Metric, Parameter, Setting
from chalicelib.http import Asked, Nothing, Routes
from chalicelib.http.gate import declared_routes
from reference.document import document
from reference.markdown import table
from tests.stack.declarations import feature, service

VISITS = feature(
    "site_visits",
    settings=(
        Setting("VISIT_DAYS", int, "How many days | nights.", default="3", in_stage="5"),
        Setting("VISITOR", str, "Who visits."),
        Setting("GUIDE", str, "Who guides.", is_optional=True, former_name="LEADER"),
    ),
    functions=(Function("count_visits", "counts visits", timeout_s=120, concurrency=2),),
    parameters=(Parameter("VisitBucket", "Where they are kept"),),
    metrics=(Metric("Visits", graph="Visits"),),
    split_by=("country", ("home", "abroad")),
    alarms=(Alarm("few-visits", "There are few visits.", "few", "Visits", "Sum"),),
    sends=Events("visit", may_wait_h=1),
    objects={"visits": "who was where"},
    rights={"runtime": {"visits": "SELECT INSERT"}, "loader": {"visits": "DELETE"}},
)
routes = Routes(__name__, VISITS)


@routes.get("/visits", least=Role.VIEWER, scope=Scope.PLATFORM, answers=dict[str, str])
def list_visits(_: Asked[Nothing, None]) -> dict[str, str]:
    """Who was where?

    The newest come first.
    """
    return {}


def test_a_route_says_who_may_call_it_and_what_it_does() -> None:
    page = _page()
    assert "| GET | `/visits` | `viewer` | platform | Who was where? |" in page


def test_a_setting_says_its_default_and_what_it_is_in_a_stage() -> None:
    page = _page()
    assert r"| `VISIT_DAYS` | `3`; `5` in a stage | How many days \| nights. |" in page
    assert "| `VISITOR` | required | Who visits. |" in page
    assert (
        "| `GUIDE` |  | Who guides. Its former name `LEADER` counts where it is not set. |" in page
    )


def test_an_object_says_which_role_may_do_what_with_it() -> None:
    assert "| `visits` | who was where | SELECT, INSERT | DELETE |" in _page()


def test_a_function_says_how_large_it_is() -> None:
    assert "| `count_visits` | counts visits | 512 MB | 120 s | 2 |" in _page()


def test_a_parameter_stands_under_its_group() -> None:
    own = _page().partition("### Parameters: Site visits")[2].partition("###")[0]
    assert "| `VisitBucket` |  | Where they are kept |" in own


def test_a_metric_says_how_it_is_split() -> None:
    assert "| `Visits` | Sum | Visits | `country`: home, abroad |" in _page()


def test_an_alarm_leads_to_what_is_to_be_done() -> None:
    page = _page()
    assert "| [`few-visits-home`](operations.md#few) | There are few visits. |" in page
    assert "| [`visit-events-pending-home`](operations.md#events-pending) |" in page


def test_what_monitoring_costs_is_added_up() -> None:
    """Three metrics of two values each; an alarm for each value, and those of the functions."""
    page = _page()
    assert "| metrics of Site visits | 6 | 1.80 |" in page
    assert "| alarms | 11 | 1.10 |" in page
    assert "| **together** |  | **5.90** |" in page


def test_a_table_without_rows_is_left_out() -> None:
    assert table("Nothing", ("what",), []) == ""
    assert "Settings: Service" not in _page()


def _page() -> str:
    app = Chalice("visits", configure_logs=False)
    app.register_blueprint(routes)
    return document([service(), VISITS], declared_routes(app))

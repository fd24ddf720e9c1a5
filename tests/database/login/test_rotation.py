"""A password changes under a warm container, which goes on without a failed run."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from chalicelib.database import Deadline, engine_for, retry
from chalicelib.database.login import SecretLogin
from chalicelib.errors import DatabaseUnavailableError, LoginRefusedError
from chalicelib.features.device_parameters.model import RunStatus
from tests.database.login import doorkeeper
from tests.database.login.conftest import Account, OpenAccount
from tests.database.login.doorkeeper import Doorkeeper
from tests.sandbox import Sandbox

NEW, NEWER = "s3cr3t-the-second", "s3cr3t '\\ =\N{LATIN SMALL LETTER U WITH DIAERESIS}\"%"


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What `retry` would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=slept.append))
    return slept


def refusals(account: Account) -> int:
    assert isinstance(account.door, Doorkeeper)
    return account.door.refusals


def test_nothing_is_fetched_before_a_connection_is_needed(account: Account) -> None:
    engine_for(account.configured.database)
    assert account.secrets.reads == 0
    account.connect()
    assert account.secrets.reads == 1


def test_the_login_is_kept_for_the_runs_that_follow(account: Account) -> None:
    for _ in range(3):
        assert account.sync().status is RunStatus.SUCCEEDED
        account.engine.dispose()
    assert account.secrets.reads == 1


def test_a_run_after_a_rotation_succeeds_at_once(account: Account, migrated: Sandbox) -> None:
    account.sync()
    for reads, password in ((2, NEW), (3, NEWER)):
        account.rotate(password)
        account.engine.dispose()
        assert account.sync().status is RunStatus.SUCCEEDED
        assert account.secrets.reads == reads
    assert migrated.rows("SELECT DISTINCT status FROM iot_data.sync_runs") == [("succeeded",)]


def test_open_connections_outlive_a_rotation(account: Account) -> None:
    account.connect()
    account.rotate(NEW)
    account.connect()
    assert account.secrets.reads == 1


@pytest.mark.postgresql
def test_a_run_goes_on_where_a_rotation_ends_its_connections(
    account: Account, migrated: Sandbox
) -> None:
    account.sync()
    account.rotate(NEW)
    migrated.rows(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
        (account.door.user,),
    )
    assert account.sync().status is RunStatus.SUCCEEDED
    assert account.secrets.reads == 2


def test_a_second_refusal_is_final(refused: Account, naps: list[float]) -> None:
    with pytest.raises(LoginRefusedError):
        refused.connect()
    refused.change_secret(NEW)
    knocks, reads = refusals(refused), refused.secrets.reads
    with pytest.raises(LoginRefusedError, match="authentication failed"):
        retry(refused.connect, Deadline.after(60))
    assert refusals(refused) == knocks + 2
    assert refused.secrets.reads == reads + 1
    assert naps == []


def test_a_secret_that_has_not_changed_is_not_tried_again(refused: Account) -> None:
    with pytest.raises(LoginRefusedError, match="authentication failed"):
        refused.connect()
    assert refusals(refused) == 1
    assert refused.secrets.reads == 2


def test_a_secret_that_is_put_right_lets_the_next_run_in(account: Account) -> None:
    account.door.change_password(NEW)
    with pytest.raises(LoginRefusedError):
        account.sync()
    account.change_secret(NEW)
    assert account.sync().status is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    "complaint",
    [
        'role "sync" does not exist',
        'database "platform" does not exist',
        "no pg_hba.conf entry for host",
        "sorry, too many clients already",
        "remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "the database system is starting up",
    ],
)
def test_another_complaint_is_no_reason_to_fetch_again(refused: Account, complaint: str) -> None:
    assert isinstance(refused.door, Doorkeeper)
    refused.door.complaint = complaint
    with pytest.raises(DatabaseUnavailableError, match=complaint):
        refused.connect()
    assert refusals(refused) == 1
    assert refused.secrets.reads == 1


@pytest.mark.parametrize(
    "complaint",
    [
        "Passwort-Authentifizierung f\u00fcr Benutzer \u00bbsync\u00ab fehlgeschlagen",
        "autenticazione con password fallita",
    ],
)
def test_a_rotation_is_noticed_where_the_server_speaks_another_language(
    migrated: Sandbox, open_account: OpenAccount, complaint: str
) -> None:
    with doorkeeper.doorkeeper(migrated) as door:
        account = open_account(door)
        door.complaint = complaint
        account.connect()
        account.rotate(NEW)
        account.engine.dispose()
        assert account.connect() == 1
        assert (refusals(account), account.secrets.reads) == (1, 2)
        account.engine.dispose()


def test_a_service_in_trouble_during_a_rotation_is_waited_for(
    account: Account, naps: list[float]
) -> None:
    account.connect()
    account.rotate(NEW)
    account.engine.dispose()
    account.secrets.trouble = ("503 Service Unavailable", "InternalServiceError")

    def work() -> int:
        if naps:
            account.secrets.trouble = None
        return account.connect()

    assert retry(work, Deadline.after(60)) == 1
    assert len(naps) == 1


def test_threads_fetch_it_once_and_renew_it_once(account: Account) -> None:
    secret = SecretLogin(account.configured.database)
    with ThreadPoolExecutor(8) as pool:
        [known] = set(pool.map(lambda _: secret.current(), range(32)))
        assert account.secrets.reads == 1
        account.rotate(NEW)
        [renewed] = set(pool.map(lambda _: secret.current(refused=known), range(32)))
    assert account.secrets.reads == 2
    assert (known.password, renewed.password) == ("s3cr3t-the-first", NEW)

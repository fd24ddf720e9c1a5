"""Why there is no connection: what libpq says, and what to check.

psycopg2 has no SQLSTATE for an error at connect; libpq's own words are all there is. They name
host, port, user and database, and never a password.
"""

import re
from dataclasses import dataclass

_TLS = "TIMESCALE_DB_SSLMODE"
_PLACE = "TIMESCALE_DB_HOST and TIMESCALE_DB_PORT"
_LOGIN = (
    "TIMESCALE_DB_USER and TIMESCALE_DB_PASSWORD, or the secret that TIMESCALE_DB_SECRET_ARN names"
)


@dataclass(frozen=True)
class Reason:
    """What is wrong where libpq says *words*, and whether the server has turned us away itself."""

    words: str
    remedy: str
    is_refusal: bool = True


# The first that fits counts.
_REASONS = (
    Reason(
        "does not support SSL",
        f"{_TLS} demands TLS, which this server does not offer. The stages dev and prod set it to "
        "`require`, and so does `chalice local` without `--stage local`",
    ),
    Reason(
        "root certificate file|locate root certificate",
        f"{_TLS} has the server's certificate checked, and the root for that is missing: name its "
        "file in PGSSLROOTCERT",
    ),
    Reason("certificate", f"{_TLS} has the server's certificate checked, and it does not pass"),
    Reason(
        "no pg_hba.conf entry.*no encryption",
        f"the server lets nobody in like this without TLS: check {_TLS}, then its pg_hba.conf",
    ),
    Reason(
        "no pg_hba.conf entry", "its pg_hba.conf has no line for this client, user and database"
    ),
    Reason("authentication failed|no password supplied", f"check {_LOGIN}"),
    Reason('role ".*" does not exist', f"check {_LOGIN}"),
    Reason("not permitted to log in", "the role needs LOGIN"),
    Reason("permission denied for database", "the role needs CONNECT on the database"),
    Reason("does not exist|not served", "check TIMESCALE_DB_NAME"),
    Reason(
        "too many clients|too many connections|connection slots are reserved|no more connections",
        "every session that it gives is taken: look at who holds them, and at the limits of the "
        "server, the database, the role and the pooler",
        is_refusal=False,
    ),
    Reason("the database system is", "it starts, stops or recovers: wait", is_refusal=False),
    Reason("could not translate host name", "check TIMESCALE_DB_HOST", is_refusal=False),
    Reason(
        "Connection refused",
        f"nobody listens there: check {_PLACE}, and whether the server runs",
        is_refusal=False,
    ),
    Reason(
        "timeout expired|timed out|No route to host|Network is unreachable",
        f"nobody answers there: check {_PLACE}, and what stands between, such as a firewall",
        is_refusal=False,
    ),
)

_WRONG_PASSWORD = "authentication failed"  # noqa: S105 libpq's words, no password
# What the server says itself follows its severity and two blanks; libpq's own words follow one.
_SAID_BY_SERVER = re.compile("failed: [^:]+:  ")


@dataclass(frozen=True)
class Refusal:
    """Why there is no connection, as a sentence; *is_final* where another attempt is useless."""

    sentence: str
    is_final: bool


def explained(lines: list[str]) -> Refusal:
    """The most telling of *lines*, one for each address that was tried, with what to check.

    Nobody may listen at the first address of a name, and the server refuse at the second.
    """
    found = [(line, _reason(line)) for line in lines]
    final = (pair for pair in found if pair[1] is not None and pair[1].is_refusal)
    line, reason = next(final, found[0])
    if reason is None:
        return Refusal(line, is_final=False)
    return Refusal(f"{line}; {reason.remedy}", reason.is_refusal)


def may_be_wrong_login(lines: list[str]) -> bool:
    """Whether the server may have refused the password: what it says may be in any language."""
    return any(_may_be_wrong_login(line) for line in lines)


def _may_be_wrong_login(line: str) -> bool:
    if _WRONG_PASSWORD in line:
        return True
    return _reason(line) is None and _SAID_BY_SERVER.search(line) is not None


def _reason(line: str) -> Reason | None:
    return next((reason for reason in _REASONS if re.search(reason.words, line)), None)

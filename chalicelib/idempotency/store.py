"""The keys of requests, as functions: a connection first, values out."""

import msgspec
from sqlalchemy import Connection

from chalicelib.database.statements import statements_beside
from chalicelib.errors import KeyReusedError
from chalicelib.idempotency.model import KEPT_FOR, Asking, KeptAnswer

sql = statements_beside(__file__)

_FORGOTTEN_BESIDES = 20


def claim(connection: Connection, asking: Asking) -> KeptAnswer | None:
    """The answer that is kept of *asking*; None where it has to be carried out now.

    Raises `KeyReusedError` where the key came with another request.
    """
    names = {"subject": asking.subject, "key": asking.key}
    old = {"kept_for": KEPT_FOR, "forgotten_besides": _FORGOTTEN_BESIDES}
    connection.execute(sql.forget_old, {**names, **old})
    new = {"organization": asking.organization, "fingerprint": asking.fingerprint}
    if connection.execute(sql.claim, {**names, **new}).first():
        return None
    # A key of another organization's request is not seen here, and is another request all the same.
    kept = connection.execute(sql.find_answer, names).one_or_none()
    if kept is None or kept.fingerprint != asking.fingerprint:
        raise KeyReusedError("this Idempotency-Key came with another request")
    return KeptAnswer(kept.status, kept.headers, kept.body)


def keep(connection: Connection, asking: Asking, answer: KeptAnswer) -> None:
    """Keep *answer*, if the transaction commits."""
    values = {
        "subject": asking.subject,
        "key": asking.key,
        "status": answer.status,
        "headers": msgspec.json.encode(answer.headers).decode(),
        "body": answer.body,
    }
    connection.execute(sql.keep, values)

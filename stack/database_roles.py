"""The scripts that make the roles of the database: one for each role that holds a right."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.database.schema import VERSION_TABLE
from chalicelib.database.tables import SCHEMA
from chalicelib.feature import Feature
from stack.declared import APP, Declared

# The role of every function that has no login of its own. It refreshes the aggregates.
RUNTIME = "runtime"
REFRESH = "refresh"
_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "USAGE")


@dataclass(frozen=True)
class Right:
    """What a role may do with one table, view or sequence."""

    name: str
    privileges: tuple[str, ...]
    is_optional: bool

    @property
    def subject(self) -> str:
        """As GRANT names it: only sequences are used."""
        return f"{'SEQUENCE ' if 'USAGE' in self.privileges else ''}{SCHEMA}.{self.name}"


def role_name(role: str) -> str:
    """A role's name in the database."""
    return f"{APP.replace('-', '_')}_{role}"


def roles(declared: Declared) -> list[str]:
    """The roles that hold rights, in the order in which they are first named."""
    return list(dict.fromkeys(role for feature in declared for role in feature.rights))


def rights(role: str, declared: Declared) -> dict[str, list[Right]]:
    """What *role* may do, by the feature that first asks for a right; others' rights are added."""
    asked: dict[str, set[str]] = {}
    required: set[str] = set()
    first: dict[str, dict[str, None]] = {}
    for feature in declared:
        for name, privileges in feature.rights.get(role, {}).items():
            plain = name.removesuffix("?")
            if plain not in asked:
                first.setdefault(feature.name, {})[plain] = None
            asked.setdefault(plain, set()).update(privileges.split())
            required |= {name}
    return {
        feature: [_right(name, asked[name], name not in required) for name in names]
        for feature, names in first.items()
    }


def aggregates(declared: Declared) -> dict[str, tuple[str, ...]]:
    """Every continuous aggregate, with what it reads."""
    return {name: read for feature in declared for name, read in feature.aggregates.items()}


def script(role: str, declared: Declared) -> str:
    """The SQL that makes *role*."""
    owned = aggregates(declared) if role == RUNTIME else {}
    given = rights(role, declared)
    parts = [
        _header(role, is_for_superusers=bool(owned)),
        _roles_made([*([REFRESH] if owned else []), role]),
        *(_aggregates_handed_over(owned) if owned else ()),
        _database_opened(role),
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role_name(role)};",
        *(
            _granted(feature, given[feature.name], role)
            for feature in declared
            if feature.name in given
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _right(name: str, privileges: set[str], is_optional: bool) -> Right:
    return Right(name, tuple(one for one in _PRIVILEGES if one in privileges), is_optional)


def _header(role: str, *, is_for_superusers: bool) -> str:
    who = "a superuser" if is_for_superusers else "the owner of the tables or a superuser"
    return f"""\
-- What the role {role_name(role)} may do, and nothing else; database-roles.md says why.
-- Written from the declarations of the features by `make template`.
--
-- As {who}, in the application's database, after each
-- `alembic upgrade`:
--     psql --set ON_ERROR_STOP=1 --single-transaction --file docs/{role}-role.sql
-- It may be repeated at will. For another name of a role, replace it throughout."""


def _roles_made(made: list[str]) -> str:
    blocks = "\n".join(
        f"""\
    IF to_regrole('{role_name(role)}') IS NULL THEN
        CREATE ROLE {role_name(role)} {"NOLOGIN" if role == REFRESH else "LOGIN"};
    END IF;"""
        for role in made
    )
    return f"""\
-- Roles belong to the server rather than to one of its databases, so they may be there already.
DO $$
BEGIN
{blocks}
END
$$;"""


def _aggregates_handed_over(owned: dict[str, tuple[str, ...]]) -> Iterator[str]:
    refresh, runtime = role_name(REFRESH), role_name(RUNTIME)
    sources = dict.fromkeys(source for read in owned.values() for source in read)
    yield "\n".join(
        [
            "-- Only an owner may refresh. What is materialized is read with the owner's rights.",
            *(f"ALTER MATERIALIZED VIEW {SCHEMA}.{name} OWNER TO {refresh};" for name in owned),
            *(f"GRANT SELECT ON {SCHEMA}.{source} TO {refresh};" for source in sources),
            f"GRANT {refresh} TO {runtime};",
        ]
    )
    yield f"""\
-- Whoever migrates must still be able to alter and drop the aggregates.
DO $$
DECLARE
    migrator regrole;
BEGIN
    SELECT relowner INTO STRICT migrator
    FROM pg_class
    WHERE oid = '{SCHEMA}.{VERSION_TABLE}'::regclass;
    EXECUTE format('GRANT {refresh} TO %s', migrator);
END
$$;"""  # noqa: S608 constants


def _database_opened(role: str) -> str:
    return f"""\
-- Rows are compared in temporary tables. Where PUBLIC still has these two, they change nothing.
DO $$
BEGIN
    EXECUTE format(
        'GRANT CONNECT, TEMPORARY ON DATABASE %I TO {role_name(role)}', current_database()
    );
END
$$;"""


def _granted(feature: Feature, given: list[Right], role: str) -> str:
    lines = [f"-- {feature.name}: {feature.about}"]
    lines += [_grant(right, role) for right in given if not right.is_optional]
    lines += [_grant_where_there(right, role) for right in given if right.is_optional]
    return "\n".join(lines)


def _grant(right: Right, role: str) -> str:
    return f"GRANT {', '.join(right.privileges)} ON {right.subject} TO {role_name(role)};"


def _grant_where_there(right: Right, role: str) -> str:
    return f"""\
DO $$
BEGIN
    IF to_regclass('{SCHEMA}.{right.name}') IS NOT NULL THEN
        {_grant(right, role)}
    END IF;
END
$$;"""

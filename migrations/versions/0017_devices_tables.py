"""Keep the devices of organizations, whether each is there, and what has changed of it."""

from alembic import op

from migrations.isolation import isolated

revision = "0017_devices_tables"
down_revision = "0016_device_types_tables"
branch_labels = None
depends_on = None

_LISTED = {
    "name": "organization_id, name",
    "status": "organization_id, status",
    "created_at": "organization_id, created_at",
    "status_and_name": "organization_id, status, name",
    "type_and_name": "organization_id, device_type_id, name",
    "name_of_all": "name",
}
_COUNTED = "organization_id, tag, device_type_id, status, lifecycle, connectivity"
_COUNTED_ON = {
    "INSERT": "NEW TABLE AS arrived",
    "UPDATE": "OLD TABLE AS gone NEW TABLE AS arrived",
    "DELETE": "OLD TABLE AS gone",
}
# The function counts the rows of a statement, as they were and as they are, once for all and once
# for each tag. Now and then it makes the rows of what it counts one; those that somebody else is
# about to make one it leaves alone, so that nobody waits.
_COUNT = """
CREATE FUNCTION iot_data.count_devices() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH tally AS (ARRIVED), fresh AS (FRESH) SELECT array_agg(count_id) INTO added FROM fresh;
    ELSIF TG_OP = 'DELETE' THEN
        WITH tally AS (GONE), fresh AS (FRESH) SELECT array_agg(count_id) INTO added FROM fresh;
    ELSE
        WITH tally AS (ARRIVED UNION ALL GONE), fresh AS (FRESH)
        SELECT array_agg(count_id) INTO added FROM fresh;
    END IF;
    IF random() < 0.06 THEN
        WITH tally AS (
            DELETE FROM iot_data.device_counts
            WHERE count_id IN (
                SELECT known.count_id
                FROM iot_data.device_counts AS known
                JOIN iot_data.device_counts AS fresh USING (COUNTED)
                WHERE fresh.count_id = ANY (added)
                FOR UPDATE OF known SKIP LOCKED
            )
            RETURNING COUNTED, devices
        )
        FRESH;
    END IF;
    RETURN NULL;
END
$$
"""
_FRESH = """
        INSERT INTO iot_data.device_counts (COUNTED, devices)
        SELECT COUNTED, sum(devices)
        FROM tally
        GROUP BY COUNTED
        HAVING sum(devices) <> 0"""
_TALLY = """
        SELECT COUNTED, SIGN AS devices
        FROM ROWS
        CROSS JOIN LATERAL unnest(array_append(tags, '')) AS tag
        WHERE lifecycle <> 'deleted'"""


def _quoted(characters: str) -> str:
    """*characters* as a text of SQL, spelled so that nothing reads them for more than they are."""
    return "E'" + "".join(f"\\x{ord(each):02x}" for each in characters) + "'"


# Words are what stands between spaces and the punctuation of ASCII; letters of any script are kept.
_BETWEEN_WORDS = "".join(chr(code) for code in range(1, 128) if not chr(code).isalnum())
_TERMS_OF = """
CREATE FUNCTION iot_data.terms_of_device(names text, address text, tags text[])
RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT 't:' || tag FROM unnest(tags) AS tag
    UNION ALL
    SELECT kind || word
    FROM (VALUES ('w:', names), ('a:', address)) AS spelled (kind, words)
    CROSS JOIN LATERAL unnest(string_to_array(
        translate(lower(words), BETWEEN_WORDS, repeat(' ', length(BETWEEN_WORDS))), ' '
    )) AS word
    WHERE word <> ''
$$
"""
_ADD_TERMS = """
    INSERT INTO iot_data.device_terms (organization_id, term, device_id)
    SELECT organization_id, term, device_id
    FROM DEVICES
    CROSS JOIN LATERAL iot_data.terms_of_device(
        name || ' ' || coalesce(serial_number, '') || ' ' || regexp_replace(device_id, '^dev-', ''),
        address,
        tags
    ) AS term
    WHERE lifecycle <> 'deleted'
    ON CONFLICT DO NOTHING"""
_REMOVE_TERMS = """
    DELETE FROM iot_data.device_terms AS known
    USING gone
    WHERE known.organization_id = gone.organization_id
      AND known.device_id = gone.device_id"""
_KEEP_TERMS = """
CREATE FUNCTION iot_data.keep_device_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        REMOVE_TERMS;
    ELSE
        ADD_TERMS;
    END IF;
    RETURN NULL;
END
$$
"""
_CHANGE_TERMS = """
CREATE FUNCTION iot_data.change_device_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM iot_data.device_terms
    WHERE organization_id = OLD.organization_id
      AND device_id = OLD.device_id
      AND term = ANY (ARRAY(
          SELECT iot_data.terms_of_device(
              OLD.name || ' ' || coalesce(OLD.serial_number, '') || ' '
              || regexp_replace(OLD.device_id, '^dev-', ''),
              OLD.address,
              OLD.tags
          )
      ));
    WITH arrived AS (SELECT NEW.*) ADD_TERMS;
    RETURN NULL;
END
$$
"""
_FILL_COUNTS = """
INSERT INTO iot_data.device_counts (COUNTED, devices)
SELECT COUNTED, count(*)
FROM iot_data.devices
CROSS JOIN LATERAL unnest(array_append(tags, '')) AS tag
WHERE lifecycle <> 'deleted'
GROUP BY COUNTED
"""
_MEANT = {
    "BETWEEN_WORDS": _quoted(_BETWEEN_WORDS),
    "REMOVE_TERMS": _REMOVE_TERMS,
    "ADD_TERMS": _ADD_TERMS.replace("DEVICES", "arrived"),
    "(FRESH)": f"({_FRESH}\n        RETURNING count_id)",
    "FRESH;": f"{_FRESH};",
    "ARRIVED": _TALLY.replace("ROWS", "arrived").replace("SIGN", "1"),
    "GONE": _TALLY.replace("ROWS", "gone").replace("SIGN", "-1"),
    "COUNTED": _COUNTED,
}


def _spelled_out(statement: str) -> str:
    for word, meant in _MEANT.items():
        statement = statement.replace(word, meant)
    return statement


def upgrade() -> None:
    # `status` is what people are shown; what it is made of is kept apart.
    op.execute(
        """
        CREATE TABLE iot_data.devices (
            device_id text PRIMARY KEY,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            device_type_id text NOT NULL REFERENCES iot_data.device_types,
            name text NOT NULL,
            serial_number text,
            latitude double precision,
            longitude double precision,
            address text,
            connection jsonb NOT NULL DEFAULT '{}',
            metadata jsonb NOT NULL DEFAULT '{}',
            tags text[] NOT NULL DEFAULT '{}',
            firmware_version text,
            lifecycle text NOT NULL DEFAULT 'registered'
                CONSTRAINT devices_lifecycle_check
                CHECK (lifecycle IN ('registered', 'active', 'deleted')),
            connectivity text NOT NULL DEFAULT 'never'
                CONSTRAINT devices_connectivity_check
                CHECK (connectivity IN ('never', 'online', 'offline')),
            connectivity_since timestamptz,
            maintenance_until timestamptz,
            status text NOT NULL GENERATED ALWAYS AS (
                CASE
                    WHEN lifecycle = 'deleted' THEN 'deleted'
                    WHEN maintenance_until IS NOT NULL THEN 'maintenance'
                    WHEN connectivity = 'never' THEN 'registered'
                    ELSE connectivity
                END
            ) STORED,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            deleted_at timestamptz,
            version bigint NOT NULL DEFAULT 1,
            latitude_strip integer GENERATED ALWAYS AS (floor(latitude * 100)) STORED
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_devices_serial_number
        ON iot_data.devices (organization_id, serial_number)
        WHERE lifecycle <> 'deleted'
        """
    )
    # One for each order of the list, and for the filters that leave many devices over.
    for name, columns in _LISTED.items():
        op.execute(
            f"""
            CREATE INDEX idx_devices_by_{name}
            ON iot_data.devices ({columns}, device_id)
            WHERE lifecycle <> 'deleted'
            """
        )
    # Of whole strips around the globe, each about a kilometre wide, the degrees east are in order.
    op.execute(
        """
        CREATE INDEX idx_devices_place
        ON iot_data.devices (organization_id, latitude_strip, longitude)
        WHERE lifecycle <> 'deleted' AND latitude IS NOT NULL
        """
    )
    # Changes with every reading, and so is kept out of the row that has all the indexes.
    op.execute(
        """
        CREATE TABLE iot_data.device_presence (
            device_id text PRIMARY KEY REFERENCES iot_data.devices ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            last_seen_at timestamptz
        ) WITH (fillfactor = 70)
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.device_changes (
            change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            device_id text NOT NULL REFERENCES iot_data.devices ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            changed_at timestamptz NOT NULL DEFAULT now(),
            action text NOT NULL,
            actor text NOT NULL,
            before jsonb NOT NULL,
            after jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_changes_device
        ON iot_data.device_changes (device_id, change_id)
        """
    )
    # How many devices are how, as sums of what has been added and taken away: whoever writes adds
    # rows, and waits for nobody. Rows of the empty tag count all devices, whatever their tags.
    op.execute(
        """
        CREATE TABLE iot_data.device_counts (
            count_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            organization_id text NOT NULL,
            tag text NOT NULL,
            device_type_id text NOT NULL,
            status text NOT NULL,
            lifecycle text NOT NULL,
            connectivity text NOT NULL,
            devices bigint NOT NULL
        )
        """
    )
    op.execute(
        f"""
        CREATE INDEX idx_device_counts_group
        ON iot_data.device_counts ({_COUNTED})
        """
    )
    # By what devices are found. With a policy in force, an index finds what is equal, or begins so,
    # and nothing within a list. Terms begin with their kind; they are in the order of bytes.
    op.execute(
        """
        CREATE TABLE iot_data.device_terms (
            organization_id text NOT NULL,
            term text COLLATE "C" NOT NULL,
            device_id text NOT NULL,
            PRIMARY KEY (organization_id, term, device_id)
        )
        """
    )
    for table in ("devices", "device_presence", "device_changes", "device_counts", "device_terms"):
        for statement in isolated(table):
            op.execute(statement)
    op.execute(_spelled_out(_TERMS_OF))
    op.execute(_spelled_out(_KEEP_TERMS))
    op.execute(_spelled_out(_CHANGE_TERMS))
    op.execute(
        """
        CREATE TRIGGER add_device_terms
        AFTER INSERT ON iot_data.devices
        REFERENCING NEW TABLE AS arrived
        FOR EACH STATEMENT EXECUTE FUNCTION iot_data.keep_device_terms()
        """
    )
    op.execute(
        """
        CREATE TRIGGER remove_device_terms
        AFTER DELETE ON iot_data.devices
        REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION iot_data.keep_device_terms()
        """
    )
    # Most changes are of what devices are not found by.
    op.execute(
        """
        CREATE TRIGGER change_device_terms
        AFTER UPDATE ON iot_data.devices
        FOR EACH ROW
        WHEN (
            (OLD.name, OLD.serial_number, OLD.address, OLD.tags, OLD.lifecycle = 'deleted')
            IS DISTINCT FROM
            (NEW.name, NEW.serial_number, NEW.address, NEW.tags, NEW.lifecycle = 'deleted')
        )
        EXECUTE FUNCTION iot_data.change_device_terms()
        """
    )
    op.execute(_spelled_out(_COUNT))
    # There is nothing yet to be counted, unless somebody has dropped what is mended now.
    op.execute(_ADD_TERMS.replace("DEVICES", "iot_data.devices"))
    op.execute(_spelled_out(_FILL_COUNTS))
    for event, tables in _COUNTED_ON.items():
        op.execute(
            f"""
            CREATE TRIGGER count_devices_on_{event.lower()}
            AFTER {event} ON iot_data.devices
            REFERENCING {tables}
            FOR EACH STATEMENT EXECUTE FUNCTION iot_data.count_devices()
            """
        )
    op.execute(
        """
        CREATE VIEW iot_data.v_devices WITH (security_invoker = true) AS
        SELECT device_id, organization_id, device_type_id, name, tags, lifecycle, connectivity,
               status
        FROM iot_data.devices
        """
    )

    # What organizations are shown of their devices is read through these.
    op.execute(
        """
        CREATE VIEW iot_data.v_device_states WITH (security_invoker = true) AS
        SELECT device_id, last_seen_ts, agent_version
        FROM iot_data.device_state
        """
    )
    op.execute(
        """
        CREATE VIEW iot_data.v_device_parameters WITH (security_invoker = true) AS
        SELECT device_id, parameter_id, parameter_name, created_at, updated_at
        FROM iot_data.device_parameters
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW iot_data.v_device_parameters")
    op.execute("DROP VIEW iot_data.v_device_states")
    op.execute("DROP VIEW iot_data.v_devices")
    for event in _COUNTED_ON:
        op.execute(f"DROP TRIGGER count_devices_on_{event.lower()} ON iot_data.devices")
    for trigger in ("add_device_terms", "change_device_terms", "remove_device_terms"):
        op.execute(f"DROP TRIGGER {trigger} ON iot_data.devices")
    op.execute("DROP FUNCTION iot_data.count_devices()")
    op.execute("DROP FUNCTION iot_data.keep_device_terms()")
    op.execute("DROP FUNCTION iot_data.change_device_terms()")
    op.execute("DROP FUNCTION iot_data.terms_of_device(text, text, text[])")
    op.execute("DROP TABLE iot_data.device_terms")
    op.execute("DROP TABLE iot_data.device_counts")
    op.execute("DROP TABLE iot_data.device_changes")
    op.execute("DROP TABLE iot_data.device_presence")
    op.execute("DROP TABLE iot_data.devices")

"""The archive of many clusters: what arrived, by cluster and month, and what is known of it.

``commits``, ``touches`` (which commit has which key) and ``keyframes`` are cut by cluster and then
by month, of UTC, so that dropping old history is a detach of one table each. The first commit of a
log in a month has a keyframe, so that what follows needs nothing from before. Who ships may not
change the schema: what makes a partition is a function that runs with the rights of its owner.
"""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE vxfleet.clusters (
    cluster integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster_id text NOT NULL UNIQUE,
    name text NOT NULL
);
CREATE INDEX ON vxfleet.clusters (name);

-- A log is known by its lineage. `position`, `hash` and `digest` are its head here, moved in the
-- transaction that inserts; `first` is where it begins, and `before` the hash before that.
CREATE TABLE vxfleet.logs (
    log integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster integer NOT NULL REFERENCES vxfleet.clusters,
    name text NOT NULL,
    lineage bytea NOT NULL UNIQUE,
    position bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    digest bytea NOT NULL DEFAULT '\\x',
    time_us bigint NOT NULL DEFAULT 0,
    first bigint NOT NULL DEFAULT 1,
    before bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    arrived timestamptz
);
CREATE INDEX ON vxfleet.logs (cluster, name);

CREATE TABLE vxfleet.commits (
    cluster integer NOT NULL,
    month date NOT NULL,
    log integer NOT NULL,
    position bigint NOT NULL,
    time_us bigint NOT NULL,
    header bytea NOT NULL,
    context bytea,
    payload bytea NOT NULL,
    hash bytea NOT NULL,
    digest bytea NOT NULL,
    term bigint NOT NULL,
    applied_us bigint NOT NULL,
    side_check bigint NOT NULL,
    PRIMARY KEY (cluster, month, log, position)
) PARTITION BY LIST (cluster);
CREATE INDEX ON vxfleet.commits (time_us);

CREATE TABLE vxfleet.touches (
    cluster integer NOT NULL,
    month date NOT NULL,
    log integer NOT NULL,
    key bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (cluster, month, log, key, position)
) PARTITION BY LIST (cluster);

CREATE TABLE vxfleet.keyframes (
    cluster integer NOT NULL,
    month date NOT NULL,
    log integer NOT NULL,
    position bigint NOT NULL,
    commit_hash bytea NOT NULL,
    digest bytea NOT NULL,
    last_change bigint NOT NULL,
    model text NOT NULL,
    records bigint NOT NULL,
    size bigint NOT NULL,
    slices bigint NOT NULL,
    seal bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (cluster, month, log, model, position)
) PARTITION BY LIST (cluster);

-- Which positions of a log are in which month: what a question about a position is sent to. The
-- sum is over the rows of `touches`, so that one that is lost is noticed.
CREATE TABLE vxfleet.months (
    cluster integer NOT NULL REFERENCES vxfleet.clusters,
    log integer NOT NULL REFERENCES vxfleet.logs,
    month date NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    touches bigint NOT NULL,
    total numeric NOT NULL,
    PRIMARY KEY (log, month)
);

CREATE TABLE vxfleet.objects (
    log integer NOT NULL REFERENCES vxfleet.logs,
    space text NOT NULL,
    rid bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    first_position bigint NOT NULL,
    first_us bigint NOT NULL,
    last_position bigint NOT NULL,
    last_us bigint NOT NULL,
    is_there boolean NOT NULL,
    PRIMARY KEY (log, space, rid, name)
);
CREATE INDEX ON vxfleet.objects (name);
CREATE INDEX ON vxfleet.objects (space, rid);

-- How far each node's own logs go, as it said when it last looked.
CREATE TABLE vxfleet.shippers (
    log integer NOT NULL REFERENCES vxfleet.logs,
    node text NOT NULL,
    position bigint NOT NULL,
    time_us bigint NOT NULL,
    seen timestamptz NOT NULL,
    problem text,
    PRIMARY KEY (log, node)
);

-- What each log had in a month that was detached, and the hash before that.
CREATE TABLE vxfleet.detached (
    cluster integer NOT NULL REFERENCES vxfleet.clusters,
    month date NOT NULL,
    log integer NOT NULL REFERENCES vxfleet.logs,
    first bigint NOT NULL,
    before bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (cluster, month, log)
);
"""

_FUNCTIONS = """
CREATE FUNCTION vxfleet.open_month(wanted_cluster integer, wanted_month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
    branch text;
    leaf text;
BEGIN
    IF wanted_month <> date_trunc('month', wanted_month)::date THEN
        RAISE EXCEPTION 'not the first of a month: %', wanted_month;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('vxfleet.open_month'), wanted_cluster);
    FOREACH parent IN ARRAY ARRAY['commits', 'touches', 'keyframes'] LOOP
        branch := format('%s_c%s', parent, wanted_cluster);
        leaf := format('%s_%s', branch, to_char(wanted_month, 'YYYY_MM'));
        IF to_regclass(format('vxfleet.%I', branch)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE vxfleet.%I PARTITION OF vxfleet.%I FOR VALUES IN (%s) '
                'PARTITION BY RANGE (month)', branch, parent, wanted_cluster);
        END IF;
        IF to_regclass(format('vxfleet.%I', leaf)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE vxfleet.%I PARTITION OF vxfleet.%I FOR VALUES FROM (%L) TO (%L)',
                leaf, branch, wanted_month, (wanted_month + interval '1 month')::date);
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION vxfleet.open_month(integer, date) FROM PUBLIC;

CREATE FUNCTION vxfleet.attach_month(c integer, m date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
    branch text;
    leaf text;
    one record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('vxfleet.open_month'), c);
    PERFORM 1 FROM vxfleet.logs WHERE cluster = c ORDER BY log FOR UPDATE;
    FOREACH parent IN ARRAY ARRAY['commits', 'touches', 'keyframes'] LOOP
        branch := format('%s_c%s', parent, c);
        leaf := format('%s_%s', branch, to_char(m, 'YYYY_MM'));
        EXECUTE format('ALTER TABLE vxfleet.%I RENAME TO %I', leaf || '_detached', leaf);
        EXECUTE format('ALTER TABLE vxfleet.%I ATTACH PARTITION vxfleet.%I FOR VALUES FROM (%L)'
            ' TO (%L)', branch, leaf, m, (m + interval '1 month')::date);
    END LOOP;
    INSERT INTO vxfleet.months (cluster, log, month, first, last, touches, total)
        SELECT c, k.log, m, min(k.position), max(k.position),
            (SELECT count(*) FROM vxfleet.touches t
                WHERE t.cluster = c AND t.month = m AND t.log = k.log),
            (SELECT coalesce(sum(t.key::numeric * t.position), 0) FROM vxfleet.touches t
                WHERE t.cluster = c AND t.month = m AND t.log = k.log)
        FROM vxfleet.commits k WHERE k.cluster = c AND k.month = m GROUP BY k.log;
    FOR one IN SELECT log, first, before FROM vxfleet.detached WHERE cluster = c AND month = m LOOP
        UPDATE vxfleet.logs l SET first = one.first, before = one.before
            FROM vxfleet.months s WHERE l.log = one.log AND s.log = one.log AND s.month = m
            AND l.first = s.last + 1;
        IF NOT FOUND AND EXISTS (SELECT FROM vxfleet.months WHERE log = one.log AND month = m) THEN
            RAISE EXCEPTION 'a later month of log % is still detached', one.log
                USING HINT = 'attach the newest month first';
        END IF;
    END LOOP;
    DELETE FROM vxfleet.detached WHERE cluster = c AND month = m;
END $$;
REVOKE EXECUTE ON FUNCTION vxfleet.attach_month(integer, date) FROM PUBLIC;
"""


def upgrade() -> None:
    """Make what an archive consists of; its schema is there, and empty."""
    op.execute(_TABLES)
    op.execute(_FUNCTIONS)


def downgrade() -> None:
    """Refuse: an archive only moves forward."""
    raise NotImplementedError

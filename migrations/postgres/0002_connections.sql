-- What connects incidents with what others run: alerts in, series from elsewhere, messages out.

-- Where the counts come from: 'events', the table here, or the name of a source of the configuration with an expression.
alter table alert_rules add column source text not null default 'events';
alter table alert_rules add column expression text;
alter table alert_rules add column measure text not null default 'events'
    check (measure in ('events', 'estimated_events', 'metric', 'lowest_metric'));
alter table incidents add column source text not null default 'events';
alter table incidents add column expression text;
alter table incidents add column measure text not null default 'events'
    check (measure in ('events', 'estimated_events', 'metric', 'lowest_metric'));
alter table incident_snapshots add column measure text not null default 'events'
    check (measure in ('events', 'estimated_events', 'metric', 'lowest_metric'));
alter table superseded_snapshots add column measure text not null default 'events'
    check (measure in ('events', 'estimated_events', 'metric', 'lowest_metric'));

-- Groups of alerts. Whoever takes in what is said of a group locks its row first.
create table alert_groups (
    id bigint generated always as identity primary key,
    source text collate "C" not null,
    group_key text collate "C" not null,
    unique (source, group_key)
);

-- The alerts' side of an incident that alerts have opened: one firing episode of a group.
create table incident_origins (
    incident_id bigint primary key references incidents on delete cascade,
    group_id bigint not null references alert_groups,
    -- What its alerts have in common, as JSON objects of texts.
    labels text not null,
    annotations text not null,
    generator_url text,
    external_url text,
    -- How many alerts the last notification left out.
    truncated bigint not null default 0
);

create index incident_origins_group on incident_origins (group_id, incident_id);

-- An occurrence of an alert: firing from its start until its end, null while it fires.
create table incident_alerts (
    source text collate "C" not null,
    fingerprint text collate "C" not null,
    starts_at bigint not null,
    ends_at bigint,
    incident_id bigint not null references incidents on delete cascade,
    labels text not null,
    annotations text not null,
    generator_url text,
    -- Since when neither its source nor Prometheus knows it.
    missing_since bigint,
    primary key (source, fingerprint, starts_at)
);

create index incident_alerts_incident on incident_alerts (incident_id, starts_at);
create index incident_alerts_firing on incident_alerts (source) where ends_at is null;

-- What a source held of an incident when it was closed, in whole buckets of its time window, until the complete
-- capture. It survives a reopening.
create table frozen_series (
    incident_id bigint primary key references incidents on delete cascade,
    -- The close for which it was frozen; null until then.
    date_closed bigint,
    next_attempt_at bigint not null,
    attempts bigint not null default 0,
    last_error text,
    range_start bigint,
    range_end bigint,
    period_seconds bigint,
    counts text,
    held text
);

-- Who wants to be told of what. A process that delivers says so here; what it does not say for a week is forgotten.
create table outbox_targets (
    name text collate "C" primary key,
    -- The kinds of messages that it wants, in a row with spaces between.
    kinds text not null,
    last_seen bigint not null
);

-- What is to be told, in the transaction that made it so; gone when it is delivered.
create table outbox (
    id bigint generated always as identity primary key,
    message_id text collate "C" not null unique default replace(gen_random_uuid()::text, '-', ''),
    target text collate "C" not null,
    kind text not null check (kind in ('snapshot.captured', 'pending.dead', 'incident.closed')),
    incident_id bigint not null references incidents on delete cascade,
    occurred_at bigint not null,
    attempts bigint not null default 0,
    next_attempt_at bigint not null,
    last_error text
);

create index outbox_next_attempt on outbox (target, next_attempt_at, id);

-- Every instant is a bigint of Unix microseconds. Enums are stored by name.
-- Texts that are sorted or counted apart compare by their bytes, as on SQLite, whatever the server's locale.

create table meta (
    key text primary key,
    value text not null
);

create table alert_rules (
    id bigint generated always as identity primary key,
    name text collate "C" not null unique,
    time_window_minutes bigint not null check (time_window_minutes between 1 and 43200),
    query text not null,
    aggregation text not null check (aggregation in ('total', 'unique_users')),
    date_added bigint not null,
    date_updated bigint not null
);

create table alert_rule_projects (
    rule_id bigint not null references alert_rules on delete cascade,
    project text collate "C" not null,
    primary key (rule_id, project)
);

create table incidents (
    id bigint generated always as identity primary key,
    title text collate "C" not null,
    type text not null check (type in ('detected', 'created', 'alert_triggered')),
    status text not null check (status in ('open', 'closed')),
    aggregation text not null check (aggregation in ('total', 'unique_users')),
    query text not null,
    -- The rule may go; its name and what was copied from it stay.
    rule_id bigint references alert_rules on delete set null,
    rule_name text,
    time_window_minutes bigint not null check (time_window_minutes between 1 and 43200),
    date_started bigint not null,
    date_detected bigint not null,
    date_closed bigint check (date_closed >= date_started),
    date_added bigint not null,
    check ((status = 'closed') = (date_closed is not null))
);

create index incidents_date_started on incidents (date_started, id);
create index incidents_rule on incidents (rule_id) where rule_id is not null;

create table incident_projects (
    incident_id bigint not null references incidents on delete cascade,
    project text collate "C" not null,
    primary key (incident_id, project)
);

create index incident_projects_project on incident_projects (project);

create table incident_activities (
    id bigint generated always as identity primary key,
    incident_id bigint not null references incidents on delete cascade,
    kind text not null check (kind in ('detected', 'status_change', 'comment', 'edit')),
    at bigint not null,
    author text not null,
    status_from text,
    status_to text,
    comment text
);

create index incident_activities_incident on incident_activities (incident_id, id);

-- At most one promise for each incident (rule 8).
create table pending_snapshots (
    incident_id bigint primary key references incidents on delete cascade,
    target_run_date bigint not null,
    next_attempt_at bigint not null,
    attempts bigint not null default 0,
    last_error text,
    last_error_at bigint,
    last_host text,
    dead_since bigint
);

create index pending_snapshots_next_attempt on pending_snapshots (next_attempt_at, incident_id)
    where dead_since is null;

-- At most one current snapshot for each incident (rule 8).
create table incident_snapshots (
    incident_id bigint primary key references incidents on delete cascade,
    as_of bigint not null,
    date_added bigint not null,
    partial boolean not null,
    clipped boolean not null,
    source text not null,
    total_events bigint,
    unique_users bigint
);

create index incident_snapshots_date_added on incident_snapshots (date_added);

create table superseded_snapshots (
    incident_id bigint not null references incidents on delete cascade,
    revision bigint not null,
    superseded_at bigint not null,
    as_of bigint not null,
    date_added bigint not null,
    partial boolean not null,
    clipped boolean not null,
    source text not null,
    total_events bigint,
    unique_users bigint,
    primary key (incident_id, revision)
);

-- The series of the current snapshot have revision 0, those of a superseded one its revision.
create table time_series_snapshots (
    incident_id bigint not null references incidents on delete cascade,
    revision bigint not null default 0,
    kind text not null check (kind in ('windowed', 'lifetime')),
    range_start bigint not null,
    range_end bigint not null,
    period_seconds bigint not null,
    -- The non-empty buckets, position:count joined by commas.
    counts text not null,
    -- The intervals that the source held; null where it held all of the range.
    held text,
    primary key (incident_id, revision, kind)
);

create table events (
    id bigint generated always as identity primary key,
    -- Empty where the event belongs to no project.
    project text collate "C" not null,
    occurred_at bigint not null check (occurred_at >= 0),
    weight bigint not null check (weight between 0 and 1000000000),
    user_name text collate "C",
    level text,
    environment text,
    fingerprint text,
    message text,
    tags text,
    event_id text collate "C"
);

create index events_project_occurred_at on events (project, occurred_at) include (weight, user_name);
create unique index events_event_id on events (event_id) where event_id is not null;

-- Which projects have events, so that an incident without projects can be counted through the same index.
create table event_projects (
    project text collate "C" primary key
);

create table imports (
    id bigint generated always as identity primary key,
    -- A hash of the content and of the options that change its meaning.
    content_hash text not null,
    -- Counts the times that the same content was imported on purpose.
    repetition bigint not null,
    name text not null,
    position bigint not null,
    imported bigint not null,
    started_at bigint not null,
    finished_at bigint,
    unique (content_hash, repetition)
);

create table processor_runs (
    id bigint generated always as identity primary key,
    trigger text not null check (trigger in ('startup', 'interval', 'retry', 'forced')),
    host text not null,
    started_at bigint not null,
    updated_at bigint not null,
    finished_at bigint,
    batch_size bigint not null,
    -- The last row that was claimed, in the order of next attempt and incident.
    cursor_next_attempt_at bigint,
    cursor_incident_id bigint,
    captured bigint not null default 0,
    skipped_open bigint not null default 0,
    skipped_existing bigint not null default 0,
    failed bigint not null default 0,
    batches bigint not null default 0,
    error text
);

create index processor_runs_unfinished on processor_runs (updated_at) where finished_at is null;

create table processors (
    host text collate "C" not null,
    pid bigint not null,
    kind text not null check (kind in ('console', 'daemon', 'command')),
    version text not null,
    next_run_at bigint,
    last_seen bigint not null,
    primary key (host, pid)
);

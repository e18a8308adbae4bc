-- Events counted by the minute, so that a busy minute costs no more to count than a quiet one. It changes in the
-- transaction that stores or deletes events.

create table event_minutes (
    project text not null,
    -- Whole minutes since 1970.
    minute bigint not null,
    -- '=' and the value; empty where the event has none, for a key has no nulls.
    level text not null,
    environment text not null,
    weight bigint not null,
    events bigint not null,
    primary key (project, minute, level, environment)
) without rowid;

-- One by one: a sort of all events would be kept in memory.
insert into event_minutes (project, minute, level, environment, weight, events)
select project, occurred_at / 60000000, coalesce('=' || level, ''), coalesce('=' || environment, ''), weight, 1
from events where true
on conflict (project, minute, level, environment)
do update set weight = event_minutes.weight + excluded.weight, events = event_minutes.events + 1;

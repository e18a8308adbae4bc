-- Events counted by the minute, so that a busy minute costs no more to count than a quiet one. It changes in the
-- transaction that stores or deletes events.

create table event_minutes (
    project text collate "C" not null,
    -- Whole minutes since 1970.
    minute bigint not null,
    -- '=' and the value; empty where the event has none, for a key has no nulls.
    level text collate "C" not null,
    environment text collate "C" not null,
    weight bigint not null,
    events bigint not null,
    primary key (project, minute, level, environment)
) with (fillfactor = 80);

insert into event_minutes (project, minute, level, environment, weight, events)
select project, occurred_at / 60000000, coalesce('=' || level, ''), coalesce('=' || environment, ''),
    cast(sum(weight) as bigint), count(*)
from events group by 1, 2, 3, 4;

//! What a list is made of, and in which order: tables and columns that have an index where one is worth it.

use sqlx::{Database, Encode, Type};

use super::Builder;
use crate::domain::Listed;
use crate::domain::order::{Direction, Sort, SortKey};

/// The number of an incident, from the table that says what is listed.
pub(super) fn number(listed: Listed) -> &'static str {
    match listed {
        Listed::Incidents => "i.id",
        Listed::Pending => "p.incident_id",
        Listed::Snapshots => "s.incident_id",
    }
}

/// The tables, joined so that the database can leave out what nothing is asked of.
pub(super) fn tables(listed: Listed, key: SortKey) -> String {
    let of_promise = matches!(key, SortKey::Urgency | SortKey::Due | SortKey::Target) && listed != Listed::Pending;
    let of_snapshot =
        matches!(key, SortKey::Captured | SortKey::Events | SortKey::Users) && listed != Listed::Snapshots;
    let promise = if of_promise { " left join pending_snapshots p on p.incident_id = " } else { "" };
    let snapshot = if of_snapshot { " left join incident_snapshots s on s.incident_id = " } else { "" };
    let joined = if of_promise || of_snapshot { number(listed) } else { "" };
    let from = match listed {
        Listed::Incidents => "incidents i",
        Listed::Pending => "pending_snapshots p left join incidents i on i.id = p.incident_id",
        Listed::Snapshots => "incident_snapshots s left join incidents i on i.id = s.incident_id",
    };
    format!("{from}{promise}{snapshot}{joined}")
}

impl<DB> Builder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    pub(super) fn order(&mut self, sort: Sort) {
        let direction = match sort.direction {
            Direction::Ascending => "",
            Direction::Descending => " desc",
        };
        self.query.push(" order by ");
        match sort.key {
            // In both columns the same way, so that the index is read in either direction.
            SortKey::Started => {
                self.query.push(format!("i.date_started{direction}, i.id{direction}"));
                return;
            }
            SortKey::Id => {
                self.query.push(format!("{}{direction}", number(self.listed)));
                return;
            }
            SortKey::Captured if self.listed == Listed::Snapshots => {
                self.query.push(format!("s.date_added{direction}, s.incident_id{direction}"));
                return;
            }
            SortKey::Urgency => {
                self.urgency(direction);
                return;
            }
            SortKey::Due => self.query.push("p.next_attempt_at"),
            SortKey::Target => self.query.push("p.target_run_date"),
            SortKey::Captured => self.query.push("s.date_added"),
            SortKey::Status => self.query.push("case i.status when 'open' then 0 else 1 end"),
            SortKey::Title => self.query.push(self.dialect.folded("i.title")),
            SortKey::Projects => {
                let project = self.dialect.folded("o.project");
                self.query.push(format!("(select min({project}) from incident_projects o where o.incident_id = i.id)"))
            }
            SortKey::Rule => self.query.push(self.dialect.folded("i.rule_name")),
            SortKey::Type => self.query.push("i.type"),
            SortKey::Duration => {
                self.duration();
                &mut self.query
            }
            SortKey::Window => self.query.push("i.time_window_minutes"),
            SortKey::Closed => self.query.push("i.date_closed"),
            SortKey::Events => self.query.push("s.total_events"),
            SortKey::Users => self.query.push("s.unique_users"),
        };
        self.query.push(format!("{direction} nulls last, i.date_started desc, i.id desc"));
    }

    /// What needs somebody first. What waits comes in the order in which the processor takes it.
    fn urgency(&mut self, direction: &str) {
        self.query.push("case when p.dead_since is not null then 0 ");
        self.query.push("when p.attempts > 0 or p.next_attempt_at > p.target_run_date then 1 ");
        self.query.push("when p.incident_id is not null then 2 end");
        self.query.push(format!("{direction} nulls last, p.next_attempt_at{direction}, "));
        self.query.push(match self.listed {
            Listed::Pending => format!("p.incident_id{direction}"),
            Listed::Incidents | Listed::Snapshots => "i.date_started desc, i.id desc".to_owned(),
        });
    }
}

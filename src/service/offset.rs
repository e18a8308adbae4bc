//! How the host's clock and the database's go together, without asking the database each time.

use crate::domain::Timestamp;

/// How the database's clock differs from the host's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offset {
    micros: i64,
}

impl Offset {
    pub(super) fn new(database: Timestamp, host: Timestamp) -> Self {
        Self { micros: database.as_micros().saturating_sub(host.as_micros()) }
    }

    pub(super) fn database_time(self, host: Timestamp) -> Timestamp {
        Timestamp::from_micros(host.as_micros().saturating_add(self.micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_s_time_follows_from_the_host_s() {
        let at = Timestamp::from_seconds;
        let offset = Offset::new(at(7_300), at(100));
        assert_eq!(offset.database_time(at(160)), at(7_360));
    }
}

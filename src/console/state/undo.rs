//! The last close of this console, as long as it can be taken back. Knows what was done here since, so that whoever takes
//! it back by habit is asked first.

use crate::domain::{Incident, IncidentId, Seen, Timestamp};

/// The last close of this console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// What it made of the incidents that can still be taken back.
    pub closes: Vec<Seen>,
    /// When it was made.
    pub made_at: Timestamp,
    /// What was done here after it.
    pub since: Since,
}

/// Whether a close is the last that was done in this console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is.
    Nothing,
    /// Something else has been written since.
    AnotherWrite,
}

impl Undo {
    /// What a close has made of these incidents; `None` where none of them has a pending snapshot.
    #[must_use]
    pub fn of(closed: &[Incident], made_at: Timestamp) -> Option<Self> {
        let promised = closed.iter().filter(|incident| incident.pending.is_some());
        let closes: Vec<Seen> = promised.map(Seen::of).collect();
        (!closes.is_empty()).then_some(Self { closes, made_at, since: Since::Nothing })
    }

    /// Those of the closes whose snapshot still lies ahead.
    pub fn possible(&self, now: Timestamp) -> impl Iterator<Item = &Seen> {
        self.closes.iter().filter(move |seen| target(seen).is_some_and(|target| now < target))
    }

    /// Until when all of it can be taken back: the first snapshot is captured then.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.closes.iter().filter_map(target).min()
    }

    /// Forgets closes; whether any is left.
    pub fn forget(&mut self, gone: impl Fn(&Seen) -> bool) -> bool {
        self.closes.retain(|seen| !gone(seen));
        !self.closes.is_empty()
    }
}

fn target(seen: &Seen) -> Option<Timestamp> {
    seen.pending.as_ref().map(|row| row.target_run_date)
}

/// `#7, #8`: these numbers, or where they are more than `most`, the first of them and how many more there are.
#[must_use]
pub fn numbers(ids: impl IntoIterator<Item = IncidentId>, most: usize) -> String {
    let all: Vec<String> = ids.into_iter().map(|id| format!("#{id}")).collect();
    match all.split_at_checked(most) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_numbers_the_first_are_named_and_the_rest_counted() {
        let said = |count, most| numbers((1..=count).map(IncidentId::new), most);
        assert_eq!([said(1, 5), said(5, 5)], ["#1", "#1, #2, #3, #4, #5"]);
        assert_eq!([said(8, 5), said(2, 1)], ["#1, #2, #3, #4, #5 and 3 more", "#1 and 1 more"]);
    }
}

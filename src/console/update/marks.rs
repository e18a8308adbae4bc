//! Which marks still mean something. One that a filter hides stays; one whose incident has left the list goes, and that
//! is said: no verb acts on what the operator cannot account for.

use crate::console::event::Moment;
use crate::console::listing::Listed;
use crate::console::state::State;
use crate::console::state::toasts::Tone;
use crate::domain::{Incident, IncidentId};

/// So many are named.
const NAMED: usize = 3;

/// What is known of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The list itself has just come: without a filter, what is not in it has left it.
    All,
    /// Rows alone have: what they say of their incidents.
    Rows,
}

/// Takes away the marks of what has left a list.
pub(super) fn settle(state: &mut State, listed: Listed, known: Known, moment: Moment) {
    let list = state.list_of(listed);
    let complete = known == Known::All && list.filter.is_empty();
    let left =
        |id: &&IncidentId| complete || state.rows.incident(**id).is_some_and(|incident| !belongs(incident, listed));
    let left: Vec<IncidentId> = list.hidden_marks().iter().filter(left).copied().collect();
    if left.is_empty() {
        return;
    }
    state.list_of_mut(listed).unmark(&left);
    let place = match listed {
        listed if state.view.listed() == Some(listed) => "this list",
        Listed::Incidents => "the incidents",
        Listed::Pending => "the pending snapshots",
        Listed::Snapshots => "the snapshots",
    };
    state.toasts.say(Tone::Warning, format!("{} left {place}: no longer marked", named(&left)), moment.real);
}

fn belongs(incident: &Incident, listed: Listed) -> bool {
    match listed {
        Listed::Incidents => true,
        Listed::Pending => incident.pending.is_some(),
        Listed::Snapshots => incident.snapshot.is_some(),
    }
}

fn named(ids: &[IncidentId]) -> String {
    let names: Vec<String> = ids.iter().take(NAMED).map(|id| format!("#{id}")).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        1 => format!("{} and another", names.join(", ")),
        more => format!("{} and {more} others", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_named_and_the_rest_is_counted() {
        let ids: Vec<IncidentId> = (1..=5).map(IncidentId::new).collect();
        assert_eq!(named(&ids[..1]), "#1");
        assert_eq!(named(&ids[..3]), "#1, #2, #3");
        assert_eq!(named(&ids[..4]), "#1, #2, #3 and another");
        assert_eq!(named(&ids), "#1, #2, #3 and 2 others");
    }
}

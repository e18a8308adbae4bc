//! A list of incidents with its cursor, scroll and marks. All are by number, never by row, so that no refresh can move
//! the cursor to another incident.

use std::collections::BTreeSet;

use crate::console::effect::Edition;
use crate::console::listing::{Filter, Listed, Sort};
use crate::domain::{IncidentId, Timestamp};

/// Whether the list has been read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Not yet.
    Unknown,
    /// It has; it may still be empty.
    Known,
}

/// A list with its cursor, scroll and marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    of: Listed,
    /// What it lets through.
    pub filter: Filter,
    /// Its order.
    pub sort: Sort,
    /// Of which edition it is, for this filter and this order.
    pub edition: Option<Edition>,
    /// When it was read, on the clock of the product.
    pub listed_at: Option<Timestamp>,
    ids: Vec<IncidentId>,
    contents: Contents,
    selected: Option<IncidentId>,
    /// The row of the selected incident, or the one where it was when it left the list.
    position: usize,
    listed: bool,
    offset: usize,
    marks: BTreeSet<IncidentId>,
    hidden_marks: BTreeSet<IncidentId>,
    largest: i64,
}

impl List {
    /// One of these that has not been read.
    #[must_use]
    pub fn new(listed: Listed) -> Self {
        Self {
            of: listed,
            filter: Filter::default(),
            sort: listed.order(),
            edition: None,
            listed_at: None,
            ids: Vec::new(),
            contents: Contents::Unknown,
            selected: None,
            position: 0,
            listed: false,
            offset: 0,
            marks: BTreeSet::new(),
            hidden_marks: BTreeSet::new(),
            largest: 0,
        }
    }

    /// The same with this filter and this order.
    #[must_use]
    pub fn with(self, filter: Filter, sort: Sort) -> Self {
        Self { filter, sort, ..self }
    }

    /// What is listed.
    #[must_use]
    pub fn listed(&self) -> Listed {
        self.of
    }

    /// The edition at hand, where time alone does not change the list.
    #[must_use]
    pub fn held(&self) -> Option<Edition> {
        self.edition.filter(|_| !self.filter.follows_time() && !self.sort.follows_time())
    }

    /// All of its incidents, in order.
    #[must_use]
    pub fn ids(&self) -> &[IncidentId] {
        &self.ids
    }

    /// Whether it has been read at all.
    #[must_use]
    pub fn contents(&self) -> Contents {
        self.contents
    }

    /// The incident under the cursor. It stays so when it leaves the list, until the operator moves.
    #[must_use]
    pub fn selected(&self) -> Option<IncidentId> {
        self.selected
    }

    /// Whether the selected incident is (still) in the list.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// The row of the cursor.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The first row that is seen.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is marked, in ascending order.
    #[must_use]
    pub fn marks(&self) -> &BTreeSet<IncidentId> {
        &self.marks
    }

    /// Those of the marked that are not in the list.
    #[must_use]
    pub fn hidden_marks(&self) -> &BTreeSet<IncidentId> {
        &self.hidden_marks
    }

    /// The largest number in it.
    #[must_use]
    pub fn largest(&self) -> i64 {
        self.largest
    }

    /// What is seen where `rows` rows are.
    #[must_use]
    pub fn visible(&self, rows: usize) -> &[IncidentId] {
        let start = self.offset.min(self.ids.len());
        &self.ids[start..(start + rows).min(self.ids.len())]
    }

    /// What is seen and as much again before and after it: what is worth having at hand.
    #[must_use]
    pub fn around(&self, rows: usize) -> &[IncidentId] {
        let start = self.offset.saturating_sub(rows).min(self.ids.len());
        &self.ids[start..(self.offset + 2 * rows).clamp(start, self.ids.len())]
    }

    /// Takes over what was read. The cursor stays on its incident, and that, if it can, on its row of the screen.
    pub fn replace(&mut self, ids: Vec<IncidentId>, rows: usize) {
        self.contents = Contents::Known;
        let found = self.selected.and_then(|selected| self.find(&ids, selected));
        let on_screen = self.position.saturating_sub(self.offset);
        self.ids = ids;
        self.largest = self.ids.iter().map(|id| id.value()).max().unwrap_or(0);
        match (found, self.selected) {
            (Some(position), _) => {
                // At the top one wants to see what is new; elsewhere one wants nothing to move.
                if self.offset > 0 {
                    self.offset = position.saturating_sub(on_screen);
                }
                self.position = position;
                self.listed = true;
            }
            (None, Some(_)) => {
                self.listed = false;
                self.position = self.position.min(self.ids.len().saturating_sub(1));
            }
            (None, None) => self.select(0),
        }
        self.find_hidden_marks();
        self.scroll_into_view(rows);
    }

    /// Begins anew: another filter was set, and the cursor of the old list says nothing about the new one.
    pub fn restart(&mut self) {
        self.selected = None;
        self.listed = false;
        self.position = 0;
        self.offset = 0;
    }

    /// Looks near the old row first: a refresh seldom moves much.
    fn find(&self, ids: &[IncidentId], wanted: IncidentId) -> Option<usize> {
        if ids.get(self.position) == Some(&wanted) {
            return Some(self.position);
        }
        ids.iter().position(|id| *id == wanted)
    }

    /// Puts the cursor on a row; beyond the end on the last.
    pub fn select(&mut self, position: usize) {
        self.position = position.min(self.ids.len().saturating_sub(1));
        self.selected = self.ids.get(self.position).copied();
        self.listed = self.selected.is_some();
    }

    /// Puts the cursor on an incident, if it is in the list.
    pub fn select_id(&mut self, id: IncidentId, rows: usize) {
        if let Some(position) = self.find(&self.ids, id) {
            self.select(position);
            self.scroll_into_view(rows);
        }
    }

    /// Moves the cursor by rows.
    pub fn move_by(&mut self, step: isize, rows: usize) {
        if self.ids.is_empty() {
            return;
        }
        // Where the selected incident has left the list, the next one down has taken its row.
        let step = if !self.listed && step > 0 { step - 1 } else { step };
        self.select(self.position.saturating_add_signed(step));
        self.scroll_into_view(rows);
    }

    /// Moves the cursor to a row.
    pub fn move_to(&mut self, position: usize, rows: usize) {
        if !self.ids.is_empty() {
            self.select(position);
            self.scroll_into_view(rows);
        }
    }

    /// Scrolls as little as shows the cursor.
    pub fn scroll_into_view(&mut self, rows: usize) {
        let last = self.ids.len().saturating_sub(rows.max(1));
        let lowest = (self.position + 1).saturating_sub(rows.max(1));
        self.offset = self.offset.clamp(lowest.min(self.position), self.position).min(last.max(lowest));
    }

    /// Marks an incident or takes its mark away.
    pub fn toggle_mark(&mut self, id: IncidentId) {
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        self.find_hidden_marks();
    }

    /// Takes all marks away.
    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.hidden_marks.clear();
    }

    /// Takes these marks away.
    pub fn unmark(&mut self, ids: &[IncidentId]) {
        for id in ids {
            self.marks.remove(id);
        }
        self.find_hidden_marks();
    }

    fn find_hidden_marks(&mut self) {
        self.hidden_marks = self.marks.clone();
        if !self.marks.is_empty() {
            for id in &self.ids {
                self.hidden_marks.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[i64]) -> Vec<IncidentId> {
        numbers.iter().copied().map(IncidentId::new).collect()
    }

    fn list(numbers: &[i64], rows: usize) -> List {
        let mut list = List::new(Listed::Incidents);
        list.replace(ids(numbers), rows);
        list
    }

    #[test]
    fn the_first_row_is_selected_when_a_list_is_first_read() {
        assert_eq!(list(&[7, 5], 3).selected(), Some(IncidentId::new(7)));
        assert_eq!(list(&[], 3).selected(), None);
    }

    #[test]
    fn a_refresh_leaves_the_cursor_on_its_incident() {
        let mut list = list(&[5, 4, 3], 3);
        list.move_by(1, 3);
        list.replace(ids(&[9, 8, 5, 4, 3]), 3);
        assert_eq!((list.selected(), list.position()), (Some(IncidentId::new(4)), 3));
    }

    #[test]
    fn an_incident_that_leaves_the_list_stays_selected_until_the_operator_moves() {
        let mut list = list(&[5, 4, 3], 3);
        list.move_by(1, 3);
        list.replace(ids(&[5, 3]), 3);
        assert_eq!((list.selected(), list.is_listed()), (Some(IncidentId::new(4)), false));
        let mut down = list.clone();
        down.move_by(1, 3);
        assert_eq!(down.selected(), Some(IncidentId::new(3)), "the one that took its row");
        list.move_by(-1, 3);
        assert_eq!(list.selected(), Some(IncidentId::new(5)));
    }

    #[test]
    fn a_scrolled_list_keeps_the_cursor_on_its_row_of_the_screen() {
        let numbers: Vec<i64> = (0..100).rev().collect();
        let mut list = list(&numbers, 10);
        list.move_to(50, 10);
        let on_screen = list.position() - list.offset();
        let more: Vec<i64> = (0..105).rev().collect();
        list.replace(ids(&more), 10);
        assert_eq!(list.position(), 55);
        assert_eq!(list.position() - list.offset(), on_screen);
    }

    #[test]
    fn what_is_new_at_the_top_is_seen_from_the_top() {
        let mut list = list(&[3, 2, 1], 10);
        list.replace(ids(&[4, 3, 2, 1]), 10);
        assert_eq!((list.offset(), list.position()), (0, 1));
    }

    #[test]
    fn the_cursor_is_always_seen() {
        let numbers: Vec<i64> = (0..50).collect();
        for rows in 0..8 {
            let mut list = list(&numbers, rows);
            for step in [1, 7, -3, 40, -50, 13] {
                list.move_by(step, rows);
                let seen = list.offset()..list.offset() + rows.max(1);
                assert!(seen.contains(&list.position()), "{rows} rows, {seen:?}, {}", list.position());
            }
        }
    }

    #[test]
    fn marks_outlive_a_filter_and_are_told_as_hidden() {
        let mut list = list(&[3, 2, 1], 10);
        list.toggle_mark(IncidentId::new(3));
        list.toggle_mark(IncidentId::new(1));
        list.replace(ids(&[1]), 10);
        assert_eq!((list.marks().len(), list.hidden_marks().len()), (2, 1));
    }
}

//! What the chart of the selected incident shows.

use super::State;
use super::extent::{Change, Extent, Subject};
use crate::console::event::{Detail, Picture};
use crate::console::lines::{width_of, wrap};
use crate::domain::alert::{MemberAlert, distinction, written};
use crate::domain::{Incident, Series, SeriesKind, Timestamp};

/// Facts take so many lines where nothing of them is long.
const FACTS: usize = 12;
/// Columns of the name of a fact.
const LABEL: usize = 10;
/// Columns of when an alert fired.
const FIRED: usize = 20;
/// Rows that a chart has at the least where all facts are above it.
const CHART: usize = 12;

impl State {
    /// The series that the chart shows: the operator's choice, or the lifetime where the windowed one lacks the tail.
    #[must_use]
    pub fn shown_series(&self, incident: &Incident, now: Timestamp) -> SeriesKind {
        let first = if incident.course().is_long(now) { SeriesKind::Lifetime } else { SeriesKind::Windowed };
        self.detail.series.unwrap_or(first)
    }

    /// The series under the chart, all of it, and whose it is; `None` where there is nothing to draw.
    #[must_use]
    pub fn charted(&self, now: Timestamp) -> Option<Subject<'_>> {
        let detail = self.shown_detail()?;
        let incident = &detail.incident;
        let series = series_of(&detail.picture, self.shown_series(incident, now))?;
        (!series.is_empty()).then_some(Subject { series, incident })
    }

    /// How many parts the detail is gone through in: the entries of its timeline, or where it does not fit the chart and
    /// pages of all else.
    #[must_use]
    pub fn detail_parts(&self) -> usize {
        let Some(detail) = self.shown_detail() else { return 0 };
        let screen = self.screen();
        if !screen.is_detail_compact() {
            let (facts, alerts) = connection(detail, usize::from(screen.detail.width).saturating_sub(2));
            // Where there is room, the facts are above the chart.
            let roomy = usize::from(screen.detail.height) >= FACTS + facts + CHART;
            let facts = if detail.is_connected() && !roomy { FACTS + facts } else { 0 };
            return detail.entries() + alerts + facts;
        }
        let (width, height) = (usize::from(screen.detail.width).max(24), usize::from(screen.detail.height).max(2) - 1);
        let said = |comment: &Option<String>| comment.as_ref().map_or(0, |comment| width_of(comment) / (width / 2));
        let timeline = detail.activities.iter().map(|activity| 2 + said(&activity.comment)).sum::<usize>();
        let facts = FACTS + (width_of(&detail.incident.query) + detail.incident.projects.len() * 12) / (width / 2);
        let (connected, alerts) = connection(detail, width);
        let facts = facts + connected + alerts;
        1 + (facts + timeline + 2 * detail.superseded.len() + 3).div_ceil(height)
    }

    /// How much of it would be shown after a change; `None` where that changes nothing.
    #[must_use]
    pub fn extent_after(&self, change: Change, now: Timestamp) -> Option<Extent> {
        self.detail.extent.changed(change, self.charted(now)?, self.detail.cursor)
    }
}

/// How many lines it takes to say where an incident came from and what measures it, and to list its alerts.
fn connection(detail: &Detail, width: usize) -> (usize, usize) {
    let room = width.saturating_sub(LABEL).max(10);
    let lines = |text: &str| wrap(text, room).len();
    let asked = detail.incident.expression.as_ref().map_or(0, |expression| 3 + lines(&expression.text));
    let Some(alerts) = &detail.alerts else { return (asked, 0) };
    let origin = &alerts.origin;
    let url = origin.generator_url.as_deref().map_or(0, lines);
    let said = lines(&origin.group_key) + lines(&written(&origin.labels)) + lines(&alerts.annotations()) + url;
    let beside = width.saturating_sub(FIRED.min(width / 2)).max(8);
    let of = |member: &MemberAlert| wrap(&distinction(&member.alert, &origin.labels), beside).len();
    (asked + 1 + said, 2 + alerts.members.iter().map(of).sum::<usize>())
}

/// One of the two series of a picture, if there is a picture.
#[must_use]
pub fn series_of(picture: &Picture, kind: SeriesKind) -> Option<&Series> {
    let (Picture::Captured(snapshot) | Picture::Preview(snapshot)) = picture else { return None };
    Some(match kind {
        SeriesKind::Windowed => &snapshot.windowed,
        SeriesKind::Lifetime => &snapshot.lifetime,
    })
}

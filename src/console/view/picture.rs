//! The chart of the selected incident: what of the state it shows, and in which words.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::chart::{self, Backdrop, Chart};
use super::detail::put;
use super::origin;
use super::text::wrap;
use crate::console::event::{Detail, Picture};
use crate::console::keymap::Action;
use crate::console::pointing::Target;
use crate::console::state::chart::series_of;
use crate::console::state::excerpt;
use crate::console::state::extent::{Extent, Subject};
use crate::console::state::overlay::{self, Behind, Height};
use crate::console::zone::Zone;
use crate::domain::text::shorten;
use crate::domain::window::Range;
use crate::domain::{Aggregation, Series, Status, Timestamp, span};

/// Draws the chart, or says why there is none.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, area: Rect, detail: &Detail) {
    let (state, look, now) = (canvas.state, canvas.look, canvas.moment.now);
    if let Picture::Unavailable(why) = &detail.picture {
        let wrapped = wrap(why, usize::from(area.width));
        return put(frame, area, wrapped.into_iter().map(|line| Line::styled(line, look.theme.error)).collect());
    }
    if detail.picture == Picture::Awaited {
        return put(frame, area, vec![Line::styled(format!("asking {}", source(detail)), look.theme.dim)]);
    }
    let Some(subject) = state.charted(now) else { return };
    let incident = subject.incident;
    let range = state.detail.extent.range(subject);
    let series = excerpt::part(subject.series, range);
    let behind = behind(canvas, subject, &series);
    let name = state.overlay.as_ref().map(|overlay| format!("#{}", overlay.id)).unwrap_or_default();
    let scaled = state.overlay.as_ref().is_some_and(|overlay| overlay.height == Height::Normalised);
    let position = |bucket: Timestamp| {
        let before = bucket.since(series.first_bucket()).as_micros() / series.period.as_micros().max(1);
        usize::try_from(before).unwrap_or(0)
    };
    let chart = Chart {
        titles: &titles(canvas, detail, subject, range),
        notes: &with_legend(canvas, detail, notes(canvas, detail, subject)),
        series: &series,
        date_started: incident.date_started,
        date_closed: incident.date_closed,
        target: incident.pending.as_ref().map(|pending| pending.target_run_date),
        now,
        cursor: state.detail.cursor.map(position),
        aggregation: incident.aggregation,
        measure: detail.picture.measure(),
        behind: behind.as_ref().map(|behind| Backdrop { behind, name: &name, scaled }),
        zone: state.zone,
        glyphs: look.glyphs,
        theme: &look.theme,
    };
    chart::render(frame, area, &chart);
    if canvas.is_pointed_at() {
        for (column, bucket) in chart::columns(area, &chart) {
            canvas.put(column, Target::Bucket(bucket));
        }
    }
}

/// The source that measures an incident, as it is named.
fn source(detail: &Detail) -> String {
    let name = detail.incident.expression.as_ref().map(|expression| shorten(&expression.source, 40));
    name.map_or_else(|| "its source".to_owned(), |name| format!("source '{name}'"))
}

/// What stands behind this part of the series; nothing behind itself.
fn behind(canvas: Canvas<'_>, subject: Subject<'_>, shown: &Series) -> Option<Behind> {
    let overlay = canvas.state.overlay.as_ref().filter(|overlay| overlay.id != subject.incident.id)?;
    let data = overlay.data.as_ref()?;
    let kind = canvas.state.shown_series(subject.incident, canvas.moment.now);
    let other = series_of(&data.picture, kind).filter(|series| !series.is_empty())?;
    let selected = (shown, subject.series, subject.incident.date_started);
    Some(overlay::behind(selected, (other, data.incident.date_started, data.picture.measure()), overlay.height))
}

/// The notes with what stands behind, each pair as full as another; from the fullest to the shortest.
fn with_legend(canvas: Canvas<'_>, detail: &Detail, notes: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let legends = legends(canvas, detail);
    if legends.is_empty() {
        return notes;
    }
    let mut lines = Vec::new();
    for legend in &legends {
        let both = |note: &Line<'static>| Line::from([styled(note), vec![Span::raw("   ")], styled(legend)].concat());
        lines.extend(notes.iter().map(both));
    }
    // Where there is no room for both: what the picture is not yet stands in it, too.
    lines.into_iter().chain(legends).collect()
}

/// The texts of a line, each with the style of all of it.
fn styled(line: &Line<'static>) -> Vec<Span<'static>> {
    line.spans.iter().map(|span| Span::styled(span.content.clone(), line.style.patch(span.style))).collect()
}

/// Which incident stands behind, and how it is drawn.
fn legends(canvas: Canvas<'_>, detail: &Detail) -> Vec<Line<'static>> {
    let (state, theme, glyphs) = (canvas.state, &canvas.look.theme, canvas.look.glyphs);
    let Some(overlay) = &state.overlay else { return Vec::new() };
    let id = overlay.id;
    if id == detail.incident.id {
        return vec![Line::styled(format!("#{id} is behind the charts of others"), theme.dim)];
    }
    let unread = |data: &&Detail| data.picture != Picture::Awaited;
    let Some(data) = overlay.data.as_ref().filter(unread) else {
        return vec![Line::styled(format!("#{id} is being read"), theme.dim)];
    };
    if let Picture::Unavailable(why) = &data.picture {
        let texts = [format!("#{id} has no picture: {}", shorten(why, 60)), format!("#{id} has no picture")];
        return texts.map(|text| Line::styled(text, theme.warning)).into();
    }
    let height = match overlay.height {
        Height::AsItWas => "as it was",
        Height::Normalised => "normalised",
    };
    // What counts something else is on the same scale, but not of the same kind.
    let what = |detail: &Detail| match (detail.picture.measure(), detail.incident.aggregation) {
        (measure, _) if measure.is_metric() => "of a metric",
        (_, Aggregation::Total) => "in events",
        (_, Aggregation::UniqueUsers) => "in users",
    };
    let (of, shown) = (what(data), what(detail));
    let height = if of == shown { height.to_owned() } else { format!("{height}, {of}") };
    let line = glyphs.behind_levels()[0];
    let title = shorten(&data.incident.title, 40);
    let legends = [format!("#{id} {title}, {height}"), format!("#{id}, {height}"), format!("#{id}")];
    legends.map(|text| Line::styled(format!("{line}{line} {text}"), theme.chart_behind)).into()
}

/// What is shown, from the fullest to the shortest.
fn titles(canvas: Canvas<'_>, detail: &Detail, subject: Subject<'_>, range: Range) -> Vec<String> {
    let (state, now) = (canvas.state, canvas.moment.now);
    let preview = if matches!(detail.picture, Picture::Preview(_)) { " preview" } else { "" };
    let kind = format!("{}{preview}", state.shown_series(subject.incident, now));
    if state.detail.extent == Extent::Whole {
        let hint = subject.is_lost_in_it().then(|| format!("{kind}, {} zooms in", state.key(Action::ZoomIn)));
        return hint.into_iter().chain([kind]).collect();
    }
    let (zone, whole) = (state.zone, subject.series.range);
    let (shown, length) = (from_to(zone, range), span::format(whole.length()));
    // The day stands on the axis too. Which series it is goes last: zoomed in, both look alike.
    let brief = if zone.date(range.start) == zone.date(range.end) {
        format!("{} to {}", zone.minute(range.start), zone.minute(range.end))
    } else {
        span::format(range.length())
    };
    let short = state.shown_series(subject.incident, now).name();
    vec![
        format!("{kind}, {shown} of {}", from_to(zone, whole)),
        format!("{kind}, {shown} of {length}"),
        format!("{short}, {shown} of {length}"),
        format!("{short}, {brief} of {length}"),
        format!("{short}, {brief}"),
        format!("{short}, {length}"),
        short.to_owned(),
    ]
}

/// What the picture is not yet, or will never be, from the fullest to the shortest; nothing where it is complete.
fn notes(canvas: Canvas<'_>, detail: &Detail, subject: Subject<'_>) -> Vec<Line<'static>> {
    let theme = &canvas.look.theme;
    if let Some(silence) = &detail.silence {
        let texts = [origin::frozen_alone(silence), origin::FROZEN_ALONE.to_owned()];
        return texts.map(|text| Line::styled(text, theme.warning)).into();
    }
    let (full, short) = completeness(canvas, detail);
    let clipped = clipped(canvas, subject.series, &detail.picture);
    let style = match (&clipped, &detail.picture) {
        (None, Picture::Preview(_)) => theme.pending,
        _ => theme.partial,
    };
    let mut texts: Vec<String> = Vec::new();
    for parts in [[full, clipped.clone()], [short.clone(), clipped.clone()], [None, clipped], [short, None]] {
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.into_iter().map(|text| Line::styled(text, style)).collect()
}

/// Whether the picture is of all that will be kept, and if not, when it will be: in full and in short.
fn completeness(canvas: Canvas<'_>, detail: &Detail) -> (Option<String>, Option<String>) {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let incident = &detail.incident;
    let what = match &detail.picture {
        Picture::Captured(snapshot) if snapshot.facts.partial => {
            format!("captured early, as of {}: ", zone.brief(snapshot.facts.as_of, now))
        }
        Picture::Preview(_) => String::new(),
        _ => return (None, None),
    };
    let (full, short) = match incident.pending.as_ref().map(|pending| pending.target_run_date) {
        Some(target) if target > now => {
            let left = format!("complete in {}", span::format(target.since(now)));
            (format!("{left}, at {}", zone.brief(target, now)), left)
        }
        Some(_) => ("complete now, not captured yet".to_owned(), "capture due".to_owned()),
        None if incident.status == Status::Open => {
            ("grows while the incident is open".to_owned(), "still open".to_owned())
        }
        None => ("its pending snapshot was given up".to_owned(), "given up".to_owned()),
    };
    (Some(format!("{what}{full}")), Some(format!("{what}{short}")))
}

/// Which part of the series its source no longer held. Of a preview the end is not yet held, which is no loss.
fn clipped(canvas: Canvas<'_>, series: &Series, picture: &Picture) -> Option<String> {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let kept = matches!(picture, Picture::Captured(_));
    let brief = |instant| zone.brief(instant, now);
    let lost = match (series.held.first(), series.held.last()) {
        (Some(first), Some(last)) => match (first.start > series.range.start, kept && last.end < series.range.end) {
            (true, true) => format!("before {} and after {}", brief(first.start), brief(last.end)),
            (true, false) => format!("before {}", brief(first.start)),
            (false, true) => format!("after {}", brief(last.end)),
            (false, false) if series.held.len() > 1 => "in between".to_owned(),
            (false, false) => return None,
        },
        _ if kept || series.range.start < now => "at all".to_owned(),
        _ => return None,
    };
    // What a monitoring system has no samples of may never have been: only what its retention has taken is clipped.
    let facts = picture.snapshot().map(|snapshot| &snapshot.facts);
    let was_never_there = facts.is_ok_and(|facts| facts.measure.is_estimated() && !facts.clipped);
    Some(if was_never_there { format!("no data {lost}") } else { format!("clipped: the source held no data {lost}") })
}

/// `Nov 24 04:10 to 05:20`.
fn from_to(zone: Zone, range: Range) -> String {
    let one_day = zone.date(range.start) == zone.date(range.end);
    let end = if one_day { zone.minute(range.end) } else { zone.day_and_minute(range.end) };
    format!("{} to {end}", zone.day_and_minute(range.start))
}

//! The chart of a snapshot as a picture that stands by itself: no script, no font, nothing that is fetched.
//!
//! ```text
//! #482 Checkout errors above 5%                                          title
//! closed after 1h 12m; started 2026-11-24 11:26:49 UTC, detected 50s later
//! rule 5xx, window 10m, projects checkout, web, level:error
//! events per 10m                                 windowed, 201 buckets, ...
//!                                    start 11:26 |        | close 12:38
//!  150 -                                         |#  #    |
//!   75 - ---------------------------------------#|##-##---|---------
//!    0 - ########################################|########|#########
//!        22:00       00:00       02:00   ...
//! # during the incident   # before and after   / no data   . not yet
//! 1,204 events and 311 users ...; peak ...                               notes
//! ```

mod canvas;
mod plot;
mod style;

use super::account::Phase;
use super::{Origin, Subject, account, words};
use crate::domain::{span, text};
use canvas::{Anchor, Canvas, escaped, width_of};
use plot::{Mark, Place, Plot};

pub use style::Theme;

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const PLACE: Place = Place { left: 68.0, right: WIDTH - MARGIN, top: 136.0, bottom: 366.0 };
const LEGEND: f64 = 424.0;
const NOTES: f64 = 452.0;
const NOTE_HEIGHT: f64 = 19.0;
/// Columns of the title, and of a line of the head or the notes.
const TITLE_COLUMNS: usize = 76;
const LINE_COLUMNS: usize = 128;

/// Draws the picture.
#[must_use]
pub fn write(subject: &Subject<'_>, theme: Theme) -> String {
    let mut canvas = Canvas::default();
    let points = subject.shown().points();
    head(&mut canvas, subject);
    if points.is_empty() {
        let middle = f64::midpoint(PLACE.top, PLACE.bottom);
        canvas.text(WIDTH / 2.0, middle, Anchor::Middle, "quiet", "nothing lies in its range yet");
    } else {
        let marks = Plot::new(subject, &points, PLACE).draw(&mut canvas);
        legend(&mut canvas, subject, &marks);
    }
    let bottom = notes(&mut canvas, subject);
    frame(subject, theme, &canvas.finish(), bottom + MARGIN - 6.0)
}

/// Everything around the drawing: what it is in words, for who cannot see it, and how it looks.
fn frame(subject: &Subject<'_>, theme: Theme, drawn: &str, height: f64) -> String {
    let id = subject.incident.id;
    let (title, description) = (escaped(&title(subject)), escaped(&description(subject)));
    let (class, sheet, patterns) = (style::class(theme), style::sheet(theme), patterns(subject));
    let (width, inner, lower) = (WIDTH, WIDTH - 1.0, height - 1.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{class}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title-{id} desc-{id}\">\n\
         <title id=\"title-{id}\">{title}</title>\n\
         <desc id=\"desc-{id}\">{description}</desc>\n\
         <style>\n{sheet}</style>\n\
         {patterns}\
         <rect x=\"0.5\" y=\"0.5\" width=\"{inner}\" height=\"{lower}\" rx=\"6\" class=\"paper\"/>\n\
         {drawn}</svg>\n"
    )
}

fn title(subject: &Subject<'_>) -> String {
    format!("#{} {}", subject.incident.id, subject.incident.title)
}

fn description(subject: &Subject<'_>) -> String {
    let series = subject.shown();
    let mut said = vec![
        format!("{}.", course(subject)),
        format!("A chart of {}, {}.", subject.shown_in_words(), words::range(series.range.start, series.range.end)),
    ];
    said.extend(counted(subject));
    said.extend(subject.standing());
    said.join(" ")
}

fn head(canvas: &mut Canvas, subject: &Subject<'_>) {
    let series = subject.shown();
    canvas.text(MARGIN, 36.0, Anchor::Start, "title text", &fitted(&title(subject), TITLE_COLUMNS));
    // What is not the whole story says so where one looks first.
    let incomplete = match subject.origin {
        Origin::Preview => Some("preview"),
        Origin::Kept => subject.snapshot.facts.partial.then_some("partial"),
    };
    if let Some(incomplete) = incomplete {
        canvas.text(PLACE.right, 36.0, Anchor::End, "said strong", incomplete);
    }
    canvas.text(MARGIN, 59.0, Anchor::Start, "text", &fitted(&course(subject), LINE_COLUMNS));
    canvas.text(MARGIN, 79.0, Anchor::Start, "quiet", &fitted(&account::scope(subject.incident), LINE_COLUMNS));
    canvas.text(MARGIN, 106.0, Anchor::Start, "small text strong", &subject.shown_in_words());
    let range = words::range(series.range.start, series.range.end);
    let kind = format!("{} series, {range}", subject.series.name());
    canvas.text(PLACE.right, 106.0, Anchor::End, "small quiet", &kind);
}

/// `Started 2026-11-24 11:26:49 UTC, detected 50s later, closed 2026-11-24 12:38:49 UTC, after 1h 12m`.
fn course(subject: &Subject<'_>) -> String {
    let incident = subject.incident;
    let later = incident.date_detected.since(incident.date_started);
    let detected = if later.is_zero() { String::new() } else { format!(", detected {} later", span::format(later)) };
    let end = match incident.date_closed {
        Some(closed) => {
            format!("closed {}, after {}", words::instant(closed), span::format(closed.since(incident.date_started)))
        }
        None => format!("still open {}", words::instant(subject.known_until())),
    };
    format!("Started {}{detected}, {end}", words::instant(incident.date_started))
}

/// What the marks of the chart mean, those that are in it.
fn legend(canvas: &mut Canvas, subject: &Subject<'_>, marks: &[Mark]) {
    let mut x = PLACE.left;
    for mark in marks {
        let (look, text) = match mark {
            Mark::During => ("class=\"during\"".to_owned(), "during the incident"),
            Mark::Outside => ("class=\"bar\"".to_owned(), "before and after"),
            Mark::Partial => ("class=\"bar partial\"".to_owned(), "partial bucket"),
            Mark::Gap => (pattern(subject, "gap"), "no data"),
            Mark::Future => (pattern(subject, "future"), "not yet"),
        };
        canvas.rectangle(x, LEGEND - 9.5, 11.0, 11.0, &look);
        canvas.text(x + 17.0, LEGEND, Anchor::Start, "small quiet", text);
        x += 17.0 + width_of(text, 12.0) + 18.0;
    }
}

/// Writes the notes, and says where they end.
fn notes(canvas: &mut Canvas, subject: &Subject<'_>) -> f64 {
    let mut y = NOTES;
    let said = counted(subject).into_iter().map(|note| (note, "text"));
    let lacking = subject.standing().into_iter().map(|note| (note, "quiet"));
    for (note, class) in said.chain(lacking) {
        for line in wrapped(&note, LINE_COLUMNS) {
            canvas.text(MARGIN, y, Anchor::Start, class, &line);
            y += NOTE_HEIGHT;
        }
    }
    y - NOTE_HEIGHT
}

/// What was counted, a sentence each.
fn counted(subject: &Subject<'_>) -> Vec<String> {
    let totals = if subject.measure().is_metric() {
        "The values are those of a metric, not events: there are no totals.".to_owned()
    } else {
        let facts = &subject.snapshot.facts;
        let sign = if subject.measure().is_estimated() { "~" } else { "" };
        let known = |count: Option<i64>, what: &str, sign: &str| match count {
            Some(1) => format!("{sign}1 {what}"),
            Some(count) => format!("{sign}{} {what}s", words::number(count)),
            None => format!("a number of {what}s that is not known"),
        };
        let (events, users) = (known(facts.total_events, "event", sign), known(facts.unique_users, "user", ""));
        let range = subject.totals_range_in_words();
        format!("In total {events} and {users}, {range}: not the sum of the chart.")
    };
    let mut said = vec![totals, format!("{}: {}.", subject.peak_name(), subject.peak_in_words())];
    said.extend(averages(subject));
    said
}

/// `On average 1.5 events per 10m before, 98.2 during, 3.1 after.`
fn averages(subject: &Subject<'_>) -> Option<String> {
    let mut unit = None;
    let phases = [("before", Phase::Before), ("during", Phase::During), ("after", Phase::After)];
    let said: Vec<String> = phases
        .into_iter()
        .filter_map(|(name, phase)| {
            let (mean, period, _) = subject.average(phase)?;
            let unit_of = words::unit(subject.incident.aggregation, true);
            let is_metric = subject.measure().is_metric();
            let per = if is_metric { String::new() } else { format!(" {unit_of} per {}", span::format(period)) };
            // The unit is said once, and again where it changes.
            let is_new = unit.as_ref() != Some(&per);
            let said =
                format!("{}{} {name}", words::mean_of(mean, subject.measure()), if is_new { per.as_str() } else { "" });
            unit = Some(per);
            Some(said)
        })
        .collect();
    (!said.is_empty()).then(|| format!("On average {}.", said.join(", ")))
}

/// The patterns of what is not known. Their names hold the incident's number: a page may hold several pictures inline.
fn patterns(subject: &Subject<'_>) -> String {
    let id = subject.incident.id;
    format!(
        "<defs>\n\
         <pattern id=\"gap-{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"hatch\"/></pattern>\n\
         <pattern id=\"future-{id}\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
         <circle cx=\"1.5\" cy=\"1.5\" r=\"0.9\" class=\"dot\"/></pattern>\n\
         </defs>\n"
    )
}

/// How an element gets one of the patterns.
fn pattern(subject: &Subject<'_>, name: &str) -> String {
    format!("fill=\"url(#{name}-{})\"", subject.incident.id)
}

/// At most so many columns of a text, with `…` where something was cut off.
fn fitted(outside: &str, columns: usize) -> String {
    let mut limit = columns;
    loop {
        let short = text::shorten(outside, limit);
        // Wide letters count twice.
        if unicode_width::UnicodeWidthStr::width(short.as_str()) <= columns || limit < 2 {
            return short;
        }
        limit -= 1;
    }
}

/// A text broken between words into lines of so many columns.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

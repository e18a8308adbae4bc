//! Every text that the console is told is hostile, in every scene: no cell of the screen, and no byte that a terminal
//! gets, is anything but what is to be seen. The texts are found by taking every type apart, field by field: one that is
//! new does not compile until somebody has said whether it is a text from outside.

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::desk::Desk;
use super::fixtures::{connected, sources};
use super::sizes::SCENES;
use crate::console::effect::Lane;
use crate::console::event::{
    Alerts, Answer, Cause, Detail, Event, Failure, Loaded, Overview, Picture, Previewed, ProcessorNews,
};
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::theme::Theme;
use crate::console::view::view;
use crate::domain::alert::{Alert, Labels, MemberAlert, Origin};
use crate::domain::rule::Scope;
use crate::domain::{
    Activity, AlertRule, Expression, Freezing, Incident, Measure, PendingQueue, PendingSnapshot, Processor,
    ProcessorRun, Snapshot, SnapshotFacts, SourceHealth, SupersededSnapshot,
};

/// What a terminal would obey, what turns a line round, and what nobody sees.
const HARM: &str = "\u{1b}[31m\u{1b}]0;pwned\u{7}\u{9b}2J\u{85}\r\n\t\0\u{7f}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\
    \u{61c}\u{200b}\u{2060}\u{feff}\u{ad}\u{2028}\u{2029}";
const LOOK: Look = Look { theme: Theme::mono(), glyphs: Glyphs::Unicode };

fn is_hostile(c: char) -> bool {
    c.is_control() || HARM.chars().filter(|harm| !harm.is_ascii()).any(|harm| harm == c)
}

fn harm(text: &mut String) {
    *text = format!("{HARM}{text}{HARM}x");
}

fn harm_all<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    texts.into_iter().for_each(harm);
}

fn incident(incident: &mut Incident) {
    let Incident {
        id: _,
        title,
        incident_type: _,
        status: _,
        aggregation: _,
        query,
        projects,
        expression: measured,
        rule,
        time_window: _,
        date_started: _,
        date_detected: _,
        date_closed: _,
        date_added: _,
        pending: promise,
        snapshot,
    } = incident;
    harm_all([title, query].into_iter().chain(projects).chain(rule));
    measured.iter_mut().for_each(expression);
    promise.iter_mut().for_each(pending);
    snapshot.iter_mut().for_each(facts);
}

fn expression(Expression { source, text, measure: _ }: &mut Expression) {
    harm_all([source, text]);
}

fn pending(row: &mut PendingSnapshot) {
    let PendingSnapshot {
        incident_id: _,
        target_run_date: _,
        next_attempt_at: _,
        attempts: _,
        last_error,
        last_error_at: _,
        last_host,
        dead_since: _,
    } = row;
    harm_all(last_error.iter_mut().chain(last_host));
}

fn facts(facts: &mut SnapshotFacts) {
    let SnapshotFacts {
        incident_id: _,
        as_of: _,
        date_added: _,
        partial: _,
        clipped: _,
        source,
        measure: _,
        total_events: _,
        unique_users: _,
    } = facts;
    harm(source);
}

fn picture(picture: &mut Picture) {
    match picture {
        Picture::Captured(snapshot) | Picture::Preview(snapshot) => {
            let Snapshot { facts: of, windowed: _, lifetime: _ } = snapshot;
            facts(of);
        }
        Picture::Awaited => {}
        Picture::Unavailable(why) => harm(why),
    }
}

fn detail(detail: &mut Detail) {
    let Detail { incident: of, activities, picture: shown, silence, superseded, alerts: told, freezing } = detail;
    incident(of);
    for Activity { kind: _, at: _, by, from: _, to: _, comment } in activities {
        harm_all(std::iter::once(by).chain(comment));
    }
    picture(shown);
    harm_all(silence);
    for SupersededSnapshot { facts: of, superseded_at: _ } in superseded {
        facts(of);
    }
    told.iter_mut().for_each(alerts);
    if let Some(Freezing { date_closed: _, until: _, last_error, next_attempt_at: _ }) = freezing {
        harm_all(last_error);
    }
}

fn labels(labels: &mut Labels) {
    *labels = std::mem::take(labels).into_iter().map(|(name, value)| (name + HARM, format!("{HARM}{value}"))).collect();
}

fn alerts(Alerts { origin, members, count: _, firing: _ }: &mut Alerts) {
    let Origin { source, group_key, labels: common, annotations, generator_url, external_url, truncated: _ } = origin;
    harm_all([source, group_key].into_iter().chain(generator_url).chain(external_url));
    labels(common);
    labels(annotations);
    for MemberAlert { incident_id: _, alert, missing_since: _ } in members {
        let Alert { fingerprint, starts_at: _, ends_at: _, labels: own, annotations, generator_url } = alert;
        harm_all(std::iter::once(fingerprint).chain(generator_url));
        labels(own);
        labels(annotations);
    }
}

fn overview(overview: &mut Overview) {
    let Overview { counts: _, queue, runs, processors, sources, clock_offset: _ } = overview;
    let PendingQueue { next, late: _, late_since: _ } = queue;
    next.iter_mut().for_each(pending);
    for run in runs {
        let ProcessorRun { id: _, trigger: _, host, started_at: _, updated_at: _, finished_at: _, counts: _, error } =
            run;
        harm_all(std::iter::once(host).chain(error));
    }
    for Processor { host, pid: _, kind: _, version, next_run_at: _, last_seen: _ } in processors {
        harm_all([host, version]);
    }
    for SourceHealth { name, url, answered_at: _, error, retention: _ } in sources {
        harm_all([name, url].into_iter().chain(error));
    }
}

fn rule(AlertRule { name, scope, date_added: _, date_updated: _ }: &mut AlertRule) {
    let Scope { time_window: _, query: _, aggregation: _, projects, expression: measured } = scope;
    harm_all(std::iter::once(name).chain(projects));
    measured.iter_mut().for_each(expression);
}

fn everything(loaded: &mut Loaded) {
    match loaded {
        Loaded::List(..) | Loaded::ListHolds(_) | Loaded::Shapes(_) | Loaded::RemoteShapes(_) => {}
        Loaded::Rows(rows) => rows.iter_mut().for_each(incident),
        Loaded::Preview(_, previewed) => {
            if let Some(previewed) = previewed {
                let Previewed { picture: shown, silence } = previewed.as_mut();
                picture(shown);
                harm_all(silence);
            }
        }
        Loaded::Detail(_, of) | Loaded::Overlay(_, of) => of.iter_mut().for_each(|of| detail(of)),
        Loaded::Overview(of) => overview(of),
        Loaded::Rules(rules, projects) => {
            rules.iter_mut().for_each(rule);
            harm_all(projects);
        }
    }
}

fn harmed(text: &str) -> String {
    let mut text = text.to_owned();
    harm(&mut text);
    text
}

fn desk(width: u16, height: u16) -> Desk {
    let mut desk = Desk::started(width, height);
    desk.falsify = everything;
    desk.sources = sources();
    desk.silence = Some((harmed("source 'main' does not answer"), true));
    desk.stored.insert(0, connected(491, Measure::EstimatedEvents, Some(58), false));
    desk.stored.insert(0, connected(490, Measure::Metric, None, false));
    let options = &mut desk.state.options;
    (options.database, options.by) = (harmed("sqlite:demo.db"), harmed("anna"));
    desk.connect();
    desk.tell(Event::Answer(Answer::Connected { database: harmed("sqlite:demo.db") }));
    desk.answer_all();
    let lines = vec![format!("2026-11-24T13:00:00Z ERROR {HARM}failed{HARM}")];
    desk.tell(Event::Log { lines, written: 1 });
    desk
}

fn check(desk: &Desk, what: &str) {
    let buffer = desk.buffer(&LOOK);
    for (cell, position) in buffer.content.iter().zip(Rect::new(0, 0, desk.state.size.0, desk.state.size.1).positions())
    {
        let found = cell.symbol().chars().find(|c| is_hostile(*c));
        assert_eq!(found, None, "{what:?} {:?} at {position}:\n{}", desk.state.size, desk.screen());
    }
    let mut bytes = Vec::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, desk.state.size.0, desk.state.size.1));
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| drop(view(&desk.state, &LOOK, desk.moment, frame))).unwrap();
    drop(terminal);
    let sent = String::from_utf8(bytes).unwrap();
    // What the console itself sends moves the cursor and sets styles.
    let own = regex::Regex::new("\u{1b}\\[[0-9;?]*[mHhlJK]").unwrap();
    let rest = own.replace_all(&sent, "");
    assert_eq!(rest.chars().find(|c| is_hostile(*c)), None, "{what:?}: {rest:?}");
}

#[test]
fn no_text_from_outside_does_anything_to_the_screen_in_any_scene() {
    for (width, height) in [(160, 45), (80, 24)] {
        for keys in SCENES.into_iter().chain(["j\n", "jj\n", "jjjj\nx", "b", "jr", "t", "::", "4\tjj\n", "4\t\tj\n"]) {
            let mut desk = desk(width, height);
            desk.press(keys);
            desk.answer_all();
            check(&desk, keys);
        }
    }
}

#[test]
fn no_failure_does_anything_to_the_screen() {
    let failure = || Failure { message: harmed("the connection failed"), cause: Cause::Unreachable };
    let news = || ProcessorNews::Failed {
        at: super::fixtures::now(),
        error: harmed("the disk is full"),
        retry_at: super::fixtures::now(),
    };
    let mut never = Desk::started(120, 40);
    never.tell(Event::Answer(Answer::NotConnected { failure: failure(), chance: 0.5 }));
    check(&never, "not connected");
    for keys in ["", "2", "3", "4"] {
        let mut desk = desk(120, 40);
        desk.press(keys);
        desk.answer_all();
        desk.tell(Event::Processor(news()));
        check(&desk, keys);
        for lane in [Lane::Overview, Lane::Detail, Lane::Rows] {
            let sequence = desk.state.lanes.ask(lane);
            desk.tell(Event::Answer(Answer::LoadFailed { lane, sequence, failure: failure(), chance: 0.5 }));
            check(&desk, keys);
        }
        for request in 0..3 {
            desk.tell(Event::Answer(Answer::WriteFailed { request, failure: failure() }));
            check(&desk, keys);
        }
    }
}

#[test]
fn what_is_pasted_or_typed_does_nothing_to_the_screen() {
    for keys in ["/", "n", ":", "c", "jm", "jjjj\nx"] {
        let mut desk = desk(120, 40);
        desk.press(keys);
        desk.answer_all();
        desk.tell(Event::Paste(harmed("pasted")));
        desk.press(&HARM.replace(['\u{1b}', '\n', '\t', '\u{8}'], ""));
        check(&desk, keys);
    }
}

/// Otherwise nothing would have been tested.
#[test]
fn the_harmed_texts_are_on_the_screen() {
    let mut desk = desk(160, 45);
    desk.press("jjjj");
    desk.answer_all();
    for text in ["pwned", "Checkout errors above 5%", "due, run 14:00"] {
        assert!(desk.screen().contains(text), "{text}:\n{}", desk.screen());
    }
}

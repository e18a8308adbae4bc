//! What becomes of answers and of news: what is out of date is dropped, what counts goes into the state, and what the
//! operator should know is said.

use std::time::Duration;

use super::actions::outdate_reads;
use super::marks::{self, Known};
use super::{export, forms, overlay, refresh, undo};
use crate::console::effect::{Effect, Lane, Write};
use crate::console::event::{
    Answer, Cause, Detail, FailedCapture, Failure, Loaded, Moment, Overview, Picture, Previewed, ProcessorNews, Written,
};
use crate::console::keymap::Action;
use crate::console::listing::Listed;
use crate::console::options::DataKind;
use crate::console::state::State;
use crate::console::state::connection::{Attempt, Connection};
use crate::console::state::dialog::{Dialog, Place};
use crate::console::state::rows::Measured;
use crate::console::state::toasts::Tone;
use crate::console::state::undo::numbers;
use crate::domain::text::shorten;
use crate::domain::{Incident, IncidentId, Refusal, Remedy, RunCounts, Seen, Trigger};

/// What was refused is not asked for again before this time.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes an answer.
pub(super) fn take(state: &mut State, answer: Answer, moment: Moment, effects: &mut Vec<Effect>) {
    match answer {
        Answer::Connected { database } => {
            // The demo's file has a name that says nothing to anybody.
            if state.options.data == DataKind::Real {
                state.database = database;
            }
            state.lanes.forget();
            came_back(state, moment);
            refresh::everything(state, moment, effects);
        }
        // What is not there or does not fit today will not be or fit in a minute: that is for the command line.
        Answer::NotConnected { failure, .. } if failure.cause == Cause::Refused => effects.push(Effect::Quit),
        Answer::NotConnected { failure, chance } => state.connection.failed(failure.message, moment.real, chance),
        Answer::Loaded { sequence, loaded } => {
            let fresh = state.lanes.accept(lane_of(&loaded), sequence);
            came_back(state, moment);
            if fresh {
                take_loaded(state, loaded, moment);
            }
        }
        Answer::Inspected { file, found } => export::take(state, &file, found, moment),
        Answer::LoadFailed { lane, sequence, failure, chance } => {
            let fresh = state.lanes.accept(lane, sequence);
            take_failure(state, lane, failure, chance, moment, fresh);
        }
        Answer::Written { request, written } => {
            state.drafts.remove(&request);
            take_written(state, request, written, moment);
        }
        Answer::WriteRefused { request, refusal } => take_refusal(state, request, *refusal, moment),
        Answer::WriteFailed { request, failure } => {
            refused(state, request, &failure.message, moment);
        }
    }
}

/// What is so forbids a write: it would be refused again.
fn take_refusal(state: &mut State, request: u64, refusal: Refusal, moment: Moment) {
    let message = refusal.said(|remedy| by_key(state, remedy));
    if let Some(Write::UndoClose(closes)) = state.writes.get(&request).cloned() {
        // The one that stands in the way is lost; the hint names what is left, which the key can still take back.
        let lost = |seen: &&Seen| refusal.incident.as_ref().is_none_or(|incident| incident.id == seen.id);
        undo::forget(state, &closes.iter().filter(lost).cloned().collect::<Vec<_>>());
    }
    if let Some(incident) = refusal.incident {
        if let Some(draft) = state.drafts.get_mut(&request) {
            draft.see_anew(&incident);
        }
        // Whoever was first has changed what is on the screen: it is not to wait for the next reading.
        state.rows.put(incident);
    }
    refused(state, request, &message, moment);
}

/// A write has come to nothing. What it was to change may have become anything meanwhile.
fn refused(state: &mut State, request: u64, message: &str, moment: Moment) {
    let progress = state.writes.remove(&request).map_or("writing", |write| write.progress());
    state.toasts.say(Tone::Error, format!("{progress}: {message}"), moment.real);
    bring_back_draft(state, request, message, moment);
    outdate_reads(state);
    refresh::soon(state, moment);
}

/// What can be done instead is said in keys.
fn by_key(state: &State, remedy: Remedy) -> String {
    let key = |action| state.key(action);
    match remedy {
        Remedy::CommentOrReopen => {
            format!("{} comments on it, {} reopens it", key(Action::Comment), key(Action::Reopen))
        }
        Remedy::Reopen => format!("{} reopens it", key(Action::Reopen)),
        Remedy::CaptureEarly => format!("{} asks whether to capture it before", key(Action::Capture)),
        Remedy::SeeSnapshot(_) => format!("{} shows its snapshot", key(Action::Open)),
    }
}

/// What the operator has typed is not lost with the refusal. The keys are on the safe button: the next one typed may have
/// been meant for the list.
fn bring_back_draft(state: &mut State, request: u64, message: &str, moment: Moment) {
    let Some(mut draft) = state.drafts.remove(&request).filter(|_| state.dialog.is_none()) else { return };
    draft.warn(message);
    draft.focus = Place::Cancel;
    state.dialog = Some(Dialog::Form(draft));
    forms::check(state, moment);
}

fn lane_of(loaded: &Loaded) -> Lane {
    match loaded {
        Loaded::List(listed, ..) | Loaded::ListHolds(listed) => Lane::of(*listed),
        Loaded::Rows(_) => Lane::Rows,
        Loaded::Shapes(_) => Lane::Shapes,
        Loaded::RemoteShapes(_) => Lane::RemoteShapes,
        Loaded::Preview(..) => Lane::Preview,
        Loaded::Detail(..) => Lane::Detail,
        Loaded::Overlay(..) => Lane::Overlay,
        Loaded::Overview(_) => Lane::Overview,
        Loaded::Rules(..) => Lane::Rules,
    }
}

/// The database answers. After an outage that is worth saying, and everything is read again.
fn came_back(state: &mut State, moment: Moment) {
    if matches!(state.connection, Connection::Lost { .. }) {
        state.toasts.report(Tone::Success, "the database answers again", moment.real);
        refresh::soon(state, moment);
    }
    state.connection.answered(moment.now);
}

fn take_loaded(state: &mut State, loaded: Loaded, moment: Moment) {
    let rows = state.screen().list_rows();
    match loaded {
        Loaded::List(listed, ids, edition) => {
            refresh::renew_rows(state, edition);
            let follow = state.follow.filter(|_| listed == Listed::Incidents);
            let list = state.list_of_mut(listed);
            list.replace(ids, rows);
            list.edition = Some(edition);
            list.listed_at = Some(moment.now);
            if let Some(id) = follow.filter(|id| list.ids().contains(id)) {
                list.select_id(id, rows);
                state.follow = None;
            }
            marks::settle(state, listed, Known::All, moment);
            refresh::whole_came(state, moment);
        }
        Loaded::ListHolds(listed) => {
            state.list_of_mut(listed).listed_at = Some(moment.now);
            refresh::whole_came(state, moment);
        }
        Loaded::Rows(incidents) => {
            state.rows.answer_rows(incidents);
            for listed in Listed::ALL {
                marks::settle(state, listed, Known::Rows, moment);
            }
        }
        Loaded::Shapes(shapes) => state.rows.answer_shapes(Measured::Here, shapes, moment.real),
        Loaded::RemoteShapes(shapes) => state.rows.answer_shapes(Measured::Elsewhere, shapes, moment.real),
        Loaded::Preview(id, previewed) => take_preview(state, id, previewed.map(|previewed| *previewed), moment),
        Loaded::Detail(id, detail) => take_detail(state, id, detail.map(|detail| *detail)),
        Loaded::Overlay(id, detail) => overlay::take(state, id, detail.map(|detail| *detail), moment),
        Loaded::Overview(overview) => {
            take_overview(state, *overview);
            refresh::whole_came(state, moment);
        }
        Loaded::Rules(rules, projects) => {
            state.projects = Some(projects);
            state.rules = Some(rules);
            forms::check(state, moment);
        }
    }
}

fn take_detail(state: &mut State, id: IncidentId, detail: Option<Detail>) {
    if state.detail.wanted != Some(id) {
        return;
    }
    match detail {
        Some(mut detail) => {
            state.rows.put(detail.incident.clone());
            state.detail.error = None;
            // What its source said last stands until it says something else.
            if detail.picture == Picture::Awaited
                && let Some(before) = state.detail.data.take().filter(|before| before.incident.id == id)
                && !matches!(before.picture, Picture::Captured(_))
            {
                (detail.picture, detail.silence) = (before.picture, before.silence);
            }
            state.detail.data = Some(detail);
        }
        None => state.detail.error = Some(format!("there is no incident {id}")),
    }
}

fn take_preview(state: &mut State, id: IncidentId, previewed: Option<Previewed>, moment: Moment) {
    let shown = state.detail.data.as_mut().filter(|shown| shown.incident.id == id);
    let shown = shown.filter(|shown| !matches!(shown.picture, Picture::Captured(_)));
    if let (Some(shown), Some(Previewed { picture, silence })) = (shown, previewed) {
        (shown.picture, shown.silence) = (picture, silence);
        state.detail.heard_at = Some(moment.real);
    }
}

fn take_overview(state: &mut State, overview: Overview) {
    state.clock_offset = overview.clock_offset;
    state.overview = Some(overview);
}

fn take_failure(state: &mut State, lane: Lane, failure: Failure, chance: f64, moment: Moment, fresh: bool) {
    match failure.cause {
        Cause::Unreachable => {
            // Several questions fail at once when a database goes; that is one outage and one wait.
            let attempt = state.connection.outage().map(|outage| outage.attempt);
            let attempt_failed = lane == Lane::Overview && attempt == Some(Attempt::UnderWay);
            if state.connection.is_up() || attempt_failed {
                state.connection.failed(failure.message, moment.real, chance);
            }
        }
        Cause::Refused if fresh => {
            state.lanes.pause(lane, moment.real + PAUSE);
            let message = shorten(&failure.message, 300);
            if lane == Lane::Detail {
                state.detail.error = Some(message.clone());
            }
            state.toasts.report(Tone::Error, message, moment.real);
        }
        Cause::Refused => {}
    }
}

fn take_written(state: &mut State, request: u64, written: Written, moment: Moment) {
    let write = state.writes.remove(&request);
    outdate_reads(state);
    refresh::soon(state, moment);
    if let Some(write) = &write {
        undo::note(state, write, &written);
    }
    match (write, written) {
        (Some(write), Written::Incidents { changed, unchanged, remarks }) => {
            say_done(state, &write, &changed, &remarks, moment);
            for incident in changed.into_iter().chain(unchanged) {
                state.rows.put(incident);
            }
            let targets = write.targets();
            if let Some(list) = state.list_mut() {
                list.unmark(&targets);
            }
        }
        (_, Written::Opened(incident)) => {
            state.toasts.say(Tone::Success, format!("opened #{}", incident.id), moment.real);
            state.follow = Some(incident.id);
            state.rows.put(*incident);
        }
        (_, Written::Saved { file }) => state.toasts.say(Tone::Success, format!("wrote {file}"), moment.real),
        (_, Written::Commented(id)) => state.toasts.say(Tone::Success, format!("commented on #{id}"), moment.real),
        (Some(write), Written::Pending(ids)) => {
            let verb = if matches!(write, Write::Discard(_)) { "discarded" } else { "to be tried again" };
            let what = format!("the pending {} of", snapshots(ids.len() as u64));
            let said = format!("{verb}: {what} {}", numbers(ids, undo::NAMED));
            state.toasts.say(Tone::Success, said, moment.real);
            if let Some(list) = state.list_mut() {
                list.unmark(&write.targets());
            }
        }
        (write, Written::Ran { counts, failures }) => {
            if let (Some(write), Some(list)) = (write, state.list_mut()) {
                list.unmark(&write.targets());
            }
            let (tone, said) = ran(counts, &failures);
            state.toasts.say(tone, said, moment.real);
        }
        (None, _) => {}
    }
}

fn say_done(state: &mut State, write: &Write, incidents: &[Incident], remarks: &[String], moment: Moment) {
    if incidents.is_empty() {
        return state.toasts.say(Tone::Warning, remarks.join("; "), moment.real);
    }
    let verb = match write {
        Write::Close { .. } => "closed",
        Write::UndoClose(_) => "taken back: the close of",
        Write::Reopen { .. } => "reopened",
        Write::Edit { .. } => "edited",
        _ => "done:",
    };
    let mut said = format!("{verb} {}", numbers(incidents.iter().map(|it| it.id), undo::NAMED));
    if let Write::Close { .. } = write
        && let Some(until) = undo::remember(state, incidents, moment)
    {
        said = format!("{said}; {until}");
    }
    let tone = if remarks.is_empty() { Tone::Success } else { Tone::Warning };
    let said: Vec<String> = std::iter::once(said).chain(remarks.iter().cloned()).collect();
    state.toasts.say(tone, said.join("; "), moment.real);
}

fn snapshots(count: u64) -> &'static str {
    if count == 1 { "snapshot" } else { "snapshots" }
}

/// What came of a run: what failed is named, for it wants something done.
fn ran(counts: RunCounts, failures: &[FailedCapture]) -> (Tone, String) {
    let captured = format!("captured {} {}", counts.captured, snapshots(counts.captured));
    match (counts.due(), counts.failed) {
        (0, _) => (Tone::Plain, "nothing is due".to_owned()),
        (_, 0) => (Tone::Success, captured),
        (_, failed) if failures.is_empty() => (Tone::Error, format!("{captured}, {failed} failed")),
        (_, failed) => {
            let ids: Vec<String> = failures.iter().map(|failure| format!("#{}", failure.id)).collect();
            let more = failed.saturating_sub(failures.len() as u64);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let why: Vec<String> = match failures {
                [one] => vec![one.error.clone()],
                many => many.iter().map(|failure| format!("#{}: {}", failure.id, failure.error)).collect(),
            };
            let captured = if counts.captured > 0 { format!("{captured}; ") } else { String::new() };
            let said = format!("{captured}{}{more} failed: {}", ids.join(", "), why.join("; "));
            (Tone::Error, shorten(&said, 300))
        }
    }
}

/// Takes news of the processor in this console.
pub(super) fn hear(state: &mut State, news: ProcessorNews, moment: Moment, effects: &mut Vec<Effect>) {
    match &news {
        ProcessorNews::Finished { counts, trigger, failures, .. } => {
            if counts.due() > 0 {
                // Who asked for a run hears of it by the answer.
                if *trigger != Trigger::Forced {
                    let (tone, said) = ran(*counts, failures);
                    state.toasts.report(tone, said, moment.real);
                }
                outdate_reads(state);
                if state.frozen_since.is_none() {
                    refresh::everything(state, moment, effects);
                }
            }
        }
        // A run that was asked for here says so itself.
        ProcessorNews::Failed { error, .. } if state.writes.is_empty() => {
            state.toasts.report(Tone::Error, format!("the processor failed: {}", shorten(error, 200)), moment.real);
        }
        ProcessorNews::Waiting { .. } | ProcessorNews::Started { .. } | ProcessorNews::Failed { .. } => {}
    }
    state.processor.hear(news);
}

//! Incidents that alerts have opened and monitoring systems measure: where they came from, and whether those answer.

use super::desk::Desk;
use super::fixtures::{SIZES, connected, sources};
use crate::console::effect::{Effect, Load};
use crate::console::event::{Answer, Event, Loaded, Picture};
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::theme::Theme;
use crate::domain::{Incident, Measure};

const SILENCE: &str = "source 'main' does not answer: connection refused";

fn desk(width: u16, height: u16, incident: Incident) -> Desk {
    let mut desk = Desk::started(width, height);
    desk.sources = sources();
    desk.stored.insert(0, incident);
    desk
}

fn ready(width: u16, height: u16, incident: Incident) -> Desk {
    let mut desk = desk(width, height, incident);
    desk.connect();
    desk
}

/// Draws the same at all four sizes, and the parts of the detail where it is gone through in parts.
fn check(name: &str, incident: &Incident, prepare: impl Fn(&mut Desk)) {
    for (width, height) in SIZES {
        let mut desk = desk(width, height, incident.clone());
        prepare(&mut desk);
        desk.connect();
        desk.press("\n");
        let mut pages = vec![desk.screen()];
        for _ in 0..60 {
            desk.press("j");
            let next = desk.screen();
            if pages.last() != Some(&next) && desk.screen().lines().count() < 20 {
                pages.push(next);
            }
        }
        pages.push(desk.screen());
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), pages.join("\n\n"));
    }
}

#[test]
fn an_open_incident_says_where_it_came_from_and_that_its_source_answers() {
    check("alerts_open", &connected(490, Measure::EstimatedEvents, None, false), |_| {});
}

#[test]
fn a_pending_one_says_what_is_frozen() {
    check("alerts_frozen", &connected(490, Measure::EstimatedEvents, Some(58), false), |_| {});
}

#[test]
fn a_silent_source_is_told_with_its_reason_and_what_was_frozen_is_shown() {
    let incident = connected(491, Measure::EstimatedEvents, Some(58), false);
    check("alerts_silent", &incident, |desk| desk.silence = Some((SILENCE.into(), true)));
}

#[test]
fn a_captured_metric_is_no_events_and_has_no_totals() {
    check("alerts_metric", &connected(490, Measure::Metric, Some(70), true), |_| {});
}

#[test]
fn view_4_the_sources() {
    for (width, height) in SIZES {
        let mut desk = desk(width, height, connected(490, Measure::EstimatedEvents, None, false));
        desk.connect();
        desk.press("4");
        desk.answer_all();
        insta::assert_snapshot!(format!("sources_{width}x{height}"), desk.screen());
    }
}

#[test]
fn what_is_known_is_shown_before_the_source_has_answered_and_no_list_waits_for_it() {
    let mut desk = desk(120, 40, connected(490, Measure::EstimatedEvents, None, false));
    desk.connect();
    let asked = |desk: &Desk, wanted: fn(&Load) -> bool| {
        desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, load) if wanted(load)))
    };
    desk.pass(std::time::Duration::from_secs(25));
    assert!(asked(&desk, |load| matches!(load, Load::RemoteShapes(ids) if ids.len() == 1)));
    assert!(asked(&desk, |load| matches!(load, Load::Shapes(ids) if ids.iter().all(|id| id.value() != 490))));
    desk.effects.retain(|effect| !matches!(effect, Effect::Load(_, Load::RemoteShapes(_) | Load::Preview(_))));
    desk.state.detail.data.as_mut().unwrap().picture = Picture::Awaited;
    desk.answer_all();
    let screen = desk.screen();
    assert!(screen.contains("asking source 'main'") && screen.contains("2 of 3 alerts fire"), "{screen}");
}

#[test]
fn what_a_source_said_stands_while_it_is_asked_again_and_its_silence_raises_no_toast() {
    let mut desk = ready(120, 40, connected(490, Measure::EstimatedEvents, None, false));
    assert!(matches!(desk.state.shown_detail().unwrap().picture, Picture::Preview(_)));
    desk.silence = Some((SILENCE.into(), false));
    desk.pass(std::time::Duration::from_secs(3));
    assert!(
        !desk.effects.iter().any(|it| matches!(it, Effect::Load(_, Load::Preview(_)))),
        "it was heard a moment ago"
    );
    desk.answer_all();
    desk.pass(std::time::Duration::from_secs(10));
    let asked: Vec<Effect> =
        desk.effects.extract_if(.., |it| matches!(it, Effect::Load(_, Load::Preview(_)))).collect();
    desk.answer_all();
    assert!(matches!(desk.state.shown_detail().unwrap().picture, Picture::Preview(_)));
    assert_eq!(asked.len(), 1);
    desk.effects.extend(asked);
    desk.answer_all();
    assert!(matches!(desk.state.shown_detail().unwrap().picture, Picture::Unavailable(_)));
    assert!(desk.screen().contains("does not answer"), "{}", desk.screen());
    assert_eq!(desk.toast(), "");
}

#[test]
fn the_answer_about_another_incident_is_not_shown() {
    let incident = connected(490, Measure::EstimatedEvents, None, false);
    let mut desk = ready(120, 40, incident.clone());
    let previewed = super::fixtures::previewed(&incident, None);
    let sequence = desk.state.lanes.ask(crate::console::effect::Lane::Preview);
    desk.press("j");
    desk.answer_all();
    let before = desk.state.detail.data.clone();
    let loaded = Loaded::Preview(incident.id, Some(Box::new(previewed)));
    desk.tell(Event::Answer(Answer::Loaded { sequence, loaded }));
    assert_eq!(desk.state.detail.data, before);
}

#[test]
fn the_generator_url_is_copied_as_nothing_but_itself() {
    let mut desk = ready(120, 40, connected(490, Measure::EstimatedEvents, None, false));
    let url = &mut desk.state.detail.data.as_mut().unwrap().alerts.as_mut().unwrap().origin.generator_url;
    *url = Some("http://prometheus/graph?g0.expr=up\u{1b}[31m\n; rm".into());
    desk.press("A");
    let copied = desk.effects.iter().find_map(|it| if let Effect::Copy(text) = it { Some(text.clone()) } else { None });
    assert_eq!(copied.as_deref(), Some("http://prometheus/graph?g0.expr=up [31m ; rm"));
    assert!(desk.toast().starts_with("copied http://prometheus/"), "{}", desk.toast());
}

#[test]
fn without_a_generator_url_the_key_says_why() {
    let mut desk = ready(120, 40, connected(490, Measure::EstimatedEvents, None, false));
    desk.state.detail.data.as_mut().unwrap().alerts.as_mut().unwrap().origin.generator_url = None;
    desk.press("A");
    assert!(desk.toast().contains("#490 has no generator URL: its alerts came without one"), "{}", desk.toast());
    desk.press("j");
    desk.answer_all();
    desk.press("A");
    assert!(desk.toast().contains("#484 has no generator URL: no alert has opened it"), "{}", desk.toast());
    assert!(desk.effects.iter().all(|effect| !matches!(effect, Effect::Copy(_))));
}

#[test]
fn nothing_from_outside_reaches_the_screen_as_more_than_a_text() {
    for (width, height) in SIZES {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let mut desk = ready(width, height, connected(491, Measure::LowestMetric, None, false));
            desk.press("\n");
            for _ in 0..30 {
                desk.press("j");
                let screen = desk.screen_with(&Look { theme: Theme::mono(), glyphs });
                assert!(screen.chars().all(|c| c == '\n' || !c.is_control()), "{screen}");
                assert!(!screen.contains('\u{202e}'));
            }
        }
    }
}

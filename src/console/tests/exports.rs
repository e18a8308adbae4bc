//! Taking a snapshot along: the form that exports it, and the page for the clipboard.

use super::desk::Desk;
use super::fixtures::{SIZES, id, options};
use crate::console::effect::{CLIPBOARD_LIMIT, Effect, Existing, Load, Saving, Write};
use crate::console::event::{Answer, Cause, Event, Failure, Found, Loaded, Picture, Written};
use crate::console::options::{Access, ConsoleOptions};
use crate::console::state::dialog::{Dialog, FieldKind, Form, Place};

/// At the captured incident 480, with the form open.
fn exporting(width: u16, height: u16) -> Desk {
    let mut desk = Desk::ready(width, height);
    desk.press("jjjj");
    desk.answer_all();
    desk.press("x");
    desk
}

fn form(desk: &Desk) -> &Form {
    match &desk.state.dialog {
        Some(Dialog::Form(form)) => form,
        other => panic!("no form is open: {other:?}"),
    }
}

fn value(desk: &Desk, kind: FieldKind) -> String {
    form(desk).value(kind).unwrap_or_default().to_owned()
}

fn asked(desk: &mut Desk) -> Vec<String> {
    let inspected = desk.effects.extract_if(.., |effect| matches!(effect, Effect::Inspect(_)));
    inspected.map(|effect| if let Effect::Inspect(file) = effect { file } else { unreachable!() }).collect()
}

fn found(desk: &mut Desk, file: &str, found: Found) {
    desk.tell(Event::Answer(Answer::Inspected { file: file.into(), found }));
}

fn saved(desk: &Desk) -> Saving {
    match desk.writes().as_slice() {
        [Write::Save(saving)] => saving.clone(),
        other => panic!("nothing, or something else, is saved: {other:?}"),
    }
}

#[test]
fn the_form_offers_a_file_of_a_name_that_goes_with_the_format() {
    let mut desk = exporting(120, 40);
    assert_eq!(
        (value(&desk, FieldKind::Format), value(&desk, FieldKind::File)),
        ("markdown".into(), "incident-480.md".into())
    );
    desk.press("→");
    assert_eq!(
        (value(&desk, FieldKind::Format), value(&desk, FieldKind::File)),
        ("svg".into(), "incident-480.svg".into())
    );
    desk.press("c");
    assert_eq!(value(&desk, FieldKind::File), "incident-480.csv");
    desk.press("←←←");
    assert_eq!(
        (value(&desk, FieldKind::Format), value(&desk, FieldKind::File)),
        ("json".into(), "incident-480.json".into())
    );
    desk.press("\t\u{8}\u{8}\u{8}\u{8}svg");
    assert_eq!(value(&desk, FieldKind::Format), "svg", "the name tells the format, too");
}

#[test]
fn what_is_on_the_screen_is_exported() {
    let mut desk = exporting(120, 40);
    found(&mut desk, "incident-480.md", Found::Nothing("/home/anna/incident-480.md".into()));
    desk.press("\n");
    let Saving { file, text, existing } = saved(&desk);
    assert_eq!((file.as_str(), existing), ("incident-480.md", Existing::Kept));
    assert!(text.starts_with("# Incident 480: Queue backlog") && text.contains("The windowed series"), "{text}");
    assert!(desk.state.busy(id(480)).is_none(), "the incident itself is not touched");
    let file = "/home/anna/incident-480.md".into();
    desk.tell(Event::Answer(Answer::Written { request: desk.state.last_request, written: Written::Saved { file } }));
    assert_eq!(desk.toast(), "wrote /home/anna/incident-480.md");
}

#[test]
fn the_chart_of_an_export_shows_the_series_that_was_chosen() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jjjj");
    desk.answer_all();
    desk.press("wx\n");
    assert!(saved(&desk).text.contains("The lifetime series"));
}

#[test]
fn a_preview_says_in_its_name_and_in_the_file_that_it_is_one() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj");
    desk.answer_all();
    desk.press("x");
    assert_eq!(value(&desk, FieldKind::File), "incident-482-preview.md");
    assert!(form(&desk).notes[0].text.contains("a preview"));
    desk.press("\n");
    assert!(saved(&desk).text.contains("> Preview as of 2026-11-24 13:36:49 UTC"));
}

#[test]
fn the_file_is_looked_at_while_one_types_and_late_answers_are_dropped() {
    let mut desk = exporting(120, 40);
    assert_eq!(asked(&mut desk), ["incident-480.md"]);
    desk.press("\t/x");
    assert_eq!(asked(&mut desk), ["incident-480.md/", "incident-480.md/x"]);
    found(&mut desk, "incident-480.md/", Found::Impossible("late".into()));
    assert_eq!(form(&desk).fields[1].error, None);
    let why = "there is no folder 'incident-480.md'";
    found(&mut desk, "incident-480.md/x", Found::Impossible(why.into()));
    assert_eq!(form(&desk).fields[1].error.as_deref(), Some(why));
    desk.press("\n");
    assert!(desk.writes().is_empty() && form(&desk).focus == Place::Field(1));
    desk.pass(std::time::Duration::from_secs(1));
    assert!(asked(&mut desk).is_empty(), "the same name is asked about once");
}

#[test]
fn a_file_that_exists_is_replaced_only_by_the_button_that_says_so() {
    let mut desk = exporting(120, 40);
    found(&mut desk, "incident-480.md", Found::File("/home/anna/incident-480.md".into()));
    assert_eq!(form(&desk).notes[0].text, "the file 'incident-480.md' exists already: Replace overwrites it");
    desk.press("\n");
    assert!(desk.writes().is_empty());
    assert_eq!((form(&desk).focus, form(&desk).accept), (Place::Cancel, "Replace"));
    desk.press("\t\n");
    assert_eq!(saved(&desk).existing, Existing::Replaced);
}

#[test]
fn another_name_takes_the_warning_away() {
    let mut desk = exporting(120, 40);
    found(&mut desk, "incident-480.md", Found::File("/home/anna/incident-480.md".into()));
    desk.press("→");
    found(&mut desk, "incident-480.svg", Found::Nothing("/home/anna/incident-480.svg".into()));
    assert!(form(&desk).notes.is_empty());
    assert_eq!(form(&desk).accept, "Export");
    desk.press("\n");
    let Saving { text, existing, .. } = saved(&desk);
    assert!(text.starts_with("<svg ") && existing == Existing::Kept);
}

#[test]
fn a_file_that_appeared_meanwhile_brings_the_form_back_and_is_kept() {
    let mut desk = exporting(120, 40);
    desk.press("\n");
    assert_eq!(saved(&desk).existing, Existing::Kept, "nothing is known of the file yet");
    asked(&mut desk);
    let failure = Failure { message: "the file '/x.md' exists already".into(), cause: Cause::Refused };
    desk.tell(Event::Answer(Answer::WriteFailed { request: desk.state.last_request, failure }));
    assert_eq!((form(&desk).focus, form(&desk).notes.len()), (Place::Cancel, 1));
    assert_eq!(asked(&mut desk), ["incident-480.md"], "it is looked at again");
}

#[test]
fn a_read_only_console_without_its_database_still_exports_what_is_on_the_screen() {
    let mut desk = Desk::with(ConsoleOptions { access: Access::ReadOnly, ..options() }, 120, 40);
    desk.connect();
    let failure = Failure { message: "connection refused".into(), cause: Cause::Unreachable };
    let lane = crate::console::effect::Lane::Overview;
    desk.tell(Event::Answer(Answer::LoadFailed { lane, sequence: 0, failure, chance: 0.5 }));
    assert!(!desk.state.connection.is_up());
    desk.press("x\n");
    assert!(saved(&desk).text.starts_with("# Incident 484: Checkout: card payments"));
}

#[test]
fn what_cannot_be_previewed_or_is_not_read_yet_says_so() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jx");
    assert_eq!(desk.toast(), "#483 has not been read yet");
    let Loaded::Detail(_, Some(mut detail)) = desk.load(&Load::Detail(id(483))) else { panic!("it is stored") };
    detail.picture = Picture::Unavailable("the query is malformed".into());
    desk.state.detail.data = Some(*detail);
    desk.control('y');
    assert_eq!(desk.toast(), "#483 has no snapshot: the query is malformed");
}

#[test]
fn the_page_goes_into_the_clipboard_as_a_whole_or_not_at_all() {
    let mut desk = Desk::ready(120, 40);
    let copied = |desk: &Desk| desk.effects.iter().filter(|effect| matches!(effect, Effect::Copy(_))).count();
    desk.control('y');
    assert_eq!(desk.toast(), "copied the page of #484 as Markdown");
    let copy =
        desk.effects.iter().rev().find_map(|effect| if let Effect::Copy(text) = effect { Some(text) } else { None });
    assert!(copy.unwrap().starts_with("# Incident 484: "));
    let comment = "x".repeat(CLIPBOARD_LIMIT);
    desk.state.detail.data.as_mut().unwrap().activities[0].comment = Some(comment);
    desk.control('y');
    assert_eq!(copied(&desk), 1);
    assert_eq!(desk.toast(), "the page of #484 is too long for the clipboard of a terminal: x exports it to a file");
}

#[test]
fn what_is_typed_on_the_format_acts_on_nothing_else() {
    let mut desk = exporting(120, 40);
    desk.press("zP");
    assert_eq!(value(&desk, FieldKind::Format), "markdown");
    desk.press("\u{1b}");
    assert!(desk.state.dialog.is_none() && desk.writes().is_empty());
}

#[test]
fn the_export_form() {
    for (width, height) in SIZES {
        let mut desk = exporting(width, height);
        desk.press("→");
        found(&mut desk, "incident-480.svg", Found::File("/home/anna/post-mortems/incident-480.svg".into()));
        desk.press("\t");
        insta::assert_snapshot!(format!("export_{width}x{height}"), desk.screen());
    }
}

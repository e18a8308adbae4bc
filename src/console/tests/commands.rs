//! The palette, the help and the hints: what they find, and that they name the operator's own keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::desk::Desk;
use super::fixtures::{id, incident, now, options};
use crate::console::availability;
use crate::console::effect::{Effect, Load, Write};
use crate::console::event::{Answer, Event, Moment, Written};
use crate::console::kept::Kept;
use crate::console::keymap::Keymap;
use crate::console::listing::{Direction, Filter, SortKey};
use crate::console::options::DataKind;
use crate::console::state::dialog::Dialog;
use crate::console::state::{State, ViewKind};
use crate::console::update::start;
use crate::console::zone::Zone;

fn with_keys(file: &str) -> Desk {
    let mut options = options();
    options.keymap = Keymap::read(file).unwrap();
    let mut desk = Desk::with(options, 160, 45);
    desk.connect();
    desk
}

fn hints(desk: &Desk) -> Vec<String> {
    availability::hints(&desk.state, desk.moment.now).iter().map(|hint| hint.label.to_string()).collect()
}

#[test]
fn the_palette_runs_what_it_finds_and_says_why_it_cannot() {
    let mut desk = Desk::ready(120, 40);
    desk.press(":view 4\n");
    assert_eq!(desk.state.view, ViewKind::Processor);
    desk.press(":filter\n");
    assert_eq!(desk.toast(), "'filter' has no meaning in this view");
    desk.press("1:reopen\n");
    assert_eq!(desk.toast(), "#484 is already open");
    assert!(desk.state.dialog.is_none() && desk.writes().is_empty());
}

#[test]
fn enter_takes_what_was_first_whatever_has_changed_since() {
    let mut desk = Desk::ready(120, 40);
    desk.press(":clo");
    let shown = desk.screen();
    assert!(shown.contains("close the selected"), "{shown}");
    let at = desk.stored.iter().position(|stored| stored.id == id(484)).unwrap();
    desk.stored[at] = incident(484, "Checkout", 18, Some(0), 5);
    desk.pass(std::time::Duration::from_secs(3));
    desk.answer_all();
    desk.press("\n");
    assert_eq!(desk.toast(), "#484 is already closed", "and not what would be first now");
}

#[test]
fn an_order_is_chosen_from_the_palette_and_reversed_by_choosing_it_again() {
    let mut desk = Desk::ready(120, 40);
    desk.press(":sort title\n");
    assert_eq!(
        (desk.state.incidents.sort.key, desk.state.incidents.sort.direction),
        (SortKey::Title, Direction::Ascending)
    );
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::List(..)))));
    desk.press(":sort title\n");
    assert_eq!(desk.state.incidents.sort.direction, Direction::Descending);
}

#[test]
fn the_hints_begin_with_what_matters_here() {
    let mut desk = Desk::ready(160, 45);
    assert_eq!(hints(&desk)[0], "close");
    desk.press("2");
    desk.answer_all();
    assert_eq!(desk.state.selected(), Some(id(478)), "a dead one is first");
    assert_eq!(hints(&desk)[0], "retry");
    desk.press("\n");
    assert_eq!(hints(&desk)[..3], ["retry", "back", "read values"]);
    desk.press("\u{1b}f");
    assert_eq!(hints(&desk)[..2], ["retry", "go on"]);
    let mut desk = Desk::ready(160, 45);
    desk.press("/login\n");
    desk.answer_all();
    assert!(hints(&desk).contains(&"clear the filter".to_owned()));
}

#[test]
fn the_help_cannot_be_scrolled_beyond_its_end() {
    let mut desk = Desk::ready(80, 24);
    desk.press("?");
    desk.press(&"j".repeat(500));
    let end = desk.screen();
    desk.press("k");
    assert_ne!(desk.screen(), end, "the first key back is seen");
    desk.press("gG");
    assert_eq!(desk.screen(), end);
    desk.press("q");
    assert!(desk.state.dialog.is_none() && !desk.effects.contains(&Effect::Quit));
}

#[test]
fn the_operators_own_keys_act_and_the_old_ones_do_not() {
    let mut desk = with_keys("down = ['ctrl-n', 'X']\nreopen = []\nsort = 'S'\nhelp = 'ctrl-g'\n");
    desk.press("j");
    assert_eq!(desk.state.selected(), Some(id(484)));
    desk.press("X");
    desk.control('n');
    assert_eq!(desk.state.selected(), Some(id(482)));
    desk.press("o");
    assert!(desk.state.dialog.is_none());
    desk.press(":reopen\n");
    assert!(matches!(desk.state.dialog, Some(Dialog::Form(_))), "what has no key is found by its name");
    desk.press("\u{1b}SS");
    assert_eq!(desk.state.incidents.sort.direction, Direction::Ascending);
    desk.control('g');
    desk.control('g');
    assert!(desk.state.dialog.is_none(), "the key that opens the help closes it");
}

#[test]
fn dialogs_and_the_way_out_stay_whatever_the_keymap_says() {
    let mut desk = with_keys("open = 'X'\nback = 'backspace'\nnext-pane = 'ctrl-w'\nquit = 'Q'\n");
    desk.press("c\u{1b}");
    assert!(desk.state.dialog.is_none());
    desk.press("cdone\n");
    assert_eq!(desk.writes(), [Write::Close { ids: vec![id(484)], at: None, comment: Some("done".into()) }]);
    desk.press("q");
    assert!(!desk.effects.contains(&Effect::Quit));
    desk.tell(Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    assert!(desk.effects.contains(&Effect::Quit));
}

#[test]
fn what_is_said_names_the_operators_own_keys() {
    let mut desk = with_keys(
        "undo = 'U'\nunmark = 'F10'\ncapture = []\nretry = 'F6'\nmouse = 'F7'\nquit = 'Q'\nnext-pane = 'F8'\ndown = 'F9'\n\
         zoom-in = 'F2'\n",
    );
    desk.press("\u{1b}");
    assert_eq!(desk.toast(), "there is nothing to go back from; Q quits");
    desk.tell(Event::Key(KeyEvent::new(KeyCode::F(7), KeyModifiers::NONE)));
    assert_eq!(desk.toast(), "the mouse selects and scrolls rows now; F7 gives it back");
    let screen = desk.screen();
    assert!(screen.contains(", F2 zooms in"), "{screen}");
    desk.press("c");
    assert!(desk.screen().contains("U undoes until then"), "{}", desk.screen());
    desk.press("\n");
    let closed = incident(484, "Checkout", 18, Some(0), 5);
    let written = Written::Incidents { changed: vec![closed], unchanged: Vec::new(), remarks: Vec::new() };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
    assert_eq!(desk.toast(), "closed #484; U undoes until 14:26");
    desk.press("2");
    desk.answer_all();
    let screen = desk.screen();
    assert!(screen.contains("dead after 8 tries, F6 tries again"), "{screen}");
    assert!(screen.contains(" F6 retry  "), "{screen}");
    desk.press("D");
    assert!(desk.screen().contains(":capture now makes one as long as"), "{}", desk.screen());
}

#[test]
fn keys_typed_ahead_in_the_palette_act_on_what_was_selected_when_it_was_opened() {
    let mut desk = Desk::ready(120, 40);
    desk.press("j:close\n");
    desk.stored.insert(0, incident(490, "Another", 1, None, 1));
    desk.pass(std::time::Duration::from_secs(3));
    desk.answer_all();
    desk.press("done\n");
    assert_eq!(desk.writes(), [Write::Close { ids: vec![id(483)], at: None, comment: Some("done".into()) }]);
}

#[test]
fn a_busy_row_says_so_and_takes_no_second_verb_until_the_answer() {
    let mut desk = Desk::ready(120, 40);
    desk.press("cdone\n");
    assert!(desk.screen().lines().any(|line| line.contains(" 484 ") && line.contains("closing")), "{}", desk.screen());
    for key in ["c", "e", "m", ":edit\n"] {
        desk.press(key);
        assert_eq!(desk.toast(), "#484: closing, wait for the answer", "{key}");
    }
    assert_eq!(desk.writes().len(), 1);
    desk.press("jc");
    assert!(matches!(desk.state.dialog, Some(Dialog::Form(_))), "another row is free");
}

/// What was kept so far.
fn kept(desk: &Desk) -> Vec<Kept> {
    let kept = |effect: &Effect| if let Effect::Keep(kept) = effect { Some(*kept.clone()) } else { None };
    desk.effects.iter().filter_map(kept).collect()
}

#[test]
fn how_it_is_looked_at_is_kept_when_it_changes_and_a_filter_once_it_is_typed() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jjk");
    assert_eq!(kept(&desk), []);
    desk.press("t");
    assert_eq!(kept(&desk).last().map(|kept| kept.zone), Some(Zone::Local));
    desk.press("/log");
    assert_eq!(kept(&desk).len(), 1, "nobody wants half a filter back");
    desk.press("\n");
    assert_eq!(kept(&desk).last().map(|kept| kept.filter.text().to_owned()), Some("log".to_owned()));
    desk.press("\u{1b}");
    assert_eq!(kept(&desk).last().map(|kept| kept.filter.is_empty()), Some(true));
}

#[test]
fn a_filter_that_was_kept_is_said_at_the_start() {
    let kept = Kept { filter: Filter::parse("status:open").unwrap(), ..Kept::default() };
    let mut state = State::new(options(), kept, 120, 40);
    assert_eq!(start(&mut state, Moment::at(now())), [Effect::Connect]);
    let said = state.toasts.current(now()).map(|toast| toast.text.clone());
    assert_eq!(said.as_deref(), Some("the filter is as it was left: status:open; esc clears it"));
}

#[test]
fn a_demo_keeps_nothing() {
    let mut desk = Desk::ready(120, 40);
    desk.state.options.data = DataKind::Demo;
    desk.press("tM");
    assert_eq!(kept(&desk), []);
}

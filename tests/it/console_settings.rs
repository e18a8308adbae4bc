//! What a user's files say of the console's keys and looks: read before it starts, refused with their line.

use std::fs;

use crate::support::Afterimage;

/// A home with these files in the configuration's folder.
fn home(files: &[(&str, &str)]) -> Afterimage {
    let program = Afterimage::new();
    for (name, text) in files {
        let path = program.home().join("config/afterimage").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    program
}

/// The console is not even asked for its terminal, of which there is none here.
fn check_refused(files: &[(&str, &str)], arguments: &[&str], fragments: &[&str]) {
    let program = home(files);
    program.assert_fails(arguments, 2, fragments);
    program.assert_fails(&[&["--demo"], arguments].concat(), 2, fragments);
}

#[test]
fn a_keymap_whose_keys_clash_is_refused_before_the_console_starts() {
    let said = [
        "keymap.toml is wrong in line 2: o would be both 'reopen' and 'close' in the view Incidents",
        "'close' has it in line 1",
    ];
    check_refused(&[("keymap.toml", "close = 'o'\nreopen = ['x', 'o']\n")], &[], &said);
    let said = ["line 1: o would be both 'close' and 'reopen'", "reopen = [] for none"];
    check_refused(&[("keymap.toml", "close = 'o'\n")], &[], &said);
}

#[test]
fn a_keymap_that_names_what_there_is_not_is_refused() {
    check_refused(&[("keymap.toml", "clsoe = 'o'\n")], &[], &["line 1: there is no action 'clsoe': perhaps 'close'"]);
    check_refused(&[("keymap.toml", "close = 'hyper-o'\n")], &[], &["close: 'hyper-o' is no key"]);
    check_refused(&[("keymap.toml", "close = 'ctrl-c'\n")], &[], &["cannot have ctrl-c: it always quits"]);
    check_refused(&[("keymap.toml", "close = \n")], &[], &["keymap.toml is wrong in line 1"]);
}

#[test]
fn the_configuration_may_name_another_keymap_which_must_be_there() {
    let files = [("config.toml", "keymap = 'mine.toml'\n"), ("mine.toml", "undo = 'U'\n"), ("keymap.toml", "!")];
    assert!(home(&files).output(&["keys"]).contains("\nundo = \"U\" "));
    let program = home(&files[..1]);
    program.assert_fails(&["keys"], 3, &["the keymap file", "config/afterimage/mine.toml cannot be read"]);
}

#[test]
fn the_keys_that_are_printed_are_a_keymap() {
    let keys = Afterimage::new().output(&["keys"]);
    assert_eq!(keys, include_str!("../../assets/keymap.toml"));
    let program = home(&[("keymap.toml", &keys.replace("discard = \"D\"", "discard = []"))]);
    assert!(program.output(&["keys"]).contains("\ndiscard = [] "));
    assert_eq!(program.output(&["keys", "--default"]), keys);
}

#[test]
fn a_theme_that_is_not_there_is_refused_with_those_that_are() {
    let files = [("themes/mine.toml", "open = 'red'\n")];
    let said =
        ["there is no theme 'drak': perhaps 'dark'", "terminal, mono, dark, light, high-contrast, colorblind, mine"];
    check_refused(&files, &["--theme", "drak"], &said);
    check_refused(&[("config.toml", "theme = 'solarised'\n")], &[], &["there is no theme 'solarised': it is a file"]);
}

#[test]
fn a_theme_that_is_wrong_is_refused_with_its_line() {
    let files = [("themes/mine.toml", "open = 'red'\nclosed = 'crimson'\n")];
    check_refused(&files, &["--theme", "mine"], &["themes/mine.toml is wrong in line 2: 'crimson' is no style"]);
    let files = [("config.toml", "theme = 'looks/mine.toml'\n"), ("looks/mine.toml", "opn = 'red'\n")];
    check_refused(&files, &[], &["looks/mine.toml is wrong in line 1: there is no role 'opn': perhaps 'open'"]);
}

#[test]
fn a_theme_that_is_printed_is_a_theme_and_ones_own_goes_before_the_programs() {
    let dark = Afterimage::new().output(&["theme", "dark"]);
    let program = home(&[("themes/light.toml", &dark), ("config.toml", "theme = 'light'\n")]);
    assert_eq!(program.output(&["theme"]), dark);
    assert!(Afterimage::new().output(&["theme"]).contains("\nopen = \"bold red\"\n"));
}

#[test]
fn a_command_that_is_not_about_the_console_does_not_care_for_its_files() {
    home(&[("keymap.toml", "!"), ("config.toml", "theme = 'none'\n")]).output(&["incident", "list"]);
}

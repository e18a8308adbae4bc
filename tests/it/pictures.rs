//! The script that makes the pictures of the README still finds on the screen what it waits for: had the console changed its
//! words, nobody would notice until the pictures are to be made again.

use crate::support::Screen;

const SCRIPT: &str = include_str!("../../assets/pictures/make");

/// What stands between the single quotes of a line, in order.
fn quoted(line: &str) -> Vec<&str> {
    line.split('\'').skip(1).step_by(2).collect()
}

fn assigned(name: &str) -> &'static str {
    let line = SCRIPT.lines().find(|line| line.starts_with(&format!("{name}="))).expect("the script sets it");
    line.split_once('=').map(|(_, value)| value.trim_matches('\'')).expect("it has a value")
}

/// Waits, as the script does, until the screen has stood still with nothing on its way: a machine that is busy may take its
/// time between a key and what it brings.
fn settle(screen: &Screen) {
    let line = SCRIPT.lines().find(|line| line.contains("grep -qE 'opening")).expect("the script looks for it");
    let words: Vec<&str> = quoted(line)[0].split('|').collect();
    let mut still = 0;
    while still < 6 {
        screen.settle();
        let text = screen.text();
        still = if words.iter().any(|word| text.contains(word)) { 0 } else { still + 1 };
    }
}

#[test]
fn what_the_script_of_the_pictures_waits_for_is_on_the_screen() {
    // How long the failing row waits is drawn by lot; the words around it are not.
    let lot = assigned("lot");
    let words = lot.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'm');
    let pictures: Vec<&str> = SCRIPT.lines().filter(|line| line.starts_with("picture ")).collect();
    assert!(pictures.len() >= 5, "{pictures:?}");
    for line in pictures {
        let size: Vec<u16> = line.split_whitespace().skip(2).take(2).map(|text| text.parse().unwrap()).collect();
        let [keys, expected] = quoted(line)[..] else { panic!("{line}") };
        let mut screen = Screen::open_sized((size[0], size[1]), &["--demo", "--now", assigned("now"), "--by", "you"]);
        screen.wait_for(words);
        settle(&screen);
        for key in keys.split(' ') {
            screen.press(if key == "Enter" { "\r" } else { key });
            settle(&screen);
        }
        screen.wait_for(expected);
        screen.press("\u{3}");
        assert_eq!(screen.ended(), 0);
    }
}

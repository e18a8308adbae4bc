//! `config check` and rules with expressions: what can be found out before an alert comes at night.

use std::fs;

use crate::support::{Afterimage, FakePrometheus, Mood};

/// A program whose configuration names this Prometheus, and this beside.
fn configured(server: &FakePrometheus, more: &str) -> Afterimage {
    let program = Afterimage::new();
    let folder = program.home().join("config/afterimage");
    fs::create_dir_all(&folder).unwrap();
    let text = format!("[[prometheus]]\nname = 'main'\nurl = '{}'\n{more}", server.url());
    fs::write(folder.join("config.toml"), text).unwrap();
    program
}

const RULES: &str = "[[rule]]\nname = 'checkout'\nmatch = ['alertname=\"High\"', 'service=~\"cart|checkout\"']\n\
    time_window = 120\nexpression = 'sum(increase(errors{service=\"{{label.service}}\"}[{{window}}]))'\n\
    projects = ['{{label.service}}']\n[[rule]]\nname = 'rest'\n";

/// Runs the program beside the server, which answers in this process.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it does not panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_who_answers_what_each_rule_gives_and_what_an_alert_would_get() {
    let server = FakePrometheus::start(|expression, _| expression.contains("service=\"cart\"").then_some(12.5)).await;
    server.set_retention(Some("15d"));
    let program = configured(&server, RULES);
    let (text, document) = beside(move || {
        let alert = ["config", "check", "--label", "alertname=High", "--label", "service=cart"];
        (program.output(&alert), program.json(&alert))
    })
    .await;
    for part in [
        "config.toml can be read",
        "answers, keeps 15d",
        "warning: 200 windows of 2h are 16d 16h, and source 'main' keeps 15d",
        "An alert with alertname=\"High\", service=\"cart\"",
        "rule         checkout",
        "now          12.5 in the last 2h",
        "projects     cart",
    ] {
        assert!(text.contains(part), "'{part}' is not said: {text}");
    }
    assert_eq!((&document["alert"]["rule"], &document["alert"]["source"]), (&"checkout".into(), &"main".into()));
    assert_eq!(document["alert"]["expression"], "sum(increase(errors{service=\"cart\"}[{{window}}]))");
    assert_eq!((&document["alert"]["now"], &document["rules"][1]["name"]), (&12.5.into(), &"rest".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_configuration_is_an_exit_status() {
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    let program = configured(&server, RULES);
    let program = beside(move || {
        let met = ["config", "check", "--label", "alertname=High", "--label", "service=cart", "--annotation", "a=b"];
        assert_eq!(program.run(&met).status, 0);
        let unlabelled =
            program.run(&["config", "check", "--label", "alertname=Other", "--generator-url", "http://x/"]);
        assert_eq!(unlabelled.status, 2, "{unlabelled}");
        assert!(unlabelled.stdout.contains("it holds no expression"), "{unlabelled}");
        program
    })
    .await;
    server.set_mood(Mood::Failing(503, String::new()));
    let silent = beside(move || program.run(&["config", "check"])).await;
    assert_eq!(silent.status, 5, "{silent}");
    for (broken, said) in [
        ("[[rule]]\nname = 'a'\nsource = 'other'\n", "asks source 'other', and there is only events, main"),
        ("[[rule]]\nname = 'a'\n[[rule]]\nname = 'a'\n", "there are two rules 'a'"),
        ("[[rule]]\nname = 'a'\nmatch = ['x']\n", "is no matcher"),
        ("[[alertmanager]]\nurls = ['http://a']\nprometheus = 'other'\n", "there is no such source"),
        ("[http]\nlisten = 'here'\n", "an address and a port"),
    ] {
        configured(&server, broken).assert_fails(&["config", "check"], 2, &["config.toml is wrong", said]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_people_use_may_ask_a_source_and_is_warned_of_its_retention() {
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    server.set_retention(Some("15d"));
    let program = configured(&server, "");
    beside(move || {
        let expression = "sum(increase(errors[{{window}}]))";
        let add = |name: &'static str, minutes: &'static str| {
            program.run(&["rule", "add", name, "--time-window", minutes, "--expression", expression])
        };
        let fits = add("fits", "5");
        assert_eq!((fits.status, fits.stderr.as_str()), (0, ""), "{fits}");
        let long = add("long", "120");
        assert_eq!(long.status, 0, "{long}");
        assert!(long.stderr.contains("warning: 200 windows of 2h are 16d 16h"), "{long}");
        let opened = program.json(&["incident", "open", "Errors", "--rule", "fits"]);
        assert_eq!((&opened["source"], &opened["expression"]), (&"main".into(), &expression.into()));
        assert_eq!(opened["measure"], "estimated_events");
        let shown = program.json(&["rule", "update", "fits", "--events"]);
        assert_eq!((&shown["source"], &shown["expression"]), (&"events".into(), &serde_json::Value::Null));
        assert_eq!(program.json(&["incident", "show", "1"])["source"], "main", "rule 3");
        for (arguments, said) in [
            (["--expression", "sum(", "--time-window", "1"], "the expression: it is not PromQL"),
            (["--expression", "up{a=\"{{label.a}}\"}", "--time-window", "1"], "wants labels of an alert"),
        ] {
            program.assert_fails(&[&["rule", "add", "x"], arguments.as_slice()].concat(), 2, &[said]);
        }
        let other = ["rule", "add", "x", "--time-window", "1", "--expression", "up", "--source", "other"];
        program.assert_fails(&other, 2, &["the configuration names no source 'other'"]);
    })
    .await;
    Afterimage::new().assert_fails(
        &["rule", "add", "x", "--time-window", "1", "--expression", "up"],
        2,
        &["names no Prometheus that could be asked"],
    );
}

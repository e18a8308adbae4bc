//! The store and the engine beside the limit of the database beneath them, on both engines, in one run.
//!
//! ```text
//! cargo bench --bench store                        everything at a size that takes some minutes
//! cargo bench --bench store -- drain --rows 100000 --events 10
//! cargo bench --bench store -- window --events 10000000
//! cargo bench --bench store -- import --events 1000000
//! cargo bench --bench store -- list --rows 1000000
//! cargo bench --bench store -- copy --events 1000000   into the other engine, and a prune: their memory
//! cargo bench --bench store -- stall --rows 100000     an operator's own close while a backlog drains
//! cargo bench --bench store -- --smallest          once, to see that all of it still works
//! ```
//!
//! `--engine sqlite` or `postgres` leaves the other out. Databases are made on the disk of the temporary folder, and the
//! server of Postgres writes as durably as by default. Every limit is measured beside what it is the limit of.
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

mod copy;
mod drain;
mod ground;
mod import;
mod list;
mod row;
mod script;
mod stall;
mod support;
mod window;

use ground::{Engine, Ground};

/// What is measured, and how much of it.
#[derive(Debug, Clone)]
pub struct Choice {
    names: Vec<String>,
    engines: Vec<Engine>,
    rows: Option<u64>,
    events: Option<u64>,
    smallest: bool,
}

impl Choice {
    fn read() -> Self {
        let mut choice =
            Self { names: Vec::new(), engines: Engine::ALL.to_vec(), rows: None, events: None, smallest: false };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            let mut number = || arguments.next().and_then(|text| text.replace('_', "").parse().ok());
            match argument.as_str() {
                "--smallest" => choice.smallest = true,
                "--rows" => choice.rows = Some(number().expect("--rows takes a number")),
                "--events" => choice.events = Some(number().expect("--events takes a number")),
                "--engine" => {
                    let name = arguments.next().unwrap_or_default();
                    choice.engines.retain(|engine| engine.name() == name);
                    assert!(!choice.engines.is_empty(), "--engine takes sqlite or postgres");
                }
                name => choice.names.push(name.to_owned()),
            }
        }
        choice
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// The sizes to go through: those that were asked for, the smallest, or the usual ones.
    fn sizes(&self, asked: Option<u64>, smallest: u64, usual: &[u64]) -> Vec<u64> {
        match asked {
            Some(size) => vec![size],
            None if self.smallest => vec![smallest],
            None => usual.to_vec(),
        }
    }
}

fn main() {
    let choice = Choice::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ground = Ground::new(&choice.engines);
        println!("{}", ground::heading());
        println!("{}", row::HEADING);
        if choice.wants("drain") {
            drain::run(&ground, &choice).await;
        }
        if choice.wants("stall") {
            stall::run(&ground, &choice).await;
        }
        if choice.wants("window") {
            window::run(&ground, &choice).await;
        }
        if choice.wants("import") {
            import::run(&ground, &choice).await;
        }
        if choice.wants("list") {
            list::run(&ground, &choice).await;
        }
        if choice.wants("copy") {
            copy::run(&ground, &choice).await;
        }
    });
}

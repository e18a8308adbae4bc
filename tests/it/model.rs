//! Random operators and a processor on a few incidents, against a small model of rules 4 to 8, 11, 15 to 17 and 19: after
//! each step the store says what the model says, on both engines.
//!
//! `AFTERIMAGE_CASES=500 cargo test --test it model::` tries more than the few of the suite.

mod incident;

use std::time::Duration;

use afterimage::domain::{IncidentId, Seen, Timestamp, schedule};
use afterimage::ops;
use afterimage::ops::OpsError;
use afterimage::ops::close::CloseRequest;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::reopen::ReopenRequest;

use crate::support::{Desk, Dice, Early, Engine, TESTER, TestDatabase, at, cases, run};
use incident::{Model, Promise};

const STEPS: u64 = 40;
const MINUTE: Duration = Duration::from_mins(1);

/// The store and the model of it, and all that was done: a failure prints it.
struct Play {
    desk: Desk,
    models: Vec<Model>,
    done: Vec<String>,
    seed: u64,
}

impl Play {
    async fn step(&mut self, dice: &mut Dice) {
        if self.models.is_empty() || dice.below(20) == 0 {
            return self.open(dice).await;
        }
        let place = usize::try_from(dice.below(self.models.len() as u64)).expect("a few");
        match dice.below(20) {
            0..4 => self.close_somewhen(place, dice).await,
            4 | 5 => self.reopen(place).await,
            6 => self.undo(place).await,
            7 => self.comment(place).await,
            8..12 => self.force(place, Early::Allowed).await,
            12 => self.force(place, Early::Refused).await,
            13 => self.retry(place).await,
            14 => self.discard(place).await,
            15 | 16 => self.poison(place).await,
            _ => self.process_somewhen(dice).await,
        }
    }

    fn note(&mut self, what: &str) {
        self.done.push(format!("{} {what}", self.desk.now()));
    }

    fn id(place: usize) -> IncidentId {
        IncidentId::new(i64::try_from(place + 1).expect("a few"))
    }

    #[track_caller]
    fn check_status<T>(&self, outcome: Result<T, OpsError>, expected: u8) {
        let said = outcome.as_ref().err().map(ToString::to_string);
        let status = outcome.err().map_or(0, |error| error.exit_status());
        assert_eq!(status, expected, "{said:?}\nseed {}\n{}", self.seed, self.done.join("\n"));
    }

    async fn open(&mut self, dice: &mut Dice) {
        let (window, started) = (dice.one_of(&[1, 2, 30]), self.desk.now() - MINUTE * dice.one_of(&[0, 3, 20]));
        self.open_with(window, started).await;
    }

    async fn open_with(&mut self, window: i64, started: Timestamp) {
        self.note(&format!("open with {window} at {started}"));
        let request = OpenRequest { date_started: Some(started), ..self.desk.request(window).await };
        self.desk.open_as(request).await;
        self.models.push(Model::new(window, started));
    }

    async fn close_somewhen(&mut self, place: usize, dice: &mut Dice) {
        let now = self.desk.now();
        let given = dice.one_of(&[None, None, Some(now - MINUTE), Some(now - 15 * MINUTE), Some(now + MINUTE)]);
        self.close(place, given).await;
    }

    async fn close(&mut self, place: usize, given: Option<Timestamp>) {
        let now = self.desk.now();
        self.note(&format!("close {} at {given:?}", Self::id(place)));
        let expected = self.models[place].close(given, now);
        let request = CloseRequest { ids: vec![Self::id(place)], at: given, comment: None };
        self.check_status(self.desk.try_close(request).await, expected);
    }

    async fn reopen(&mut self, place: usize) {
        self.note(&format!("reopen {}", Self::id(place)));
        self.models[place].reopen();
        let request = ReopenRequest { ids: vec![Self::id(place)], ..ReopenRequest::default() };
        self.check_status(self.desk.try_reopen(request).await, 0);
    }

    async fn undo(&mut self, place: usize) {
        self.note(&format!("undo the close of {}", Self::id(place)));
        let seen = Seen::of(&self.desk.incident(Self::id(place)).await);
        let model = &mut self.models[place];
        if model.closed.is_none() || model.promise.is_none() {
            // There is nothing to undo, and no console offers it.
            return;
        }
        model.reopen();
        self.check_status(ops::close::undo(&self.desk.store, TESTER, &[seen]).await, 0);
    }

    async fn comment(&mut self, place: usize) {
        self.note(&format!("comment on {}", Self::id(place)));
        self.models[place].activities += 1;
        self.check_status(ops::comment::comment(&self.desk.store, TESTER, Self::id(place), "so").await, 0);
    }

    async fn force(&mut self, place: usize, early: Early) {
        self.note(&format!("force {}, early {early:?}", Self::id(place)));
        let expected = self.models[place].force(self.desk.now(), early == Early::Allowed);
        self.check_status(self.desk.try_force(&[Self::id(place)], early).await, expected);
        self.adopt(place).await;
    }

    async fn retry(&mut self, place: usize) {
        self.note(&format!("retry {}", Self::id(place)));
        let expected = self.models[place].retry(self.desk.now());
        self.check_status(ops::pending::retry(&self.desk.store, TESTER, &[Self::id(place)], &[]).await, expected);
    }

    async fn discard(&mut self, place: usize) {
        self.note(&format!("discard {}", Self::id(place)));
        let expected = self.models[place].discard();
        self.check_status(ops::pending::discard(&self.desk.store, TESTER, &[Self::id(place)], &[]).await, expected);
    }

    async fn poison(&mut self, place: usize) {
        let model = &mut self.models[place];
        model.is_poisoned = !model.is_poisoned;
        let is_poisoned = model.is_poisoned;
        self.note(&format!("poison {}: {is_poisoned}", Self::id(place)));
        let condition = format!("id = {}", Self::id(place));
        if is_poisoned { self.desk.poison_where(&condition).await } else { self.desk.cure_where(&condition).await }
    }

    async fn process_somewhen(&mut self, dice: &mut Dice) {
        self.process_after(MINUTE * dice.one_of(&[0, 1, 5, 20, 300])).await;
    }

    async fn process_after(&mut self, span: Duration) {
        self.desk.wait(span);
        self.note("process");
        let now = self.desk.now();
        let (mut captured, mut failed) = (0, 0);
        for model in &mut self.models {
            match model.process(now) {
                Some(true) => captured += 1,
                Some(false) => failed += 1,
                None => {}
            }
        }
        let counts = self.desk.process().await.counts;
        assert_eq!(
            (counts.captured, counts.failed),
            (captured, failed),
            "seed {}\n{}",
            self.seed,
            self.done.join("\n")
        );
        for place in 0..self.models.len() {
            self.adopt(place).await;
        }
    }

    /// Chance decides when a failed row is tried again: within its bounds, the model takes what the store says.
    async fn adopt(&mut self, place: usize) {
        let row = self.desk.pending(Self::id(place)).await;
        let now = self.desk.now();
        if let (Some(Promise { next: next @ None, attempts, .. }), Some(row)) = (&mut self.models[place].promise, row) {
            let (wait, middle) = (row.next_attempt_at.since(now), schedule::backoff(*attempts, 0.5));
            assert!((middle.mul_f64(0.749)..=middle.mul_f64(1.251)).contains(&wait), "{row:?} waits for {wait:?}");
            *next = Some(row.next_attempt_at);
        }
    }

    async fn compare(&self) {
        for (place, model) in self.models.iter().enumerate() {
            let id = Self::id(place);
            let stored = Model::of(&self.desk, id, model).await;
            assert_eq!(&stored, model, "incident {id}, seed {}\n{}", self.seed, self.done.join("\n"));
        }
    }
}

/// What chance comes to seldom: each way of a failed row back to the living, and what is made early, anew and again.
async fn awkward_story(play: &mut Play) {
    play.open_with(30, play.desk.now() - 5 * MINUTE).await;
    play.close(0, None).await;
    play.poison(0).await;
    play.force(0, Early::Allowed).await;
    play.compare().await;
    play.poison(0).await;
    play.force(0, Early::Allowed).await;
    play.compare().await;
    play.reopen(0).await;
    play.close(0, None).await;
    play.poison(0).await;
    for _ in 0..9 {
        play.process_after(300 * MINUTE).await;
        play.compare().await;
    }
    play.force(0, Early::Refused).await;
    play.compare().await;
    play.retry(0).await;
    play.compare().await;
    play.poison(0).await;
    play.process_after(Duration::ZERO).await;
    play.compare().await;
    play.reopen(0).await;
    play.close(0, None).await;
    play.discard(0).await;
    play.compare().await;
    play.force(0, Early::Allowed).await;
    play.compare().await;
    play.process_after(300 * MINUTE).await;
    play.compare().await;
}

fn check(engine: Engine) {
    run(engine, |database: TestDatabase| async move {
        let desk = Desk::on(database).await;
        let mut play = Play { desk, models: Vec::new(), done: Vec::new(), seed: 0 };
        awkward_story(&mut play).await;
    });
    for seed in 0..cases(6) {
        run(engine, |database: TestDatabase| async move {
            let desk = Desk::on(database).await;
            assert_eq!(desk.now(), at("12:00"));
            let mut dice = Dice::of(seed);
            let mut play = Play { desk, models: Vec::new(), done: Vec::new(), seed };
            for _ in 0..STEPS {
                play.step(&mut dice).await;
                play.compare().await;
            }
        });
    }
}

#[test]
fn rules_4_to_19_random_operators_leave_what_the_model_says_on_sqlite() {
    check(Engine::Sqlite);
}

#[test]
fn rules_4_to_19_random_operators_leave_what_the_model_says_on_postgres() {
    check(Engine::Postgres);
}

//! The events of one kind: an ordinary day with its rhythm and noise, and trouble on top.
//!
//! Time is cut into cells, and each cell draws from its own place in the random stream of its signal. So any part of
//! time gives the same events however it is asked for: all at once at the start of the demo, or second by second
//! while it is watched.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::grid::Grid;
use super::scenario::Signal;
use super::trouble::Trouble;
use crate::domain::window::Range;
use crate::domain::{Event, Timestamp};

/// Draws of a cell, at about the most, in words of the random stream.
const WORDS_PER_SECOND: u128 = 256;
/// Events that stand for many, in one cell, at the most.
const ROWS_PER_CELL: i64 = 6;
/// Events of one user each, in one cell, at the most: reached only where cells are coarse.
const USERS_PER_CELL: i64 = 40;
/// Periods of the slow waves in an ordinary day, in seconds, and their heights.
const WAVES: [(f64, f64); 3] = [(1_900.0, 0.07), (11_300.0, 0.10), (97_000.0, 0.12)];
const DAY: f64 = 86_400.0;
const WEEKEND: f64 = 0.7;

/// A signal with all that disturbs it.
#[derive(Debug, Clone)]
pub struct Stream {
    signal: Signal,
    grid: Grid,
    troubles: Vec<Trouble>,
    chance: ChaCha8Rng,
    phases: [f64; WAVES.len()],
}

impl Stream {
    /// The events of `signal` on the cells of `grid`, as chance `seed` has it.
    #[must_use]
    pub fn new(signal: Signal, grid: Grid, troubles: Vec<Trouble>, seed: u64) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        chance.set_stream(hash(&signal.name));
        let phases = std::array::from_fn(|_| chance.random::<f64>() * TAU);
        Self { signal, grid, troubles, chance, phases }
    }

    /// What disturbs it, in the order in which it was given.
    pub fn troubles_mut(&mut self) -> &mut [Trouble] {
        &mut self.troubles
    }

    /// The events within `range`, in time order.
    pub fn events(&self, range: Range) -> impl Iterator<Item = Event> + '_ {
        let within = move |event: &Event| range.start <= event.occurred_at && event.occurred_at < range.end;
        self.grid.cells(range).flat_map(|cell| self.fill(cell)).filter(within)
    }

    fn fill(&self, cell: Range) -> Vec<Event> {
        let mut chance = self.chance.clone();
        chance.set_word_pos(u128::from(cell.start.as_micros().unsigned_abs()) * WORDS_PER_SECOND / 1_000_000);
        let mut left = self.count(cell, &mut chance);
        let mut events = Vec::new();
        let most = if self.signal.each_user { USERS_PER_CELL } else { (2 + left.isqrt() / 2).min(ROWS_PER_CELL) };
        let mut rows = left.min(most);
        while rows > 0 {
            let mean = left / rows;
            let share = if rows == 1 { left } else { chance.random_range((mean / 2).max(1)..=mean + mean / 3) };
            let weight = share.min(left - (rows - 1));
            events.push(self.event(cell, weight, &mut chance));
            left -= weight;
            rows -= 1;
        }
        events.sort_by_key(|event| event.occurred_at);
        events
    }

    /// How many happen in a cell.
    fn count(&self, cell: Range, chance: &mut ChaCha8Rng) -> i64 {
        let middle = cell.start + cell.length() / 2;
        let disturbed: f64 = self.troubles.iter().map(|trouble| trouble.level(middle)).product();
        let minutes = cell.length().as_secs_f64() / 60.0;
        let expected = self.signal.rate * minutes * self.ordinary(middle) * disturbed;
        // Four dice come close enough to a bell curve with a deviation of 1.
        let bell = (0..4).map(|_| chance.random::<f64>() - 0.5).sum::<f64>() * 3f64.sqrt();
        let noisy = expected * (1.0 + 0.06 * bell) + 0.8 * expected.sqrt() * bell;
        whole(noisy.max(0.0), chance.random())
    }

    /// The rhythm of days and weeks, and slow waves that nobody can explain, around 1.
    fn ordinary(&self, instant: Timestamp) -> f64 {
        let seconds = instant.since(Timestamp::MIN).as_secs_f64();
        // Busiest at 15:00 UTC; 1970 began on a Thursday.
        let day = 1.0 + 0.8 * (TAU * (seconds / DAY - 9.0 / 24.0)).sin();
        let weekday = (seconds / DAY + 3.0).floor().rem_euclid(7.0);
        let week = if weekday >= 5.0 { WEEKEND } else { 1.0 };
        let rhythm = 1.0 + self.signal.rhythm * (day * week - 1.0);
        let waves = WAVES.iter().zip(self.phases).map(|((period, height), phase)| {
            let turn = TAU * seconds / period + phase;
            height * turn.sin()
        });
        rhythm * (1.0 + waves.sum::<f64>())
    }

    fn event(&self, cell: Range, weight: i64, chance: &mut ChaCha8Rng) -> Event {
        let signal = &self.signal;
        let offset = cell.length().mul_f64(chance.random());
        let within = cell.start + std::time::Duration::from_millis(u64::try_from(offset.as_millis()).unwrap_or(0));
        let environment = if chance.random_ratio(1, 32) { "staging" } else { "production" };
        let message = pick(&signal.messages, chance).replace("{}", &chance.random_range(120..9_800).to_string());
        let user = format!("user-{:05}", chance.random_range(0..signal.users));
        let tags: BTreeMap<String, String> =
            signal.tags.iter().map(|(name, values)| (name.clone(), pick(values, chance).clone())).collect();
        Event {
            weight,
            project: Some(signal.project.clone()),
            level: Some(signal.level.clone()),
            environment: Some(environment.to_owned()),
            user: Some(user),
            fingerprint: Some(signal.name.clone()),
            message: Some(message),
            tags,
            ..Event::at(within)
        }
    }
}

fn pick<'a, T>(values: &'a [T], chance: &mut ChaCha8Rng) -> &'a T {
    &values[chance.random_range(0..values.len())]
}

/// A whole number near `number`, whose average is `number`.
#[expect(clippy::cast_possible_truncation, reason = "a count of a cell is far below 2^53")]
fn whole(number: f64, chance: f64) -> i64 {
    (number + chance).floor() as i64
}

/// FNV-1a: the same number for the same name in every build, which the standard library does not promise.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

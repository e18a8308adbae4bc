//! A console on a desk: a hand to press its keys, a database to answer, an eye to read its screen.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::fixtures::{detail, incidents, now, options, overview, previewed, rules, snapshot};
use crate::console::effect::{Edition, Effect, Load};
use crate::console::event::{Answer, Event, Loaded, Moment, Overview, ProcessorNews};
use crate::console::glyphs::Glyphs;
use crate::console::kept::Kept;
use crate::console::listing::Listed;
use crate::console::options::{ConsoleOptions, Look};
use crate::console::pointing::{Gesture, Targets};
use crate::console::state::State;
use crate::console::theme::Theme;
use crate::console::update::update;
use crate::console::view::view;
use crate::domain::filter::{Condition, Term};
use crate::domain::{
    Incident, IncidentId, PendingQueue, PendingSnapshot, RunCounts, Seen, SourceHealth, Trigger, schedule,
};

/// A console, what it wants done, and the moment.
pub struct Desk {
    pub state: State,
    pub effects: Vec<Effect>,
    pub moment: Moment,
    /// What the database holds.
    pub stored: Vec<Incident>,
    /// The edition of that.
    pub edition: Edition,
    /// How the sources do.
    pub sources: Vec<SourceHealth>,
    /// What the source of the selected incident says instead of an answer, and whether something was frozen.
    pub silence: Option<(String, bool)>,
    /// What becomes of every answer before it is told.
    pub falsify: fn(&mut Loaded),
}

/// The dead, then the failing, then all others.
fn urgency(row: &PendingSnapshot) -> u8 {
    match row {
        PendingSnapshot { dead_since: Some(_), .. } => 0,
        PendingSnapshot { attempts: 1.., .. } => 1,
        _ => 2,
    }
}

impl Desk {
    /// Just started: nothing is known.
    pub fn started(width: u16, height: u16) -> Self {
        Self::with(options(), width, height)
    }

    pub fn with(options: ConsoleOptions, width: u16, height: u16) -> Self {
        let state = State::new(options, Kept::default(), width, height);
        Self {
            state,
            effects: Vec::new(),
            moment: Moment::at(now()),
            stored: incidents(),
            edition: Edition(1),
            sources: Vec::new(),
            silence: None,
            falsify: |_| {},
        }
    }

    /// Connected, with everything read.
    pub fn ready(width: u16, height: u16) -> Self {
        let mut desk = Self::started(width, height);
        desk.connect();
        desk
    }

    pub fn connect(&mut self) {
        self.tell(Event::Answer(Answer::Connected { database: "sqlite:demo.db".into() }));
        let counts = RunCounts { captured: 12, ..RunCounts::default() };
        self.tell(Event::Processor(ProcessorNews::Finished {
            at: now() - Duration::from_secs(2209),
            counts,
            trigger: Trigger::Interval,
            failures: Vec::new(),
        }));
        self.state.toasts.dismiss(now());
        let next_run_at = now() + Duration::from_secs(1391);
        self.tell(Event::Processor(ProcessorNews::Waiting { next_run_at }));
        self.answer_all();
    }

    pub fn tell(&mut self, event: Event) {
        let effects = update(&mut self.state, event, self.moment);
        self.effects.extend(effects);
    }

    pub fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\u{1b}' => KeyCode::Esc,
                '\u{8}' => KeyCode::Backspace,
                '→' => KeyCode::Right,
                '←' => KeyCode::Left,
                '↓' => KeyCode::Down,
                c => KeyCode::Char(c),
            };
            self.tell(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    pub fn control(&mut self, c: char) {
        self.tell(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    pub fn pass(&mut self, span: Duration) {
        self.moment = Moment { now: self.moment.now + span, real: self.moment.real + span };
        self.tell(Event::Tick);
    }

    /// Answers every question from what is stored, until none is left. Writes stay for the test to look at.
    pub fn answer_all(&mut self) {
        for _ in 0..50 {
            let asked: Vec<(u64, Load)> = self
                .effects
                .extract_if(.., |effect| matches!(effect, Effect::Load(..)))
                .filter_map(
                    |effect| if let Effect::Load(sequence, load) = effect { Some((sequence, load)) } else { None },
                )
                .collect();
            if asked.is_empty() {
                return;
            }
            for (sequence, load) in asked {
                let mut loaded = self.load(&load);
                (self.falsify)(&mut loaded);
                self.tell(Event::Answer(Answer::Loaded { sequence, loaded }));
            }
        }
        panic!("the console never stops asking");
    }

    pub fn load(&self, load: &Load) -> Loaded {
        let find = |wanted: &IncidentId| self.stored.iter().find(|incident| incident.id == *wanted);
        match load {
            Load::List(listed, filter, ..) => {
                // As much of a filter as the tests of the screen need; what it means is tested on databases.
                let holds = |incident: &Incident, term: &Term| {
                    let any = term.any.iter().any(|condition| match condition {
                        Condition::Status(status) => incident.status == *status,
                        Condition::Word(word) => word.find(&incident.title).is_some(),
                        Condition::Since(..) | Condition::Project(_) => true,
                        other => panic!("the desk knows no {other:?}"),
                    });
                    any != term.negated
                };
                let matches = |incident: &&Incident| filter.terms().iter().all(|term| holds(incident, term));
                let mut found: Vec<&Incident> = self.stored.iter().filter(matches).collect();
                match listed {
                    Listed::Incidents => {}
                    Listed::Pending => {
                        found.retain(|incident| incident.pending.is_some());
                        found.sort_by_key(|incident| {
                            incident.pending.as_ref().map(|row| (urgency(row), row.next_attempt_at, row.incident_id))
                        });
                    }
                    Listed::Snapshots => {
                        found.retain(|incident| incident.snapshot.is_some());
                        found.sort_by_key(|incident| {
                            std::cmp::Reverse(incident.snapshot.as_ref().map(|facts| facts.date_added))
                        });
                    }
                }
                Loaded::List(*listed, found.into_iter().map(|incident| incident.id).collect(), self.edition)
            }
            Load::Rows(ids) => Loaded::Rows(ids.iter().filter_map(find).cloned().collect()),
            Load::Shapes(ids) => {
                let shape = |incident: &Incident| (incident.id, snapshot(incident).windowed);
                Loaded::Shapes(ids.iter().filter_map(find).map(shape).collect())
            }
            Load::RemoteShapes(ids) => {
                let shape = |incident: &Incident| (incident.id, snapshot(incident).windowed);
                Loaded::RemoteShapes(ids.iter().filter_map(find).map(shape).collect())
            }
            Load::Preview(id) => {
                Loaded::Preview(*id, find(id).map(|incident| Box::new(previewed(incident, self.silence.clone()))))
            }
            Load::Detail(id) => Loaded::Detail(*id, find(id).map(|incident| Box::new(detail(incident)))),
            Load::Overlay(id) => Loaded::Overlay(*id, find(id).map(|incident| Box::new(detail(incident)))),
            Load::Overview => Loaded::Overview(Box::new(Overview {
                queue: self.queue(),
                sources: self.sources.clone(),
                ..overview()
            })),
            Load::Rules => Loaded::Rules(rules(), ["checkout", "web"].map(String::from).into()),
        }
    }

    /// What the stored incidents come to as a queue.
    fn queue(&self) -> PendingQueue {
        let late_until = schedule::late_until(self.moment.now, schedule::USUAL_INTERVAL);
        let living = || {
            let pending = self.stored.iter().filter_map(|incident| incident.pending.as_ref());
            pending.filter(|row| row.dead_since.is_none())
        };
        let late = || living().filter(|row| row.is_due(late_until));
        PendingQueue {
            next: living().min_by_key(|row| (row.next_attempt_at, row.incident_id)).cloned(),
            late: late().count() as u64,
            late_since: late().map(|row| row.target_run_date).min(),
        }
    }

    /// The writes that were asked for so far.
    pub fn writes(&self) -> Vec<crate::console::effect::Write> {
        let write = |effect: &Effect| if let Effect::Write(_, write) = effect { Some(write.clone()) } else { None };
        self.effects.iter().filter_map(write).collect()
    }

    /// An incident as it is at hand.
    pub fn seen(&self, number: i64) -> Seen {
        Seen::of(self.state.rows.incident(IncidentId::new(number)).unwrap())
    }

    /// Changes what the database holds of an incident, and lets the console read it.
    pub fn change(&mut self, number: i64, change: impl FnOnce(&mut Incident)) {
        change(self.stored.iter_mut().find(|incident| incident.id.value() == number).unwrap());
        self.pass(Duration::from_secs(3));
        self.answer_all();
    }

    /// What is said at the bottom.
    pub fn toast(&self) -> String {
        self.state.toasts.current(self.moment.real).map(|toast| toast.text.clone()).unwrap_or_default()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.screen_with(&Look { theme: Theme::colour(), glyphs: Glyphs::Unicode })
    }

    /// Does something with the mouse where a text stands on the screen.
    pub fn point(&mut self, gesture: Gesture, text: &str) {
        let look = Look { theme: Theme::colour(), glyphs: Glyphs::Unicode };
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut targets = Targets::default();
        terminal.draw(|frame| targets = view(&self.state, &look, self.moment, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<Vec<_>>();
        let place = (0..height).find_map(|y| {
            let row = row(y);
            (0..row.len()).find(|x| row[*x..].concat().starts_with(text)).map(|x| (u16::try_from(x).unwrap(), y))
        });
        let (x, y) = place.unwrap_or_else(|| panic!("'{text}' is not on the screen:\n{}", self.screen()));
        self.tell(Event::Pointed(gesture, targets.at(x, y)));
    }

    /// The screen as cells with their styles.
    pub fn buffer(&self, look: &Look) -> Buffer {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(view(&self.state, look, self.moment, frame))).unwrap();
        terminal.backend().buffer().clone()
    }

    pub fn screen_with(&self, look: &Look) -> String {
        let (width, height) = self.state.size;
        let buffer = self.buffer(look);
        let mut lines: Vec<String> = Vec::new();
        for y in 0..height {
            let mut line = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }
}

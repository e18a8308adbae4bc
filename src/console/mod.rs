//! The terminal console: one task that owns the state and the screen, and never waits for the database.
//!
//! ```text
//! keys ─┐                                       ┌─> terminal (copy, suspend, mouse)
//! time ─┼─> Event ─> update(state) ─> Effects ──┴─> Performer ─> database
//! news ─┘                 │                             │
//!  ^                      └─> view(state) ─> frame      │
//!  └────────────────────────────────────────────────────┘
//! ```

pub mod availability;
pub mod effect;
pub mod event;
pub mod glyphs;
pub mod kept;
pub mod keymap;
pub mod lines;
pub mod listing;
pub mod options;
pub mod perform;
pub mod pointing;
#[cfg(debug_assertions)]
mod provoked;
pub mod reading;
pub mod screen;
pub mod settings;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod views;
pub mod zone;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::StreamExt;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::logging::LogBuffer;
use crate::service::Vitals;
use crate::source::Sources;
use crate::store::StoreError;
use effect::Effect;
use event::{Event, Moment};
use options::{ConsoleOptions, Look, Multiplexer};
use perform::{Connect, Performer};
use pointing::{Gesture, Targets};
use state::State;
use terminal::Takeover;

/// Why the console could not be, or had to end.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// There is no terminal.
    #[error(
        "the console needs a terminal: without one run 'afterimage --daemon', or a command such as \
         'afterimage incident list' (see 'afterimage --help')"
    )]
    NoTerminal,
    /// The terminal fails.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The database can never be used as it is.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// A task has panicked; what it said stands above.
    #[error("the console has failed: this is a fault of the program")]
    Panicked,
}

impl ConsoleError {
    /// The exit status that says it to scripts.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::NoTerminal | Self::Database(StoreError::Url(_)) => 2,
            Self::Terminal(_) | Self::Panicked => 1,
            Self::Database(StoreError::Busy | StoreError::Schema(_)) => 4,
            Self::Database(_) => 5,
        }
    }
}

/// What the console is given besides its options.
pub struct Surroundings {
    /// Opens the database; tried until it succeeds.
    pub connect: Connect,
    /// The clock of the product; frozen by `--now`.
    pub clock: Arc<dyn Clock>,
    /// The host's clock, which always moves.
    pub host_clock: Arc<dyn Clock>,
    /// What incidents are measured by whose counts come from elsewhere.
    pub sources: Sources,
    /// The log.
    pub log: Arc<LogBuffer>,
    /// How everything looks.
    pub look: Look,
    /// Whether the terminal is one of tmux.
    pub multiplexer: Multiplexer,
    /// Where it is kept how the console is looked at; nowhere in a demo.
    pub view_file: Option<PathBuf>,
    /// Where its processor shows how it does.
    pub vitals: Vitals,
}

/// So many events are taken in before a frame is drawn, so that a flood cannot keep the screen from being drawn.
const BURST: usize = 512;
/// While something spins.
const SPIN: Duration = Duration::from_millis(200);
const CHANNEL: usize = 256;

/// Runs the console until the operator leaves or the process is told to end.
///
/// # Errors
/// Where there is no terminal or it fails, and where the database can never be used as it is.
pub async fn run(options: ConsoleOptions, surroundings: Surroundings) -> Result<(), ConsoleError> {
    if !terminal::is_there() {
        return Err(ConsoleError::NoTerminal);
    }
    let (events, inbox) = mpsc::channel(CHANNEL);
    let Surroundings { connect, clock, host_clock, sources, log, look, multiplexer, view_file, vitals } = surroundings;
    let kept = perform::kept(view_file.as_deref(), &options.database);
    let performer = Performer::new(options.clone(), (connect, sources), (multiplexer, view_file, vitals), events);
    let takeover = Takeover::begin()?;
    let (width, height) = crossterm::terminal::size()?;
    let state = State::new(options, kept, width, height);
    let mut console =
        Console { state, takeover, performer, clock, host_clock, log, logged: 0, look, targets: Targets::default() };
    let outcome = console.go(inbox).await;
    let Console { takeover, performer, .. } = console;
    drop(takeover);
    let closed = performer.shutdown().await;
    if terminal::has_panicked() {
        return Err(ConsoleError::Panicked);
    }
    closed?;
    match outcome {
        // Whoever closes the window ends the console: whether the signal says it first or the screen is chance.
        Err(error) if terminal::is_gone(&error) => Ok(()),
        outcome => Ok(outcome?),
    }
}

struct Console {
    state: State,
    takeover: Takeover,
    performer: Performer,
    clock: Arc<dyn Clock>,
    host_clock: Arc<dyn Clock>,
    log: Arc<LogBuffer>,
    logged: u64,
    look: Look,
    /// What stands where on the frame that was drawn last.
    targets: Targets,
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    End,
}

/// The signals that end or continue the console.
struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    go_on: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            go_on: signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?,
        })
    }
}

impl Console {
    /// The first frame comes before anything is asked of anyone.
    async fn go(&mut self, mut inbox: mpsc::Receiver<Event>) -> io::Result<()> {
        self.draw()?;
        let mut signals = Signals::listen()?;
        let (typed, mut keys) = mpsc::channel(CHANNEL);
        let reader = AbortOnDropHandle::new(tokio::spawn(read_terminal(typed)));
        #[cfg(debug_assertions)]
        let _provoked = AbortOnDropHandle::new(tokio::spawn(provoked::wait()));
        let moment = self.moment();
        for effect in update::start(&mut self.state, moment) {
            self.obey(effect)?;
        }
        loop {
            let wait = self.until_next();
            let next = tokio::select! {
                biased;
                _ = signals.terminate.recv() => Next::End,
                _ = signals.hangup.recv() => Next::End,
                _ = signals.interrupt.recv() => Next::End,
                _ = signals.quit.recv() => Next::End,
                _ = signals.go_on.recv() => {
                    self.takeover.retake()?;
                    self.resumed()?
                }
                event = keys.recv() => match event {
                    Some(event) => self.take_terminal(event?)?,
                    None => Next::End,
                },
                event = inbox.recv() => match event {
                    Some(event) => self.take(event)?,
                    None => Next::End,
                },
                () = tokio::time::sleep(wait) => self.tick()?,
            };
            if next == Next::End || self.drain(&mut keys, &mut inbox)? == Next::End || terminal::has_panicked() {
                drop(reader);
                return Ok(());
            }
            self.draw()?;
        }
    }

    /// Takes in what has come meanwhile, so that one frame shows it all.
    fn drain(&mut self, keys: &mut Typed, inbox: &mut mpsc::Receiver<Event>) -> io::Result<Next> {
        for _ in 0..BURST {
            let next = if let Ok(event) = keys.try_recv() {
                self.take_terminal(event?)?
            } else if let Ok(event) = inbox.try_recv() {
                self.take(event)?
            } else {
                return Ok(Next::Go);
            };
            if next == Next::End {
                return Ok(Next::End);
            }
        }
        Ok(Next::Go)
    }

    fn moment(&self) -> Moment {
        let offset = if self.clock.overrides_database() { 0 } else { self.state.clock_offset };
        let now = Timestamp::from_micros(self.clock.now().as_micros().saturating_add(offset));
        Moment { now, real: self.host_clock.now() }
    }

    /// Until the clock in the header and the countdowns change: the next full second.
    fn until_next(&self) -> Duration {
        if !self.state.writes.is_empty() {
            return SPIN;
        }
        let moment = self.moment();
        let instant = if self.clock.overrides_database() { moment.real } else { moment.now };
        let into = instant.as_micros().rem_euclid(1_000_000).unsigned_abs();
        Duration::from_micros(1_000_000 - into)
    }

    fn tick(&mut self) -> io::Result<Next> {
        let written = self.log.written();
        if written != self.logged {
            self.logged = written;
            self.take(Event::Log { lines: self.log.lines(), written })?;
        }
        self.take(Event::Tick)
    }

    fn take_terminal(&mut self, event: TerminalEvent) -> io::Result<Next> {
        let event = match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Event::Key(key),
            TerminalEvent::Paste(text) => Event::Paste(text),
            TerminalEvent::Mouse(mouse) => match gesture(mouse.kind) {
                Some(gesture) => Event::Pointed(gesture, self.targets.at(mouse.column, mouse.row)),
                None => return Ok(Next::Go),
            },
            TerminalEvent::Resize(width, height) => Event::Resize { width, height },
            _ => return Ok(Next::Go),
        };
        self.take(event)
    }

    fn take(&mut self, event: Event) -> io::Result<Next> {
        let moment = self.moment();
        for effect in update::update(&mut self.state, event, moment) {
            if self.obey(effect)? == Next::End {
                return Ok(Next::End);
            }
        }
        Ok(Next::Go)
    }

    fn obey(&mut self, effect: Effect) -> io::Result<Next> {
        match effect {
            Effect::Quit => return Ok(Next::End),
            Effect::Copy(text) => {
                self.takeover.copy(&text)?;
                self.performer.perform(Effect::Copy(text));
            }
            Effect::Mouse(reported) => self.takeover.set_mouse(reported)?,
            Effect::Repaint => self.takeover.repaint()?,
            Effect::Suspend => {
                self.takeover.suspend()?;
                return self.resumed();
            }
            effect => self.performer.perform(effect),
        }
        Ok(Next::Go)
    }

    /// The terminal may have another size than when the process was stopped.
    fn resumed(&mut self) -> io::Result<Next> {
        let (width, height) = crossterm::terminal::size()?;
        self.state.size = (width, height);
        self.take(Event::Resumed)
    }

    fn draw(&mut self) -> io::Result<()> {
        #[cfg(debug_assertions)]
        provoked::strike();
        let moment = self.moment();
        let Self { state, look, takeover, targets, .. } = self;
        takeover.draw(|frame| *targets = view::view(state, look, moment, frame))
    }
}

/// Which buttons there are differs; what the mouse is for here does not.
fn gesture(kind: MouseEventKind) -> Option<Gesture> {
    match kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Gesture::Press),
        MouseEventKind::Drag(MouseButton::Left) => Some(Gesture::Drag),
        MouseEventKind::ScrollDown => Some(Gesture::ScrollDown),
        MouseEventKind::ScrollUp => Some(Gesture::ScrollUp),
        _ => None,
    }
}

type Typed = mpsc::Receiver<io::Result<TerminalEvent>>;

/// Passes on what the terminal says.
///
/// On a task of its own, since the stream remembers only who asked first: had the loop looked into it in passing, nobody
/// would wake it for the next key.
async fn read_terminal(typed: mpsc::Sender<io::Result<TerminalEvent>>) {
    let mut stream = EventStream::new();
    while let Some(event) = stream.next().await {
        // What means nothing here wakes nobody, and nothing is drawn for it.
        if matches!(&event, Ok(TerminalEvent::Mouse(mouse)) if gesture(mouse.kind).is_none()) {
            continue;
        }
        if typed.send(event).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;

//! Everything the console knows, as plain values. Names no widget and no colour; decides nothing by itself.

pub mod chart;
pub mod connection;
pub mod dialog;
pub mod excerpt;
pub mod extent;
pub mod lanes;
pub mod list;
pub mod log;
pub mod overlay;
pub mod processor;
pub mod rows;
pub mod toasts;
pub mod undo;

use std::collections::BTreeMap;
use std::time::Duration;

use tui_input::Input;

use crate::console::effect::Write;
use crate::console::event::{Detail, Overview};
use crate::console::kept::Kept;
use crate::console::keymap::Action;
use crate::console::listing::{Columns, Filter, Listed};
use crate::console::options::{Access, ClockKind, ConsoleOptions, ProcessorChoice};
use crate::console::pointing::{MouseMode, Target};
use crate::console::screen::{Focus, Screen, Zoom};
use crate::console::zone::Zone;
use crate::domain::filter::FilterError;
use crate::domain::{AlertRule, Incident, IncidentId, SeriesKind, Timestamp};

use connection::Connection;
use dialog::{Dialog, Form};
use extent::Extent;
use lanes::Lanes;
use list::List;
use log::LogPane;
use overlay::Overlay;
use processor::{ProcessorPane, ProcessorState, Prospect};
use rows::Rows;
use toasts::Toasts;
use undo::Undo;

/// Clocks that differ by less are as good as equal.
const WORTH_SAYING: Duration = Duration::from_secs(2);

pub use crate::console::views::ViewKind;

/// The filter while it is being typed.
#[derive(Debug, Clone)]
pub struct FilterLine {
    /// What is typed.
    pub input: Input,
    /// Why it is no filter.
    pub error: Option<FilterError>,
    /// What its last word was completed to, and what else it might have been.
    pub offered: Option<Offered>,
}

/// What the last word of a filter may become, going round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// All of it.
    pub words: Vec<String>,
    /// What stands in the line now.
    pub taken: usize,
}

/// The pane with everything about one incident.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DetailPane {
    /// Whose it is to be.
    pub wanted: Option<IncidentId>,
    /// What was read last; another incident's until the answer comes.
    pub data: Option<Detail>,
    /// Why it could not be read.
    pub error: Option<String>,
    /// The series that the operator chose instead of the one shown first.
    pub series: Option<SeriesKind>,
    /// How much of the series the chart shows.
    pub extent: Extent,
    /// The bucket under the cursor.
    pub cursor: Option<Timestamp>,
    /// How many lines the timeline is scrolled down.
    pub scroll: usize,
    /// When its source was heard last, on the host's clock, where it is measured elsewhere.
    pub heard_at: Option<Timestamp>,
}

/// When everything is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// Not before then.
    pub next_at: Timestamp,
    /// When the list that is on its way was asked for.
    pub asked_at: Timestamp,
}

/// Everything the console knows.
#[derive(Debug, Clone)]
pub struct State {
    /// What it was started with.
    pub options: ConsoleOptions,
    /// The database, as it is shown.
    pub database: String,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What is shown.
    pub view: ViewKind,
    /// Which pane has the keys.
    pub focus: Focus,
    /// Whether the detail has the room of the list too.
    pub zoom: Zoom,
    /// Whether the database answers.
    pub connection: Connection,
    /// How far the database's clock is ahead of the host's, in microseconds.
    pub clock_offset: i64,
    /// View 1.
    pub incidents: List,
    /// View 2.
    pub pending: List,
    /// View 3.
    pub snapshots: List,
    /// The filter of the view while it is being typed.
    pub filter_line: Option<FilterLine>,
    /// The columns of view 1.
    pub columns: Columns,
    /// Incidents at hand.
    pub rows: Rows,
    /// Everything about the selected one.
    pub detail: DetailPane,
    /// What stands behind its chart.
    pub overlay: Option<Overlay>,
    /// How things stand; `None` until it was read.
    pub overview: Option<Overview>,
    /// The processor.
    pub processor: ProcessorPane,
    /// The alert rules, once a form has asked for them.
    pub rules: Option<Vec<AlertRule>>,
    /// The projects that events have, sorted; read with the rules.
    pub projects: Option<Vec<String>>,
    /// What stands before everything else.
    pub dialog: Option<Dialog>,
    /// What is and was said.
    pub toasts: Toasts,
    /// Writes on their way, by the number of their request.
    pub writes: BTreeMap<u64, Write>,
    /// What was filled in for them, in case they are refused.
    pub drafts: BTreeMap<u64, Box<Form>>,
    /// The number of the last request.
    pub last_request: u64,
    /// What `z` takes back.
    pub undo: Option<Undo>,
    /// Since when nothing is read again by itself, on the host's clock.
    pub frozen_since: Option<Timestamp>,
    /// In which zone instants are written.
    pub zone: Zone,
    /// Whose the mouse is.
    pub mouse: MouseMode,
    /// What was pressed with it last, and when: the same again soon after opens it.
    pub pressed: Option<(Target, Timestamp)>,
    /// The incident that was opened here last, until it is listed: the cursor goes there unless a key is pressed before.
    pub follow: Option<IncidentId>,
    /// What was kept of all this last.
    pub kept: Kept,
    /// Which questions are on their way.
    pub lanes: Lanes,
    /// When everything is read again.
    pub refresh: Refresh,
    /// The log.
    pub log: LogPane,
}

impl State {
    /// Before anything is known, as it was left.
    #[must_use]
    pub fn new(options: ConsoleOptions, kept: Kept, width: u16, height: u16) -> Self {
        let processor = match (options.access, options.processor) {
            (Access::ReadOnly, _) => ProcessorState::Off("read-only"),
            (_, ProcessorChoice::Off(reason)) => ProcessorState::Off(reason),
            (_, ProcessorChoice::Every(_)) => ProcessorState::Starting,
        };
        Self {
            database: options.database.clone(),
            options,
            size: (width, height),
            view: ViewKind::Incidents,
            focus: Focus::List,
            zoom: Zoom::Shared,
            connection: Connection::Opening,
            clock_offset: 0,
            incidents: List::new(Listed::Incidents).with(kept.filter.clone(), kept.sorts[0]),
            pending: List::new(Listed::Pending).with(Filter::default(), kept.sorts[1]),
            snapshots: List::new(Listed::Snapshots).with(Filter::default(), kept.sorts[2]),
            filter_line: None,
            columns: kept.columns.clone(),
            rows: Rows::default(),
            detail: DetailPane::default(),
            overlay: None,
            overview: None,
            processor: ProcessorPane { state: processor, last: None, scroll: 0 },
            rules: None,
            projects: None,
            dialog: None,
            toasts: Toasts::default(),
            writes: BTreeMap::new(),
            drafts: BTreeMap::new(),
            last_request: 0,
            undo: None,
            frozen_since: None,
            zone: kept.zone,
            mouse: kept.mouse,
            pressed: None,
            follow: None,
            kept,
            lanes: Lanes::default(),
            refresh: Refresh { next_at: Timestamp::MIN, asked_at: Timestamp::MIN },
            log: LogPane::default(),
        }
    }

    /// What of all this is kept for the next start.
    #[must_use]
    pub fn to_keep(&self) -> Kept {
        Kept {
            filter: self.incidents.filter.clone(),
            sorts: Listed::ALL.map(|listed| self.list_of(listed).sort),
            columns: self.columns.clone(),
            zone: self.zone,
            mouse: self.mouse,
        }
    }

    /// Where everything goes.
    #[must_use]
    pub fn screen(&self) -> Screen {
        Screen::of(self.size.0, self.size.1, self.focus, self.zoom)
    }

    /// How a sentence names the way to an action: by the key that it has here.
    #[must_use]
    pub fn key(&self, action: Action) -> String {
        self.options.keymap.way_to(action)
    }

    /// The list of the view, if it has one.
    #[must_use]
    pub fn list(&self) -> Option<&List> {
        self.view.listed().map(|listed| self.list_of(listed))
    }

    /// As [`State::list`].
    pub fn list_mut(&mut self) -> Option<&mut List> {
        self.view.listed().map(|listed| self.list_of_mut(listed))
    }

    /// The list of these.
    #[must_use]
    pub fn list_of(&self, listed: Listed) -> &List {
        match listed {
            Listed::Incidents => &self.incidents,
            Listed::Pending => &self.pending,
            Listed::Snapshots => &self.snapshots,
        }
    }

    /// As [`State::list_of`].
    pub fn list_of_mut(&mut self, listed: Listed) -> &mut List {
        match listed {
            Listed::Incidents => &mut self.incidents,
            Listed::Pending => &mut self.pending,
            Listed::Snapshots => &mut self.snapshots,
        }
    }

    /// The incident under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<IncidentId> {
        self.list().and_then(List::selected)
    }

    /// The incident under the cursor, if it is at hand.
    #[must_use]
    pub fn selected_incident(&self) -> Option<&Incident> {
        self.selected().and_then(|id| self.rows.incident(id))
    }

    /// What a verb acts on: the marked, or where nothing is marked the selected.
    #[must_use]
    pub fn targets(&self) -> Vec<IncidentId> {
        match self.list() {
            Some(list) if !list.marks().is_empty() => list.marks().iter().copied().collect(),
            Some(list) => list.selected().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// What is being done to an incident right now, if anything is.
    #[must_use]
    pub fn busy(&self, id: IncidentId) -> Option<&'static str> {
        self.writes.values().find(|write| write.targets().contains(&id)).map(Write::progress)
    }

    /// The detail of the selected incident; `None` while it is another's or unread.
    #[must_use]
    pub fn shown_detail(&self) -> Option<&Detail> {
        self.detail.data.as_ref().filter(|data| Some(data.incident.id) == self.selected())
    }

    /// How far the host's clock is from the database's, and to which side, where that is worth saying: all times on the
    /// screen are the database's.
    #[must_use]
    pub fn skew(&self) -> Option<(Duration, &'static str)> {
        let which = if self.clock_offset > 0 { "behind" } else { "ahead" };
        let skew = Duration::from_micros(self.clock_offset.unsigned_abs());
        let said = self.options.clock == ClockKind::Moving && skew >= WORTH_SAYING;
        said.then_some((skew, which))
    }

    /// What of the processor bears on every row.
    #[must_use]
    pub fn prospect(&self, now: Timestamp) -> Prospect {
        let nothing = Overview::default();
        let overview = self.overview.as_ref().unwrap_or(&nothing);
        let next_run_at = self.processor.next_run_at(overview, now);
        Prospect { next_run_at, running: self.processor.is_running(), interval: self.options.interval() }
    }
}

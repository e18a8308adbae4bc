//! What stands before everything else until it is answered: forms, confirmations, menus, help. Knows neither how they
//! are drawn nor what their keys are.

use tui_input::Input;

use crate::console::effect::Write;
use crate::console::event::Found;
use crate::domain::text::printable;
use crate::domain::{Incident, IncidentId, Seen};

/// What stands before everything else.
#[derive(Debug, Clone)]
pub enum Dialog {
    /// Something to be filled in or confirmed.
    Form(Box<Form>),
    /// The orders of the list, and the highlighted one.
    Sort(usize),
    /// The columns of the list, and the highlighted one.
    Columns(usize),
    /// Every action, to be found by its name.
    Palette(Palette),
    /// Every action with its keys, scrolled down by so many lines.
    Help(usize),
    /// What the console has said, scrolled down by so many lines.
    Messages(usize),
}

/// The palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What is looked for.
    pub input: Input,
    /// The highlighted row of what was found.
    pub highlighted: usize,
}

/// Something to be filled in or confirmed. Its targets were fixed when the key was pressed.
#[derive(Debug, Clone)]
pub struct Form {
    /// What is asked.
    pub purpose: Purpose,
    /// The question.
    pub title: String,
    /// What it touches, as it was when the key was pressed.
    pub targets: Vec<Target>,
    /// What one has to know before agreeing.
    pub notes: Vec<Note>,
    /// What is to be filled in.
    pub fields: Vec<Field>,
    /// Where the keys go.
    pub focus: Place,
    /// The word on the button that does it.
    pub accept: &'static str,
}

/// A sentence in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Good to know.
    Plain,
    /// To be thought about.
    Warning,
}

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Close the targets.
    Close,
    /// Say something about the target.
    Comment,
    /// Correct the target.
    Edit,
    /// Open a new incident.
    Open,
    /// Export the snapshot of the target to a file.
    Export(Inspection),
    /// Nothing to fill in but, for several, their count: do this.
    Confirm(Write),
}

/// What is known of the file that is to be saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The name that was asked about last.
    pub asked: String,
    /// What stands there; `None` until the answer comes.
    pub found: Option<Found>,
}

/// An incident that a form touches, as the operator saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it was when the key was pressed, or when the form last said what it is now.
    pub seen: Seen,
    /// What it was called, as it can be shown.
    pub title: String,
}

impl Target {
    /// An incident as it is at hand.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        Self { seen: Seen::of(incident), title: printable(&incident.title) }
    }
}

/// Where in a form the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To the field at this position.
    Field(usize),
    /// To the button that does nothing.
    Cancel,
    /// To the button that does it.
    Accept,
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub enum FieldKind {
    Title,
    Rule,
    Projects,
    Query,
    Started,
    ClosedAt,
    Comment,
    Format,
    File,
    /// The number of targets, to be typed before several are touched at once.
    Count,
}

/// Something to be filled in.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is about.
    pub kind: FieldKind,
    /// What was typed.
    pub input: Input,
    /// What is wrong with it; shown once the operator has been there.
    pub error: Option<String>,
    /// What it comes to, or what stands there where nothing is typed.
    pub hint: String,
    /// Whether the operator has typed in it or left it.
    pub visited: bool,
}

impl Field {
    /// An empty field.
    #[must_use]
    pub fn new(kind: FieldKind) -> Self {
        Self::with(kind, "")
    }

    /// A field with something in it.
    #[must_use]
    pub fn with(kind: FieldKind, text: &str) -> Self {
        Self { kind, input: Input::new(text.to_owned()), error: None, hint: String::new(), visited: false }
    }

    fn has_text(&self) -> bool {
        self.kind != FieldKind::Count && !self.input.value().trim().is_empty()
    }

    /// What stands before it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.kind {
            FieldKind::Title => "title",
            FieldKind::Rule => "rule",
            FieldKind::Projects => "projects",
            FieldKind::Query => "query",
            FieldKind::Started => "started",
            FieldKind::ClosedAt => "closed at",
            FieldKind::Comment => "comment",
            FieldKind::Format => "format",
            FieldKind::File => "file",
            FieldKind::Count => "count",
        }
    }
}

impl Form {
    /// What was typed for something, cut at both ends; `None` where that is nothing.
    #[must_use]
    pub fn value(&self, kind: FieldKind) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.kind == kind)?;
        Some(field.input.value().trim()).filter(|text| !text.is_empty())
    }

    /// Whether there is something in it that would be a pity to lose.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.fields.iter().any(Field::has_text)
    }

    /// Whether the operator has put something in: what stood there from the start can be had again by the same key.
    #[must_use]
    pub fn was_filled_in(&self) -> bool {
        self.fields.iter().any(|field| field.visited && field.has_text())
    }

    /// Says why it was not done, instead of what was said so before.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.notes.retain(|note| note.weight != Weight::Warning);
        self.notes.push(Note { text: text.into(), weight: Weight::Warning });
    }

    /// The numbers of the targets.
    #[must_use]
    pub fn ids(&self) -> Vec<IncidentId> {
        self.targets.iter().map(|target| target.seen.id).collect()
    }

    /// The incidents have become others than the operator saw, and the operator has been told. What was not touched of
    /// their old texts becomes their new ones, so that agreeing now does not bring the old ones back.
    pub fn see_anew(&mut self, incident: &Incident) {
        let Some(target) = self.targets.iter_mut().find(|target| target.seen.id == incident.id) else { return };
        let texts = |target: &Target| {
            [(FieldKind::Title, target.title.clone()), (FieldKind::Started, target.seen.date_started.to_string())]
        };
        let old = std::mem::replace(target, Target::of(incident));
        for ((kind, before), (_, now)) in texts(&old).into_iter().zip(texts(target)) {
            let untouched = |field: &&mut Field| field.kind == kind && field.input.value() == before;
            if let Some(field) = self.fields.iter_mut().find(untouched) {
                field.input = Input::new(now);
            }
        }
    }

    /// Moves the keys to the next place, round and round.
    pub fn next_place(&mut self) {
        self.leave();
        self.focus = match self.focus {
            Place::Field(at) if at + 1 < self.fields.len() => Place::Field(at + 1),
            Place::Field(_) => Place::Cancel,
            Place::Cancel => Place::Accept,
            Place::Accept if self.fields.is_empty() => Place::Cancel,
            Place::Accept => Place::Field(0),
        };
    }

    /// Moves the keys to the place before.
    pub fn previous_place(&mut self) {
        self.leave();
        self.focus = match self.focus {
            Place::Field(0) => Place::Accept,
            Place::Field(at) => Place::Field(at - 1),
            Place::Accept => Place::Cancel,
            Place::Cancel if self.fields.is_empty() => Place::Accept,
            Place::Cancel => Place::Field(self.fields.len() - 1),
        };
    }

    /// Moves the keys to a place.
    pub fn go_to(&mut self, place: Place) {
        self.leave();
        self.focus = place;
    }

    /// The field that has the keys.
    pub fn focused_field(&mut self) -> Option<&mut Field> {
        match self.focus {
            Place::Field(at) => self.fields.get_mut(at),
            Place::Cancel | Place::Accept => None,
        }
    }

    fn leave(&mut self) {
        if let Some(field) = self.focused_field() {
            field.visited = true;
        }
    }
}

//! The terminal: taken over, given back on every way out, and drawn on in whole frames. Knows nothing of what is drawn.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::console::effect::CLIPBOARD_LIMIT;

/// Whether the terminal is the console's right now. The restoring may be asked for by a panic in any thread, by the end
/// of the loop, and by ctrl-z; it happens once for each time the terminal was taken.
static TAKEN: AtomicBool = AtomicBool::new(false);
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while it is the console's. Gives it back when it is dropped.
pub struct Takeover {
    /// Never dropped: it would show the cursor once more, and panic where nobody is left to be told that it cannot.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
}

/// Whether there is a terminal to take over at both ends.
#[must_use]
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether a task has panicked: the terminal was given back then, and the console should end.
#[must_use]
pub fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// Has presses, the wheel, and movements with a button held down reported, with places beyond column 223. Unlike crossterm's
/// own it asks for no other movement: over a slow line that would be most of what is sent.
const REPORT_BUTTONS: &str = "\u{1b}[?1000h\u{1b}[?1002h\u{1b}[?1006h";

/// What a terminal answers that is no longer there; the same number on every Unix.
const EIO: i32 = 5;

/// Whether an error says that the terminal is no longer there.
#[must_use]
pub fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EIO)
}

impl Takeover {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub fn begin() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICKED.store(true, Ordering::SeqCst);
                restore();
                before(panic);
            }));
        });
        enter()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), mouse: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame that the terminal shows at once or not at all.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        // No other thread may give the terminal back between two parts of a frame: the rest, which hides the cursor, would
        // be written on what is the shell's again.
        let _whole = io::stdout().lock();
        if !TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Draws everything anew with the next frame.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn repaint(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal for its cursor and read the answer away from under the stream of keys.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Has the mouse reported, or leaves it to the terminal.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn set_mouse(&mut self, reported: bool) -> io::Result<()> {
        self.mouse = reported;
        let backend = self.terminal.backend_mut();
        if reported { execute!(backend, Print(REPORT_BUTTONS)) } else { execute!(backend, DisableMouseCapture) }
    }

    /// Puts a text into the clipboard of the terminal (OSC 52), however many hosts lie between.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut end = text.len().min(CLIPBOARD_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let backend = self.terminal.backend_mut();
        execute!(backend, CopyToClipboard::to_clipboard_from(&text[..end]))
    }

    /// Gives the terminal back, stops this process as the shell's ctrl-z would, and takes the terminal again.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        // Where nobody could continue us (no shell, an orphaned group) the system ignores this signal, unlike SIGSTOP.
        signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)?;
        self.retake()
    }

    /// Takes the terminal again after the process was stopped by somebody else.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub fn retake(&mut self) -> io::Result<()> {
        enter()?;
        if self.mouse {
            self.set_mouse(true)?;
        }
        self.repaint()
    }
}

impl Drop for Takeover {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Gives the terminal back, after the frame that another thread is drawing: the lock of the output is one that the thread
/// which has it may take again. What fails here fails because the terminal is gone.
fn restore() {
    let mut out = io::stdout().lock();
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            out,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}

//! Where everything goes on a screen of a given size. Geometry alone: what `update` must know to scroll, and `view` to
//! draw, said once so that the two can never disagree.
//!
//! ```text
//! header                                 one row
//! +- tabs ------------------------+
//! | column headings | detail      |     120 columns and more: beside; 80 to 119: stacked; below: one at a time
//! | rows            |             |
//! +-------------------------------+
//! footer                                 one row
//! ```

use ratatui::layout::Rect;

/// The smallest screen on which anything but a plain line is drawn.
pub const SMALLEST: (u16, u16) = (40, 12);

/// Below so many rows the detail shows its chart or its timeline, not both.
const COMPACT: u16 = 17;

/// How the list and the detail share the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// Nothing can be shown but that it is too small.
    TooSmall,
    /// One of them at a time.
    Single,
    /// The detail below the list.
    Stacked,
    /// The detail to the right of the list.
    Beside,
}

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The list.
    List,
    /// The detail of the selected incident.
    Detail,
}

/// Whether the detail has the room of the list too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// Each has its own.
    Shared,
    /// The detail has it all.
    Detail,
}

/// The places of a screen. A place that is not shown is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// How list and detail share it.
    pub arrangement: Arrangement,
    /// The line at the top.
    pub header: Rect,
    /// The frame around everything between header and footer.
    pub frame: Rect,
    /// What is within the frame.
    pub inner: Rect,
    /// The list with its headings.
    pub list: Rect,
    /// The line between list and detail.
    pub divider: Rect,
    /// The detail.
    pub detail: Rect,
    /// The line at the bottom.
    pub footer: Rect,
}

impl Screen {
    /// The places of a screen of this size.
    #[must_use]
    pub fn of(width: u16, height: u16, focus: Focus, zoom: Zoom) -> Self {
        let arrangement = match (width, height) {
            _ if width < SMALLEST.0 || height < SMALLEST.1 => Arrangement::TooSmall,
            (120.., _) => Arrangement::Beside,
            (80.., 20..) => Arrangement::Stacked,
            _ => Arrangement::Single,
        };
        let body = height.saturating_sub(2);
        let frame = Rect::new(0, 1.min(height), width, body);
        let inner = Rect::new(1.min(width), frame.y + 1, width.saturating_sub(2), body.saturating_sub(2));
        let empty = Rect::new(inner.x, inner.y, 0, 0);
        let mut screen = Self {
            arrangement,
            header: Rect::new(0, 0, width, 1.min(height)),
            frame,
            inner,
            list: inner,
            divider: empty,
            detail: empty,
            footer: Rect::new(0, height.saturating_sub(1), width, u16::from(height > 1)),
        };
        if arrangement != Arrangement::TooSmall {
            screen.share(focus, zoom);
        }
        screen
    }

    fn share(&mut self, focus: Focus, zoom: Zoom) {
        let inner = self.inner;
        match (self.arrangement, focus, zoom) {
            (Arrangement::Single, Focus::Detail, _)
            | (Arrangement::Stacked | Arrangement::Beside, Focus::Detail, Zoom::Detail) => {
                self.detail = inner;
                self.list = Rect::new(inner.x, inner.y, 0, 0);
            }
            (Arrangement::Single, Focus::List, _) | (Arrangement::TooSmall, ..) => {}
            (Arrangement::Stacked, ..) => {
                let list = (inner.height * 2 / 5).max(6);
                self.list.height = list;
                self.divider = Rect::new(inner.x, inner.y + list, inner.width, 1);
                self.detail = Rect::new(inner.x, inner.y + list + 1, inner.width, inner.height - list - 1);
            }
            (Arrangement::Beside, ..) => {
                let list = inner.width * 61 / 100;
                self.list.width = list;
                self.divider = Rect::new(inner.x + list, inner.y, 1, inner.height);
                self.detail = Rect::new(inner.x + list + 1, inner.y, inner.width - list - 1, inner.height);
            }
        }
    }

    /// Whether the detail has no room for the timeline below the chart: it is gone through in parts then.
    #[must_use]
    pub fn is_detail_compact(&self) -> bool {
        self.detail.height < COMPACT
    }

    /// How many rows of the list are seen.
    #[must_use]
    pub fn list_rows(&self) -> usize {
        usize::from(self.list.height.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_leaves_the_screen_at_any_size() {
        for width in 0..200 {
            for height in 0..60 {
                for focus in [Focus::List, Focus::Detail] {
                    for zoom in [Zoom::Shared, Zoom::Detail] {
                        let screen = Screen::of(width, height, focus, zoom);
                        if screen.arrangement == Arrangement::TooSmall {
                            continue;
                        }
                        let whole = Rect::new(0, 0, width, height);
                        for place in [screen.header, screen.inner, screen.list, screen.divider, screen.detail] {
                            assert_eq!(place.intersection(whole).area(), place.area(), "{width}x{height} {place:?}");
                        }
                        assert!(screen.list.area() > 0 || screen.detail.area() > 0);
                    }
                }
            }
        }
    }

    #[test]
    fn the_width_decides_how_list_and_detail_share_the_screen() {
        let arrangement = |width, height| Screen::of(width, height, Focus::List, Zoom::Shared).arrangement;
        assert_eq!(arrangement(160, 45), Arrangement::Beside);
        assert_eq!(arrangement(119, 40), Arrangement::Stacked);
        assert_eq!(arrangement(80, 24), Arrangement::Stacked);
        assert_eq!(arrangement(79, 24), Arrangement::Single);
        assert_eq!(arrangement(40, 12), Arrangement::Single);
        assert_eq!(arrangement(39, 12), Arrangement::TooSmall);
    }
}

//! Aligned columns of text.

use std::io::{self, Write};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::text;

const GAP: usize = 2;
/// A column that gives way is never narrower than this.
const NARROWEST: usize = 12;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

struct Column {
    name: &'static str,
    side: Side,
    gives_way: bool,
}

/// Rows of cells under names. Every cell is made printable.
#[derive(Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a column of texts.
    #[must_use]
    pub fn text(self, name: &'static str) -> Self {
        self.column(name, Side::Left, false)
    }

    /// Adds a column of texts that is cut off where the terminal is too narrow.
    #[must_use]
    pub fn flexible(self, name: &'static str) -> Self {
        self.column(name, Side::Left, true)
    }

    /// Adds a column of numbers.
    #[must_use]
    pub fn number(self, name: &'static str) -> Self {
        self.column(name, Side::Right, false)
    }

    fn column(mut self, name: &'static str, side: Side, gives_way: bool) -> Self {
        self.columns.push(Column { name, side, gives_way });
        self
    }

    /// Adds a row, a cell for each column.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| text::printable(&cell)).into());
    }

    /// Prints it, not wider than `columns` as far as the columns that give way allow.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write(&self, out: &mut dyn Write, columns: Option<usize>) -> io::Result<()> {
        let widths = self.widths(columns);
        let names: Vec<String> = self.columns.iter().map(|column| column.name.to_owned()).collect();
        for row in std::iter::once(&names).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let cell = fit(cell, *width);
                let padding = " ".repeat(width.saturating_sub(cell.width()));
                match column.side {
                    Side::Left => line.extend([cell.as_str(), &padding]),
                    Side::Right => line.extend([padding.as_str(), &cell]),
                }
                line.push_str(&" ".repeat(GAP));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn widths(&self, columns: Option<usize>) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().map(|row| row[index].width()).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(index, column)| widest(index).max(column.name.width())).collect();
        let Some(columns) = columns else { return widths };
        let mut excess = (widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)).saturating_sub(columns);
        while excess > 0 {
            // The widest of those that give way is cut first, so that they end equal.
            let giving = (0..widths.len()).filter(|index| self.columns[*index].gives_way && widths[*index] > NARROWEST);
            let Some(widest) = giving.max_by_key(|index| widths[*index]) else { break };
            widths[widest] -= 1;
            excess -= 1;
        }
        widths
    }
}

/// At most `width` columns of a printable text, with `…` where something was cut off.
fn fit(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut fitted = String::new();
    for grapheme in cell.graphemes(true) {
        if fitted.width() + grapheme.width() + 1 > width {
            break;
        }
        fitted.push_str(grapheme);
    }
    fitted + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &Table, columns: Option<usize>) -> String {
        let mut bytes = Vec::new();
        table.write(&mut bytes, columns).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_their_width_on_the_screen() {
        let mut table = Table::default().number("ID").text("TITLE").text("STATUS");
        table.row(["7".into(), "漢字".into(), "open".into()]);
        table.row(["12".into(), "ascii".into(), "closed".into()]);
        assert_eq!(written(&table, None), "ID  TITLE  STATUS\n 7  漢字   open\n12  ascii  closed\n");
    }

    #[test]
    fn a_title_gives_way_to_a_narrow_terminal_and_nothing_else_does() {
        let mut table = Table::default().number("ID").flexible("TITLE").text("STATUS");
        table.row(["7".into(), "Checkout errors above 5%".into(), "open".into()]);
        assert_eq!(written(&table, Some(30)), "ID  TITLE               STATUS\n 7  Checkout errors a…  open\n");
        assert!(written(&table, Some(5)).contains("Checkout er…"), "never narrower than it makes sense");
    }

    #[test]
    fn a_cell_can_do_nothing_to_the_terminal() {
        let mut table = Table::default().text("TITLE");
        table.row(["a\u{1b}[31mb\nc".into()]);
        assert_eq!(written(&table, None), "TITLE\na [31mb c\n");
    }
}

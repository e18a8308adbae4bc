//! What the console keeps of itself from one start to the next: order, columns, zone, mouse, and for each database its
//! filter. As a value and as the text of a file; knows nothing of where that is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::console::listing::{Column, Columns, Filter, Listed, Sort};
use crate::console::pointing::MouseMode;
use crate::console::zone::Zone;

/// Filters are kept for so many databases at most.
const DATABASES: usize = 100;

const HEADING: &str = "# How the console was left. It writes this file itself; without it, it begins anew.\n";

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What view 1 lets through, on this database.
    pub filter: Filter,
    /// The orders of the three lists, as in [`Listed::ALL`].
    pub sorts: [Sort; 3],
    /// The columns of view 1.
    pub columns: Columns,
    /// In which zone instants are written.
    pub zone: Zone,
    /// Whose the mouse is.
    pub mouse: MouseMode,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            sorts: Listed::ALL.map(Listed::order),
            columns: Columns::default(),
            zone: Zone::Utc,
            mouse: MouseMode::Terminal,
        }
    }
}

/// As it stands in the file. What is not there, or means nothing any more, is as at first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    /// `started descending` of the incidents, of the pending snapshots, of the snapshots.
    #[serde(default)]
    orders: Vec<String>,
    columns: Option<Vec<String>>,
    zone: Option<String>,
    mouse: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    filters: BTreeMap<String, String>,
}

impl Kept {
    /// What a file says for a database.
    ///
    /// # Errors
    /// Where it is no such file: what is wrong, for the log.
    pub fn read(text: &str, database: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut sorts = Listed::ALL.map(Listed::order);
        for (sort, kept) in sorts.iter_mut().zip(&file.orders) {
            *sort = order(kept).unwrap_or(*sort);
        }
        let columns =
            file.columns.map(|names| names.iter().filter_map(|name| name.parse().ok()).collect::<Vec<Column>>());
        Ok(Self {
            filter: file.filters.get(database).and_then(|text| Filter::parse(text).ok()).unwrap_or_default(),
            sorts,
            columns: columns.map(|wanted| Columns::of(&wanted)).unwrap_or_default(),
            zone: if file.zone.as_deref() == Some("local") { Zone::Local } else { Zone::Utc },
            mouse: if file.mouse.as_deref() == Some("console") { MouseMode::Console } else { MouseMode::Terminal },
        })
    }

    /// The text of the file, with what it said of other databases before.
    #[must_use]
    pub fn write(&self, before: &str, database: &str) -> String {
        let mut filters = toml::from_str::<File>(before).unwrap_or_default().filters;
        filters.remove(database);
        if filters.len() >= DATABASES {
            filters.clear();
        }
        if !self.filter.text().is_empty() {
            filters.insert(database.to_owned(), self.filter.text().to_owned());
        }
        let file = File {
            orders: self.sorts.map(|sort| format!("{} {}", sort.key, sort.direction)).into(),
            columns: Some(self.columns.wanted().iter().map(|column| column.name().to_owned()).collect()),
            zone: Some(if self.zone == Zone::Local { "local" } else { "utc" }.to_owned()),
            mouse: Some(if self.mouse == MouseMode::Console { "console" } else { "terminal" }.to_owned()),
            filters,
        };
        // Texts in a table can always be written.
        format!("{HEADING}{}", toml::to_string(&file).unwrap_or_default())
    }
}

fn order(kept: &str) -> Option<Sort> {
    let (key, direction) = kept.split_once(' ')?;
    Some(Sort { key: key.parse().ok()?, direction: direction.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::listing::SortKey;

    fn kept() -> Kept {
        Kept {
            filter: Filter::parse("status:open 'say \"hi\"").unwrap(),
            sorts: [Sort::by(SortKey::Title).reversed(), Sort::by(SortKey::Target), Listed::Snapshots.order()],
            columns: Columns::of(&[Column::Rule, Column::Title, Column::Snapshot]),
            zone: Zone::Local,
            mouse: MouseMode::Console,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = kept().write("", "sqlite:/a \"b\".db");
        assert_eq!(Kept::read(&written, "sqlite:/a \"b\".db").unwrap(), kept());
    }

    #[test]
    fn each_database_has_a_filter_of_its_own_and_the_rest_is_the_same_for_all() {
        let written = kept().write("", "sqlite:a.db");
        let other = Kept::read(&written, "sqlite:b.db").unwrap();
        assert_eq!(other, Kept { filter: Filter::default(), ..kept() });
        let written = other.write(&written, "sqlite:b.db");
        assert_eq!(Kept::read(&written, "sqlite:a.db").unwrap().filter, kept().filter);
        let cleared = other.write(&written, "sqlite:a.db");
        assert!(!cleared.contains("filters"), "{cleared}");
    }

    #[test]
    fn what_means_nothing_any_more_is_as_at_first_and_what_is_no_such_file_is_said() {
        let text = "orders = ['colour up', 'title descending']\ncolumns = ['rule', 'smell']\nzone = 'mars'\n[filters]\na = 'status:'\n";
        let columns = Columns::of(&[Column::Rule]);
        let sorts = [Sort::default(), Sort::by(SortKey::Title).reversed(), Listed::Snapshots.order()];
        assert_eq!(Kept::read(text, "a").unwrap(), Kept { sorts, columns, ..Kept::default() });
        assert!(Kept::read("orders = ", "a").is_err());
        assert!(kept().write("orders = ", "a").contains("\"title descending\""), "it is written anew");
    }

    #[test]
    fn filters_are_not_kept_for_ever_more_databases() {
        let mut written = String::new();
        for number in 0..250 {
            written = kept().write(&written, &format!("sqlite:{number}.db"));
        }
        assert!(written.lines().count() < DATABASES + 12);
    }
}

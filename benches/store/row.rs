//! A line of the table, which is also Markdown.

use std::time::Duration;

pub const HEADING: &str = "| work | engine | size | ours | limit | ours / limit | beside | peak memory |\n\
                           | --- | --- | --- | --- | --- | --- | --- | --- |";

/// Work that was measured beside its limit.
#[derive(Debug, Default)]
pub struct Row {
    pub work: String,
    pub engine: &'static str,
    pub size: String,
    pub ours: Duration,
    pub limit: Option<Duration>,
    /// Anything else that was measured in the same run.
    pub beside: String,
    /// The peak memory of our process in KiB; 0 where it was this one.
    pub peak: u64,
    /// How many things were done, where a rate says more than a time.
    pub things: u64,
}

impl Row {
    pub fn print(&self) {
        let limit = self.limit.map_or_else(|| "-".to_owned(), |limit| self.told(limit));
        let ratio = self.limit.map_or_else(
            || "-".to_owned(),
            |limit| {
                let ratio = self.ours.as_secs_f64() / limit.as_secs_f64();
                if self.things > 0 {
                    format!("{:.0} % of its speed", 100.0 / ratio)
                } else {
                    format!("{ratio:.2} x its time")
                }
            },
        );
        let peak = if self.peak > 0 { format!("{} MB", self.peak / 1_024) } else { "-".to_owned() };
        let Self { work, engine, size, beside, .. } = self;
        println!("| {work} | {engine} | {size} | {} | {limit} | {ratio} | {beside} | {peak} |", self.told(self.ours));
    }

    fn told(&self, duration: Duration) -> String {
        if self.things == 0 {
            return format!("{duration:.1?}");
        }
        #[expect(clippy::cast_precision_loss, reason = "it is shown with no fraction")]
        let rate = self.things as f64 / duration.as_secs_f64();
        format!("{duration:.2?}, {rate:.0}/s")
    }
}

/// The `share` of sorted durations below which the answer lies: 0.5 is the median.
pub fn quantile(durations: &mut [Duration], share: f64) -> Duration {
    durations.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((durations.len() as f64 * share) as usize).min(durations.len().saturating_sub(1));
    durations.get(index).copied().unwrap_or_default()
}

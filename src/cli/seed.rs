//! `seed`: made-up data for load tests.

use super::arguments::SeedArguments;
use super::{CliError, ExitStatus, Session};

pub(super) async fn run(_session: &mut Session<'_>, _arguments: &SeedArguments) -> Result<ExitStatus, CliError> {
    std::future::ready(Ok(1)).await
}

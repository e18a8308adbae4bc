//! What keeps a background loop going.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::ops::OpsError;

/// What panics has failed, and no more: the loop goes on.
pub(super) async fn supervised<T>(run: impl Future<Output = Result<T, OpsError>>) -> Result<T, OpsError> {
    AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        Err(OpsError::Defect(said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rule_17_a_run_that_panics_has_failed_and_no_more() {
        let panics = async { if true { panic!("on row {}", 7) } else { Ok(()) } };
        let error = supervised(panics).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_status()), ("a defect in this program: on row 7", 1));
    }
}

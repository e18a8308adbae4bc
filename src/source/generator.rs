//! STUB until the merge.
use crate::domain::Measure;
/// x
#[derive(Debug, Clone)]
pub struct Derived {
    /// x
    pub text: String,
    /// x
    pub measure: Measure,
    /// x
    pub largest_range: Option<std::time::Duration>,
}
/// x
pub fn derive(_url: &str) -> Option<Derived> {
    None
}
/// x
pub fn validate(_text: &str) -> Result<(), String> {
    Ok(())
}
impl super::Sources {
    /// x
    pub fn of_generator(&self, _url: &str) -> Option<&str> {
        None
    }
    /// x
    pub fn only(&self) -> Option<&str> {
        Some("main")
    }
}

impl super::Sources {
    /// x
    pub async fn is_firing(&self, _s: &str, _l: &crate::domain::alert::Labels) -> Result<bool, super::SourceError> {
        Ok(true)
    }
    /// x
    pub async fn last_firing(
        &self,
        _s: &str,
        _l: &crate::domain::alert::Labels,
        _since: crate::domain::Timestamp,
        _now: crate::domain::Timestamp,
    ) -> Result<Option<crate::domain::Timestamp>, super::SourceError> {
        Ok(None)
    }
}

impl super::Sources {
    /// x
    pub fn is_empty(&self) -> bool {
        true
    }
    /// x
    pub async fn freeze(
        &self,
        request: &super::RemoteRequest,
        _now: crate::domain::Timestamp,
    ) -> Result<crate::domain::Series, super::SourceError> {
        Err(super::SourceError::Unknown(request.expression.source.clone()))
    }
}

impl super::Sources {
    /// How each source did when it was last asked.
    pub fn health(&self) -> Vec<crate::domain::SourceHealth> {
        Vec::new()
    }
    /// As measure, but what was answered some seconds ago is said again.
    pub async fn preview(
        &self,
        request: &super::RemoteRequest,
        now: crate::domain::Timestamp,
    ) -> Result<super::Measurement, super::SourceError> {
        self.measure(request, now).await
    }
}

//! Makes the sources that the configuration names.

use afterimage::config::{AlertmanagerSettings, Configuration, PrometheusSettings};
use afterimage::source::{Alertmanager, AlertmanagerOptions, Authentication, PrometheusOptions, Sources};

use super::Failure;

/// The sources, built once for all that a process does. Reads the files of their secrets, and asks nothing.
pub(super) fn sources(configuration: &Configuration) -> Result<Sources, Failure> {
    let settings = configuration.prometheus_settings()?;
    let options: Vec<PrometheusOptions> = settings.into_iter().map(options).collect();
    Ok(Sources::new(&options)?)
}

/// Who is asked which alerts there still are. Reads the files of their secrets, and asks nothing.
pub(super) fn alertmanagers(configuration: &Configuration) -> Result<Vec<Alertmanager>, Failure> {
    let alertmanager = |settings: AlertmanagerSettings| {
        let AlertmanagerSettings { name, poll_interval, prometheus, members } = settings;
        let members = members.into_iter().map(options).collect();
        Ok(Alertmanager::new(&AlertmanagerOptions { name, members, poll_interval, prometheus })?)
    };
    configuration.alertmanager_settings()?.into_iter().map(alertmanager).collect()
}

fn options(settings: PrometheusSettings) -> PrometheusOptions {
    let authentication = match (settings.bearer_token, settings.basic) {
        (Some(token), _) => Authentication::Bearer(token),
        (None, Some((username, password))) => Authentication::Basic { username, password },
        (None, None) => Authentication::Nobody,
    };
    PrometheusOptions {
        name: settings.name,
        url: settings.url,
        external_urls: settings.external_urls,
        authentication,
        authorities: settings.authorities,
        timeout: settings.timeout,
        retention: settings.retention,
        headers: settings.headers,
    }
}

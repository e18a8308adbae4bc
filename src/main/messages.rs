//! Who is told what happens: from the webhooks of the configuration to a delivery.

use afterimage::cli::CliError;
use afterimage::config::{Configuration, Webhook};
use afterimage::ops::OpsError;
use afterimage::service::outbox::{Outbox, OutboxOptions, OutboxTarget, POLL, SigningKey};

use super::Failure;

/// What delivers messages, where the configuration names anybody who wants them.
pub(super) fn outbox(configuration: &Configuration, public_url: Option<&str>) -> Result<Option<Outbox>, Failure> {
    if configuration.webhooks.is_empty() {
        return Ok(None);
    }
    let targets: Result<Vec<OutboxTarget>, Failure> = configuration.webhooks.iter().map(target).collect();
    let options = OutboxOptions { targets: targets?, public_url: public_url.map(str::to_owned), poll: POLL };
    Ok(Some(Outbox::new(options).map_err(|error| refused(error.to_string()))?))
}

fn target(webhook: &Webhook) -> Result<OutboxTarget, Failure> {
    let wrong = |what: &str| refused(format!("webhook '{}' cannot be used: {what}", webhook.name));
    let url = webhook.url.expose().parse().map_err(|_| wrong("its url is none"))?;
    let key =
        match webhook.secret()? {
            None => None,
            Some(secret) => {
                let key = SigningKey::parse(secret.expose());
                Some(key.ok_or_else(|| {
                    wrong("its secret is empty, or begins with whsec_ and goes on in other than base64")
                })?)
            }
        };
    Ok(OutboxTarget {
        name: webhook.name.clone(),
        url,
        key,
        kinds: webhook.events.clone(),
        format: webhook.format,
        timeout: webhook.timeout,
        ca: webhook.certificates()?.map(String::into_bytes),
    })
}

fn refused(problem: String) -> Failure {
    CliError::from(OpsError::Input(problem)).into()
}

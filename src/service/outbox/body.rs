//! What a message says: the whole document for programs, or one text for chat tools. Each attempt tells how the incident
//! stands when it is made.

use serde_json::{Value, json};

use crate::domain::{
    Activity, Incident, IncidentId, MessageFormat, MessageKind, PendingSnapshot, Snapshot, Status, span, text,
};
use crate::export::{self, Origin, Subject, markdown, words};
use crate::store::outbox::OutboxMessage;
use crate::store::{StoreError, Tx};

/// Characters of an error of the database, which may be long, in a text.
const ERROR_LIMIT: usize = 300;

/// What is known of the incident that a message tells of.
#[derive(Debug)]
pub(super) struct News {
    incident: Incident,
    activities: Vec<Activity>,
    snapshot: Option<Snapshot>,
}

impl News {
    /// Reads it; `None` where there is no such incident any more.
    pub(super) async fn read(tx: &mut Tx, id: IncidentId) -> Result<Option<Self>, StoreError> {
        let Some(incident) = tx.incident(id).await? else { return Ok(None) };
        Ok(Some(Self { incident, activities: tx.activities(id).await?, snapshot: tx.snapshot(id).await? }))
    }

    /// Whether nobody needs to be told any more: a row that an operator has revived, or that was captured after all, waits
    /// for nobody. What was closed or captured is told even where it was reopened since.
    pub(super) fn is_obsolete(&self, kind: MessageKind) -> bool {
        kind == MessageKind::PendingDead && self.dead().is_none()
    }

    fn dead(&self) -> Option<&PendingSnapshot> {
        self.incident.pending.as_ref().filter(|row| row.dead_since.is_some())
    }

    /// The body that is sent.
    pub(super) fn write(&self, message: &OutboxMessage, format: MessageFormat, public_url: Option<&str>) -> String {
        let link = public_url.map(|url| format!("{}/api/v1/incidents/{}", url.trim_end_matches('/'), self.incident.id));
        let document = match format {
            MessageFormat::Json => self.document(message, link.as_deref()),
            MessageFormat::Slack => json!({ "text": self.chat(message.kind, link.as_deref()) }),
        };
        export::json::text(&document).trim_end().to_owned()
    }

    fn document(&self, message: &OutboxMessage, link: Option<&str>) -> Value {
        json!({
            "id": message.message_id,
            "type": message.kind.name(),
            "at": message.occurred_at.to_string(),
            "incident": export::json::incident(&self.incident),
            "snapshot": self.snapshot.as_ref().map(|snapshot| export::json::facts(&snapshot.facts)),
            "markdown": self.markdown(message.kind),
            "link": link,
        })
    }

    /// The page of the snapshot; where there is none, what there is to say.
    fn markdown(&self, kind: MessageKind) -> String {
        match self.subject() {
            Some(subject) => markdown::write(&subject),
            None => {
                self.sentences(kind).iter().map(|line| markdown::inline(line) + "\n").collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// One text on a few lines, in which nothing from outside is markup, a link or a mention.
    fn chat(&self, kind: MessageKind, link: Option<&str>) -> String {
        let lines = self.sentences(kind).into_iter().map(|line| text::printable(&line)).chain(link.map(str::to_owned));
        lines.map(|line| escaped(&line)).collect::<Vec<_>>().join("\n")
    }

    fn subject(&self) -> Option<Subject<'_>> {
        let Self { incident, activities, snapshot } = self;
        let snapshot = snapshot.as_ref()?;
        let series = export::first_series(incident, snapshot);
        Some(Subject { incident, activities, snapshot, origin: Origin::Kept, series })
    }

    /// What happened, to which incident, and what one may want to know at once.
    fn sentences(&self, kind: MessageKind) -> Vec<String> {
        let (id, title) = (self.incident.id, &self.incident.title);
        let what = match kind {
            MessageKind::SnapshotCaptured => "its snapshot is captured",
            MessageKind::PendingDead => "its snapshot could not be captured",
            MessageKind::IncidentClosed => "it is closed",
        };
        let mut sentences = vec![format!("Incident {id}, {title}: {what}.")];
        if self.incident.status == Status::Open {
            sentences.push("It has been reopened since.".to_owned());
            return sentences;
        }
        match kind {
            MessageKind::SnapshotCaptured => sentences.extend(self.captured()),
            MessageKind::PendingDead => sentences.extend(self.dead().into_iter().flat_map(given_up)),
            MessageKind::IncidentClosed => sentences.extend(self.closed()),
        }
        sentences
    }

    fn captured(&self) -> Vec<String> {
        let Some(subject) = self.subject() else { return Vec::new() };
        let facts = &subject.snapshot.facts;
        let known = |count: Option<i64>| count.map_or_else(|| "unknown".to_owned(), words::number);
        let (events, users) = (known(facts.total_events), known(facts.unique_users));
        let counts = format!("Total events: {events}. Unique users: {users}. Peak: {}.", subject.peak_in_words());
        let clipped = facts.clipped.then(|| "The source no longer held part of the time.".to_owned());
        [format!("It was {}.", subject.course_in_words()), counts].into_iter().chain(clipped).collect()
    }

    fn closed(&self) -> Vec<String> {
        let Some(date_closed) = self.incident.date_closed else { return Vec::new() };
        let lasted = span::format(date_closed.since(self.incident.date_started));
        let closing = self.activities.iter().rfind(|activity| activity.to == Some(Status::Closed));
        let by = closing.map(|activity| format!(" by {}", activity.by)).unwrap_or_default();
        let closed = format!("Closed{by} as of {}, after {lasted}.", words::instant(date_closed));
        let comment = closing.and_then(|activity| activity.comment.clone());
        let due = self.incident.pending.as_ref().map(|row| row.target_run_date);
        let due = due.map(|due| format!("Its snapshot is due at {}.", words::instant(due)));
        [closed].into_iter().chain(comment).chain(due).collect()
    }
}

fn given_up(row: &PendingSnapshot) -> Vec<String> {
    let error = row.last_error.as_deref().map(|error| format!("The last error: {}", text::shorten(error, ERROR_LIMIT)));
    let retry = format!("Try it again with 'afterimage pending retry {}'.", row.incident_id);
    [format!("It failed {} times and waits for an operator.", row.attempts)]
        .into_iter()
        .chain(error)
        .chain([retry])
        .collect()
}

/// A text as chat tools take it: `&`, `<` and `>` would begin a link or a mention. A mention that needs none of them is
/// broken by a space that nobody sees.
fn escaped(outside: &str) -> String {
    outside.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActivityKind, Aggregation, IncidentType, TimeWindow, Timestamp};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_absolute(text).unwrap()
    }

    fn news(title: &str) -> News {
        let (started, closed) = (at("2026-11-24 11:00"), at("2026-11-24 11:05"));
        let activity = Activity {
            kind: ActivityKind::StatusChange,
            at: closed,
            by: "anna".to_owned(),
            from: Some(Status::Open),
            to: Some(Status::Closed),
            comment: Some("rolled back,\nwatching".to_owned()),
        };
        let incident = Incident {
            id: IncidentId::new(482),
            title: title.to_owned(),
            incident_type: IncidentType::Created,
            status: Status::Closed,
            aggregation: Aggregation::Total,
            query: String::new(),
            projects: Vec::new(),
            expression: None,
            rule: None,
            time_window: TimeWindow::DEFAULT,
            date_started: started,
            date_detected: started,
            date_closed: Some(closed),
            date_added: started,
            pending: None,
            snapshot: None,
        };
        News { incident, activities: vec![activity], snapshot: None }
    }

    fn message(kind: MessageKind) -> OutboxMessage {
        OutboxMessage {
            id: 1,
            message_id: "0123456789abcdef".to_owned(),
            kind,
            incident_id: IncidentId::new(482),
            occurred_at: at("2026-11-24 11:06"),
            attempts: 0,
            leased_until: at("2026-11-24 11:07"),
        }
    }

    fn written(news: &News, format: MessageFormat, url: Option<&str>) -> Value {
        serde_json::from_str(&news.write(&message(MessageKind::IncidentClosed), format, url)).unwrap()
    }

    #[test]
    fn a_chat_tool_is_given_one_text_in_which_nothing_from_outside_is_markup() {
        let body =
            written(&news("<!channel> a & b @all\u{1b}[31m"), MessageFormat::Slack, Some("https://a.example/?x&y"));
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(
            body["text"],
            "Incident 482, &lt;!channel&gt; a &amp; b @\u{200b}all [31m: it is closed.\n\
             Closed by anna as of 2026-11-24 11:05:00 UTC, after 5m.\n\
             rolled back, watching\n\
             https://a.example/?x&amp;y/api/v1/incidents/482"
        );
    }

    #[test]
    fn a_program_is_given_the_whole_document() {
        let body = written(&news("Checkout errors"), MessageFormat::Json, Some("https://a.example/"));
        assert_eq!((&body["id"], &body["type"]), (&"0123456789abcdef".into(), &"incident.closed".into()));
        assert_eq!((&body["at"], &body["snapshot"]), (&"2026-11-24T11:06:00Z".into(), &Value::Null));
        assert_eq!((&body["incident"]["id"], &body["incident"]["status"]), (&482.into(), &"closed".into()));
        assert_eq!(body["link"], "https://a.example/api/v1/incidents/482");
        assert!(
            body["markdown"]
                .as_str()
                .is_some_and(|text| text.starts_with("Incident 482, Checkout errors: it is closed."))
        );
        assert_eq!(written(&news("x"), MessageFormat::Json, None)["link"], Value::Null);
    }

    #[test]
    fn what_was_reopened_since_says_so() {
        let mut news = news("Checkout errors");
        (news.incident.status, news.incident.date_closed) = (Status::Open, None);
        let text = written(&news, MessageFormat::Slack, None)["text"].clone();
        assert_eq!(text, "Incident 482, Checkout errors: it is closed.\nIt has been reopened since.");
    }

    #[test]
    fn a_death_is_news_only_while_the_row_is_dead() {
        let mut news = news("Checkout errors");
        assert!(news.is_obsolete(MessageKind::PendingDead) && !news.is_obsolete(MessageKind::IncidentClosed));
        news.incident.pending = Some(PendingSnapshot {
            incident_id: IncidentId::new(482),
            target_run_date: at("2026-11-24 11:15"),
            next_attempt_at: at("2026-11-24 11:15"),
            attempts: 8,
            last_error: Some("this row\nis poisoned".to_owned()),
            last_error_at: None,
            last_host: None,
            dead_since: Some(at("2026-11-24 15:00")),
        });
        assert!(!news.is_obsolete(MessageKind::PendingDead));
        let text = news.sentences(MessageKind::PendingDead).join(" ");
        assert!(text.contains("failed 8 times") && text.contains("this row is poisoned"), "{text}");
        assert!(text.contains("pending retry 482"), "{text}");
    }
}

//! What others are told: which messages there are, and in which form they are sent.

use super::names::named_enum;

named_enum! {
    /// What a message tells.
    MessageKind, "event", "snapshot.captured, pending.dead, incident.closed" {
        /// A complete snapshot is kept.
        SnapshotCaptured = "snapshot.captured",
        /// A capture has failed so often that it waits for an operator (rule 17).
        PendingDead = "pending.dead",
        /// An incident was closed (rule 6).
        IncidentClosed = "incident.closed",
    }
}

named_enum! {
    /// The form in which messages are sent.
    MessageFormat, "format", "json, slack" {
        /// The whole document, for programs.
        Json = "json",
        /// One text, as the incoming webhooks of chat tools take it: Slack, Mattermost, Rocket.Chat.
        Slack = "slack",
    }
}

//! What others are told: in the transaction that makes it so, at least once, under one id, signed, and with no secret said.

use std::time::{Duration, Instant};

use afterimage::domain::{MessageFormat, MessageKind};
use afterimage::ops;
use afterimage::ops::close::CloseRequest;
use afterimage::service::outbox::{Outbox, OutboxOptions, OutboxTarget, SigningKey};
use afterimage::store::Store;

use crate::support::{Desk, Early, Received, Receiver, SECRET, TESTER, TestDatabase, at, on_both_engines, until};

const MINUTE: Duration = Duration::from_mins(1);
const WAITING: &str = "select count(*) from outbox";

fn target(name: &str, url: &str) -> OutboxTarget {
    OutboxTarget {
        name: name.to_owned(),
        url: url.parse().unwrap(),
        key: SigningKey::parse(SECRET),
        kinds: MessageKind::ALL.to_vec(),
        format: MessageFormat::Json,
        timeout: Duration::from_secs(10),
        ca: None,
    }
}

/// What delivers to these targets; they are announced.
async fn outbox(store: &Store, targets: &[OutboxTarget]) -> Outbox {
    let public_url = Some("https://afterimage.example.com".to_owned());
    let options = OutboxOptions { targets: targets.to_vec(), public_url, poll: Duration::from_millis(20) };
    let outbox = Outbox::new(options).unwrap();
    outbox.announce(store).await;
    outbox
}

/// A desk whose one target is this receiver.
async fn desk_telling(database: TestDatabase, receiver: &Receiver) -> (Desk, Outbox) {
    let desk = Desk::on(database).await;
    let outbox = outbox(&desk.store, &[target("a", &receiver.url())]).await;
    (desk, outbox)
}

on_both_engines! {
    async fn each_event_is_told_to_each_target_once_and_signed(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (one, other) = (Receiver::start().await, Receiver::start().await);
        let outbox = outbox(&desk.store, &[target("one", &one.url()), target("other", &other.url())]).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        outbox.deliver_due(&desk.store).await;
        desk.wait(10 * MINUTE);
        desk.process().await;
        outbox.deliver_due(&desk.store).await;
        outbox.deliver_due(&desk.store).await;
        let mut ids = Vec::new();
        for receiver in [one, other] {
            let [closed, captured] = receiver.received().try_into().expect("two messages");
            closed.check_signature();
            captured.check_signature();
            let (closed_body, captured_body) = (closed.body(), captured.body());
            assert_eq!((&closed_body["type"], &captured_body["type"]), (&"incident.closed".into(), &"snapshot.captured".into()));
            assert_eq!((&closed_body["id"], &closed_body["at"]), (&closed.id.as_str().into(), &"2026-11-24T12:00:00Z".into()));
            assert_eq!(closed_body["snapshot"], serde_json::Value::Null);
            assert!(closed_body["markdown"].as_str().is_some_and(|text| text.contains("Closed by tester")));
            assert_eq!(captured_body["snapshot"]["incident_id"], id.value());
            assert!(captured_body["markdown"].as_str().is_some_and(|text| text.starts_with("# Incident 1: Checkout errors")));
            assert_eq!(captured_body["link"], "https://afterimage.example.com/api/v1/incidents/1");
            assert_eq!(captured_body["incident"]["title"], "Checkout errors");
            ids.extend([closed.id, captured.id]);
        }
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), desk.database.number(WAITING).await), (4, 0));
    }

    async fn what_was_rolled_back_is_not_told(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        let (open, closed) = (desk.open(1).await, desk.closed(1, "11:00", "11:05").await);
        desk.database.execute("delete from outbox").await;
        let request = CloseRequest { ids: vec![open, closed], at: None, comment: Some("conflict".to_owned()) };
        desk.try_close(request).await.unwrap_err();
        assert_eq!(desk.database.number(WAITING).await, 0);
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.received().len(), 0);
    }

    async fn a_partial_snapshot_is_not_told_and_a_complete_one_is(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["incident.closed"]);
        desk.wait(10 * MINUTE);
        desk.process().await;
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["incident.closed", "snapshot.captured"]);
    }

    async fn a_target_is_told_what_it_wants_and_no_more(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let receiver = Receiver::start().await;
        let wants = |kinds: &[MessageKind]| OutboxTarget { kinds: kinds.to_vec(), ..target("a", &receiver.url()) };
        outbox(&desk.store, &[wants(&[MessageKind::IncidentClosed, MessageKind::PendingDead])]).await;
        desk.closed(1, "11:00", "11:05").await;
        let narrower = outbox(&desk.store, &[wants(&[MessageKind::SnapshotCaptured])]).await;
        assert_eq!(desk.database.number(WAITING).await, 1, "it was wanted when it happened");
        desk.closed(1, "11:00", "11:05").await;
        assert_eq!(desk.database.number(WAITING).await, 1, "it is not wanted");
        desk.process().await;
        narrower.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["snapshot.captured", "snapshot.captured"]);
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn nothing_is_kept_where_nobody_wants_to_be_told(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(120).await;
        desk.closed(1, "11:00", "11:05").await;
        assert_eq!(desk.process().await.counts.captured, 121);
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn every_snapshot_of_a_large_run_is_told(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        desk.closed_many(120).await;
        desk.process().await;
        assert_eq!(desk.database.number("select count(distinct incident_id) from outbox").await, 120);
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.distinct_ids(), receiver.received().len()), (120, 120));
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn a_receiver_that_is_down_gets_the_same_message_when_it_is_up(database: TestDatabase) {
        let mut receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        receiver.stop().await;
        desk.closed(1, "11:00", "11:05").await;
        let message_id = desk.database.texts("select message_id from outbox").await;
        outbox.deliver_due(&desk.store).await;
        let error = desk.database.texts("select last_error from outbox").await.remove(0);
        assert!(error.contains("no connection") && error.contains("refused"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(desk.database.number("select attempts from outbox").await, 1);
        receiver.restart().await;
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.received().len(), 0, "it is not tried at once");
        desk.wait(2 * MINUTE);
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.received().iter().map(|message| message.id.clone()).collect::<Vec<_>>(), message_id);
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn a_receiver_that_answers_500_is_asked_again_with_the_same_id_and_a_new_signature(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        receiver.answer_next(&[500, 302]);
        desk.closed(1, "11:00", "11:05").await;
        for attempts in 1..=2 {
            outbox.deliver_due(&desk.store).await;
            assert_eq!(desk.database.number("select attempts from outbox").await, attempts);
            desk.wait(5 * MINUTE);
        }
        outbox.deliver_due(&desk.store).await;
        assert_eq!(desk.database.number(WAITING).await, 0);
        let received = receiver.received();
        assert_eq!((received.len(), receiver.distinct_ids()), (3, 1), "and no redirect is followed");
        assert!(received[0].timestamp < received[1].timestamp && received[0].signature != received[1].signature);
        received.iter().for_each(Received::check_signature);
    }

    async fn a_receiver_that_is_gone_is_not_asked_again(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        receiver.answer_next(&[410]);
        desk.closed(1, "11:00", "11:05").await;
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.received().len(), desk.database.number(WAITING).await), (1, 0));
    }

    async fn a_message_is_given_up_after_a_week(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        receiver.answer_next(&[503, 503]);
        desk.closed(1, "11:00", "11:05").await;
        desk.wait(Duration::from_hours(7 * 24 - 1));
        outbox.deliver_due(&desk.store).await;
        assert_eq!(desk.database.number(WAITING).await, 1);
        desk.wait(Duration::from_hours(2));
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.received().len(), desk.database.number(WAITING).await), (2, 0));
    }

    async fn a_target_of_which_nobody_speaks_for_a_week_is_forgotten(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, _) = desk_telling(database, &receiver).await;
        desk.closed(1, "11:00", "11:05").await;
        desk.wait(Duration::from_hours(7 * 24 + 1));
        desk.closed(1, "11:00", "11:05").await;
        assert_eq!(desk.database.number(WAITING).await, 1, "nothing more is left for it");
        outbox(&desk.store, &[target("b", &receiver.url())]).await;
        assert_eq!(desk.database.texts("select name from outbox_targets").await, ["b"]);
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn a_slow_receiver_holds_up_no_other_and_not_the_end(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (slow, quick) = (Receiver::start().await, Receiver::start().await);
        slow.hold();
        let outbox = outbox(&desk.store, &[target("slow", &slow.url()), target("quick", &quick.url())]).await;
        let handle = outbox.spawn(&desk.store);
        for _ in 0..12 {
            desk.closed(1, "11:00", "11:05").await;
        }
        until("the quick one has all", async || quick.received().len() == 12).await;
        until("the slow one has begun", async || slow.received().len() == 4).await;
        until("what is delivered is recorded", async || desk.database.number(WAITING).await == 12).await;
        let told = Instant::now();
        handle.shutdown().await;
        assert!(told.elapsed() < Duration::from_millis(1_500), "{:?}", told.elapsed());
        assert_eq!((quick.distinct_ids(), slow.received().len()), (12, 4));
    }

    async fn a_receiver_that_takes_nothing_is_not_asked_for_each_of_many(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        desk.closed_many(100).await;
        desk.process().await;
        receiver.answer_next(&[503; 100]);
        let handle = outbox.spawn(&desk.store);
        until("it is tried", async || receiver.received().len() >= 5).await;
        handle.shutdown().await;
        assert!(receiver.received().len() < 20, "{}", receiver.received().len());
    }

    async fn two_processes_that_deliver_at_once_deliver_each_message_once(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        desk.closed_many(60).await;
        desk.process().await;
        let second = desk.database.store().await;
        tokio::join!(outbox.deliver_due(&desk.store), outbox.deliver_due(&second));
        // One of them may have met the other's lock, and left the rest to another time.
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.received().len(), receiver.distinct_ids()), (60, 60));
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn a_process_that_ends_between_sending_and_recording_sends_the_same_again(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        desk.closed(1, "11:00", "11:05").await;
        receiver.hold();
        let (first, store) = (outbox.clone(), desk.database.store().await);
        let killed = tokio::spawn(async move { first.deliver_due(&store).await });
        until("it is sent", async || receiver.received().len() == 1).await;
        killed.abort();
        killed.await.unwrap_err();
        receiver.release();
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.received().len(), 1, "its lease goes on");
        desk.wait(MINUTE);
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.received().len(), receiver.distinct_ids()), (2, 1));
        assert_eq!(desk.database.number(WAITING).await, 0);
    }

    async fn what_was_reopened_since_is_told_as_it_now_is(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.process().await;
        desk.reopen(id).await;
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["incident.closed", "snapshot.captured"]);
        for message in receiver.received() {
            let body = message.body();
            assert_eq!((&body["incident"]["status"], &body["snapshot"]), (&"open".into(), &serde_json::Value::Null));
            assert!(body["markdown"].as_str().is_some_and(|text| text.contains("reopened since")), "{body}");
        }
    }

    async fn a_row_that_dies_is_told_once_and_one_that_was_revived_is_not(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.database.execute("delete from outbox; update pending_snapshots set attempts = 6").await;
        desk.poison(id).await;
        desk.process().await;
        assert_eq!(desk.database.number(WAITING).await, 0, "it is not dead yet");
        desk.wait(Duration::from_hours(3));
        desk.process().await;
        // The run itself has taken some time.
        desk.wait(MINUTE);
        outbox.deliver_due(&desk.store).await;
        desk.process_only(&[id]).await;
        desk.wait(MINUTE);
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["pending.dead"], "it was dead before it was forced");
        let body = receiver.received()[0].body();
        assert_eq!(body["incident"]["pending"]["attempts"], 8);
        assert!(body["markdown"].as_str().is_some_and(|text| text.contains("this row is poisoned")), "{body}");

        ops::pending::retry(&desk.store, TESTER, &[id], &[]).await.unwrap();
        desk.database.execute("update pending_snapshots set attempts = 7").await;
        desk.process().await;
        assert_eq!(desk.database.number(WAITING).await, 1, "it has died again");
        ops::pending::retry(&desk.store, TESTER, &[id], &[]).await.unwrap();
        desk.wait(MINUTE);
        outbox.deliver_due(&desk.store).await;
        assert_eq!((receiver.received().len(), desk.database.number(WAITING).await), (1, 0));
    }

    async fn a_row_that_kills_its_process_until_it_is_dead_is_told(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let (desk, outbox) = desk_telling(database, &receiver).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.database.execute("delete from outbox; update pending_snapshots set attempts = 7").await;
        desk.poison(id).await;
        let moved = at("11:57").as_micros();
        let run = format!(
            "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
             values ('interval', 'gone', {moved}, {moved}, 50)"
        );
        desk.database.execute(&run).await;
        desk.process().await;
        desk.wait(MINUTE);
        outbox.deliver_due(&desk.store).await;
        assert_eq!(receiver.kinds(), ["pending.dead"]);
    }

    async fn a_chat_tool_is_given_one_text(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let receiver = Receiver::start().await;
        let chat = OutboxTarget { format: MessageFormat::Slack, key: None, ..target("chat", &receiver.url()) };
        let outbox = outbox(&desk.store, &[chat]).await;
        desk.closed(1, "11:00", "11:05").await;
        desk.process().await;
        outbox.deliver_due(&desk.store).await;
        let received = receiver.received();
        assert_eq!(received.len(), 2);
        for message in received {
            let body = message.body();
            assert_eq!((body.as_object().unwrap().len(), message.signature), (1, None));
            let text = body["text"].as_str().unwrap();
            assert!(text.starts_with("Incident 1, Checkout errors: it"), "{text}");
            assert!(text.ends_with("\nhttps://afterimage.example.com/api/v1/incidents/1"), "{text}");
        }
    }
}

#[test]
fn a_target_says_nothing_secret_of_itself() {
    let target = target("a", "https://ops:hunter2@hooks.example.com/services/T0/hunter2?key=hunter2");
    let shown = format!("{target:?}");
    assert!(shown.contains("https://hooks.example.com") && !shown.contains("hunter2"), "{shown}");
    let options = OutboxOptions { targets: vec![target], public_url: None, poll: Duration::from_secs(2) };
    let shown = format!("{options:?} {:?}", Outbox::new(options.clone()).unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("whsec"), "{shown}");
}

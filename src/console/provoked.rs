//! Panics on demand, in a program that is being developed: SIGUSR1 has a task panic, SIGUSR2 the loop itself. So it can be
//! seen what a panic leaves behind of the terminal. A released program has none of this.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

static WANTED_IN_THE_LOOP: AtomicBool = AtomicBool::new(false);

/// Waits for the demand.
pub(super) async fn wait() {
    let (Ok(mut task), Ok(mut loops)) = (signal(SignalKind::user_defined1()), signal(SignalKind::user_defined2()))
    else {
        return;
    };
    tokio::select! {
        _ = task.recv() => panic!("a panic in a task was asked for"),
        _ = loops.recv() => WANTED_IN_THE_LOOP.store(true, Ordering::SeqCst),
    }
}

/// Panics where that was asked for.
pub(super) fn strike() {
    assert!(!WANTED_IN_THE_LOOP.load(Ordering::SeqCst), "a panic in the loop was asked for");
}

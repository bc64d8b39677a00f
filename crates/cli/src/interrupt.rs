//! [`Interrupt`]: whether the run was asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Failure};

/// Watches for ctrl-C and the usual signal of a supervisor.
pub(crate) struct Interrupt {
    runtime: Runtime,
    has_come: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch, on a thread of its own.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
        let has_come = Arc::new(AtomicBool::new(false));
        // From here on no signal ends the run by itself.
        let guard = runtime.enter();
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signals =
                signal(kind).map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
            let flag = Arc::clone(&has_come);
            runtime.spawn(async move {
                signals.recv().await;
                flag.store(true, Ordering::Relaxed);
            });
        }
        drop(guard);
        Ok(Self { runtime, has_come })
    }

    /// Whether the run was asked to end.
    pub(crate) fn has_come(&self) -> bool {
        self.has_come.load(Ordering::Relaxed)
    }

    /// The threads that wait.
    pub(crate) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

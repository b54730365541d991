//! Self-probes of the old one.

use std::{cell::Cell, rc::Rc};

use tokio::sync::Notify;

/// Self-probes, which stop before a new daemon could see them as connections of others.
#[derive(Clone, Debug, Default)]
pub struct Probing(Rc<State>);

#[derive(Debug, Default)]
struct State {
    /// None may begin.
    stopped: Cell<bool>,
    /// One is under way.
    busy: Cell<bool>,
    /// It is over.
    over: Notify,
}

impl Probing {
    /// Whether one may be made; it is over when what is returned is dropped.
    #[must_use]
    pub fn begin(&self) -> Option<impl Drop + use<>> {
        struct Busy(Probing);
        impl Drop for Busy {
            fn drop(&mut self) {
                let Probing(state) = &self.0;
                state.busy.set(false);
                state.over.notify_one();
            }
        }
        (!self.0.stopped.get()).then(|| {
            self.0.busy.set(true);
            Busy(self.clone())
        })
    }

    pub(super) async fn stop(&self) {
        self.0.stopped.set(true);
        while self.0.busy.get() {
            self.0.over.notified().await;
        }
    }

    pub(super) fn go_on(&self) {
        self.0.stopped.set(false);
    }
}

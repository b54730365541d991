//! Self-probes of the old one.

use std::{cell::Cell, rc::Rc, time::Duration};

use tokio::time::sleep;

/// How often it is looked whether the last one is over.
const PAUSE: Duration = Duration::from_millis(10);

/// Self-probes, which stop before a new daemon could see them as connections of others.
#[derive(Clone, Debug, Default)]
pub struct Probing(Rc<(Cell<bool>, Cell<bool>)>);

impl Probing {
    /// Whether one may be made; it is over when what is returned is dropped.
    #[must_use]
    pub fn begin(&self) -> Option<impl Drop + use<>> {
        struct Busy(Probing);
        impl Drop for Busy {
            fn drop(&mut self) {
                self.0.0.1.set(false);
            }
        }
        (!self.0.0.get()).then(|| {
            self.0.1.set(true);
            Busy(self.clone())
        })
    }

    pub(super) async fn stop(&self) {
        self.0.0.set(true);
        while self.0.1.get() {
            sleep(PAUSE).await;
        }
    }

    pub(super) fn go_on(&self) {
        self.0.0.set(false);
    }
}

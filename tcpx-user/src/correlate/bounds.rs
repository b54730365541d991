//! The tables within their limits: the oldest entry has to go.

use super::Correlator;

impl Correlator {
    /// Keeps the attempts within their limit: the oldest is told as far as it was seen.
    pub(super) fn bound_attempts(&mut self) {
        let Some(id) = self.attempts.oldest().filter(|_| self.attempts.len() > self.limits.attempts) else {
            return;
        };
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.complete = false;
        }
        self.evicted += 1;
        self.settle_attempt(id);
    }

    /// The same for RSTs. One that has had its grace has missed nothing.
    pub(super) fn bound_resets(&mut self) {
        let Some(id) = self.resets.oldest().filter(|_| self.resets.len() > self.limits.resets) else {
            return;
        };
        let (now, grace) = (self.now, self.limits.grace_ns);
        if let Some(reset) = self.resets.get_mut(id).filter(|reset| now < reset.time().saturating_add(grace))
        {
            reset.complete = false;
            self.evicted += 1;
        }
        self.settle_reset(id);
    }

    /// Keeps the drops within their limit.
    pub(super) fn bound_drops(&mut self) {
        let Some(id) = self.drops.oldest().filter(|_| self.drops.len() > self.limits.drops) else { return };
        self.evicted += 1;
        self.settle_drop(id);
    }

    /// Keeps the deaths within their limit.
    pub(super) fn bound_deaths(&mut self) {
        let Some(id) = self.deaths.oldest().filter(|_| self.deaths.waiting() > self.limits.resets) else {
            return;
        };
        self.deaths.all_mut().filter(|death| death.id == id).for_each(|death| death.complete = false);
        self.evicted += 1;
        self.settle_death(id);
    }
}

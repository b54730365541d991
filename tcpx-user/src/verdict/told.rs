//! Verdicts on RSTs that were told not long ago.

use std::{collections::VecDeque, sync::Arc};

use super::rules::Finding;
use crate::correlate::facts::ResetFacts;

/// An attempt ends at once after the RST that ended it; in between come the RSTs of other CPUs.
const MOST: usize = 64;

/// What was found about the last RSTs. An attempt hands on the verdict of its RST, which is not looked for again.
#[derive(Debug, Default)]
pub struct Told(VecDeque<(Arc<ResetFacts>, Finding)>);

impl Told {
    /// A RST is told with this finding.
    pub fn remember(&mut self, reset: &Arc<ResetFacts>, finding: &Finding) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((reset.clone(), finding.clone()));
    }

    /// What was found about these very facts: when more is known of a RST, it has others.
    #[must_use]
    pub fn of(&self, reset: &Arc<ResetFacts>) -> Option<&Finding> {
        let same = |entry: &&(Arc<ResetFacts>, Finding)| Arc::ptr_eq(&entry.0, reset);
        self.0.iter().rev().find(same).map(|entry| &entry.1)
    }
}

//! Counts of all results, and of those that are looked for.

use std::rc::Rc;

use crate::top::{
    model::{Item, Model},
    search::Search,
};

/// Both.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// All.
    pub all: Model,
    found: Option<(Search, Model)>,
}

impl Counted {
    /// Counts it in each.
    pub fn take(&mut self, item: &Rc<Item>) {
        self.all.take(item);
        if let Some((search, found)) = &mut self.found
            && search.keeps(item)
        {
            found.take(item);
        }
    }

    /// Begins to look for something: among the latest results, which are kept, and in all that come from now on.
    pub fn look_for(&mut self, search: Option<&Search>) {
        self.found = search.map(|search| {
            let mut found = Model::default();
            for item in self.all.latest.in_order().iter().filter(|item| search.keeps(item)) {
                found.take(item);
            }
            (search.clone(), found)
        });
    }

    /// What is looked for.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.found.as_ref().map(|(search, _)| search)
    }

    /// What was found, or all.
    #[must_use]
    pub fn shown(&self) -> &Model {
        self.found.as_ref().map_or(&self.all, |(_, found)| found)
    }
}

//! What a daemon holds that the next one wants: consumers of lines, with their files and their queue, and its server.

use std::{cell::RefCell, rc::Rc, time::Duration};

use super::reload::Reload;
use crate::{
    cli::failure::Failure,
    daemon::{
        config::Config,
        consumer::{Consumer, Consumers},
        health::Health,
        http::{Server, Site},
        log::say,
        published::Reader,
        takeover::Release,
        writer::{Control, Destination, Done, Writer},
    },
};

/// How long the last lines may take to a file: SIGTERM ends within a second.
const LEAVE: Duration = Duration::from_millis(300);

/// Threads that have written all when their consumers are gone.
type Threads = Vec<(&'static str, Done)>;

/// All of it, until it is let go.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) consumers: Consumers,
    pub(super) reload: Rc<RefCell<Option<Reload>>>,
    pub(super) rest: Rc<RefCell<Option<(Site, Server, Threads)>>>,
}

impl Held {
    /// Lines go elsewhere from now on: who had them before writes what it has, and nobody is answered any more.
    pub(super) fn end(&self, then: Vec<Box<dyn Consumer>>) {
        drop(self.consumers.replace(then));
        drop(self.reload.take());
        let Some((site, server, threads)) = self.rest.take() else { return };
        site.stream.end();
        server.stop();
        for (name, done) in threads {
            if !done.within(LEAVE) {
                say(&format!("{name}: not all of the last lines could be written"));
            }
        }
        // Nobody can ask any more.
        let report = site.health.report(site.memory.filled(), site.stream.standing());
        for consumer in report.consumers.iter().filter(|consumer| consumer.dropped > 0) {
            say(&format!("{}: {} lines were lost in all", consumer.name, consumer.dropped));
        }
    }

    /// The same, for a daemon that takes over.
    pub(super) fn release(&self) -> Release {
        let held = self.clone();
        Box::new(move |forward| held.end(vec![forward]))
    }
}

/// Threads that write lines.
pub(super) struct Writing {
    pub(super) readers: Vec<Box<dyn Reader>>,
    pub(super) control: Control,
    pub(super) done: Vec<(&'static str, Done)>,
}

impl Writing {
    pub(super) fn start(config: &Config, file: Destination, health: &Health) -> Result<Self, Failure> {
        let (writer, control, done) = Writer::start("file", file, health.meter("file"))?;
        let mut all =
            Self { readers: vec![Box::new(writer) as Box<dyn Reader>], control, done: vec![("file", done)] };
        if config.output.stdout {
            let (writer, _, done) = Writer::start("stdout", Destination::Stdout, health.meter("stdout"))?;
            all.readers.push(Box::new(writer));
            all.done.push(("stdout", done));
        }
        Ok(all)
    }
}

//! HTTP/1.1 on a unix socket, and on a loopback address if that is asked for: on a thread of its own.

mod door;
mod guarded;
mod listener;
mod pages;

use std::{thread, time::Duration};

use axum::{Router, middleware::from_fn_with_state, routing::get};
use tokio::{sync::watch, time::timeout};

pub use listener::{Listening, Rules};

use super::{health::Health, memory::Memory, stream::Stream, telemetry::Counted};
use crate::{cli::failure::Failure, run::session::runtime};

/// How long readers have for what is still on its way to them when the daemon ends.
const LEAVE: Duration = Duration::from_millis(300);

/// What pages show.
#[derive(Clone, Debug)]
pub struct Site {
    /// How the daemon is.
    pub health: Health,
    /// What is kept.
    pub memory: Memory,
    /// What comes.
    pub stream: Stream,
    /// What came, in numbers.
    pub counted: Counted,
    /// Whether there is a page for browsers.
    pub page: bool,
}

/// All pages.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/health", get(pages::health))
        .route("/attempts", get(pages::attempts))
        .route("/resets", get(pages::resets))
        .route("/lines", get(pages::lines))
        .route("/metrics", get(pages::metrics))
        .route("/ui", get(pages::ui))
        .fallback(pages::unknown)
        .with_state(site)
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<()>,
}

impl Server {
    /// Starts to answer.
    ///
    /// # Errors
    /// When the kernel refuses a thread or what it needs.
    pub fn start(site: Site, listening: Vec<Listening>) -> Result<Self, Failure> {
        let (stop, stopped) = watch::channel(false);
        let runtime = runtime()?;
        let body = move || {
            runtime.block_on(serve(&router(site), listening, stopped));
            // What a reader left unread is not waited for.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(body);
        Ok(Self { stop, thread: thread.map_err(Failure::io("starting the thread of HTTP"))? })
    }

    /// Ends it: who is being answered has a moment.
    pub fn stop(self) {
        // Nobody listens any more if the thread has ended.
        let _ = self.stop.send(true);
        let _ = self.thread.join();
    }
}

async fn serve(pages: &Router, listening: Vec<Listening>, stopped: watch::Receiver<bool>) {
    let mut servers = tokio::task::JoinSet::new();
    for listening in listening {
        let pages = pages.clone().layer(from_fn_with_state(listening.names(), door::check));
        let Ok(listener) = listening.listen() else { continue };
        let mut stopped = stopped.clone();
        let until = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let server = axum::serve(listener, pages).with_graceful_shutdown(until);
        servers.spawn(async move { server.await });
    }
    let mut stopped = stopped;
    // The other end lives as long as the daemon.
    let _ = stopped.wait_for(|stop| *stop).await;
    let all = async { while servers.join_next().await.is_some() {} };
    let _ = timeout(LEAVE, all).await;
}

//! `tcpx daemon`: what makes a service of a session.
//!
//! ```text
//!  the session's thread                          |  others, none of which it waits for
//!  ring -> engine -> own::Watched -> Selection   |
//!            (self-probes go no further)         |
//!                    -> consumer::Hub            |
//!                         -> published::Published, one text for each line
//!                              -> memory::Memory | <- http: GET /attempts, /resets
//!                              -> stream::Stream | -> http: GET /lines, a queue for each reader (page::Page shows both)
//!                              -> writer::Writer | -> a thread: file, journal
//!                         -> more consumers      |
//! ```
//!
//! **To add a consumer** (metrics, an exporter): implement [`consumer::Consumer`], whose `line` gets each line as `&Arc<Line>`, and add it to the
//! list in [`run::daemon`](crate::run::daemon()) (`consumers`). It runs on the session's thread, so it counts or puts into a bounded
//! queue, and never waits; what it has to throw away it counts in a [`health::Meter`], which `GET /health` shows.
//!
//! **To add a page**: make an [`axum::Router`] and merge it in [`http::router()`], the only list of routes. It runs on the thread of HTTP and shares
//! state with a consumer by an `Arc`. What it may open or connect to once privileges are dropped is listed in [`privileges`].

pub mod config;
pub mod consumer;
mod frames;
pub mod group;
pub mod health;
pub mod helper;
pub mod http;
pub mod log;
pub mod memory;
pub mod notify;
pub mod own;
pub mod page;
pub mod privileges;
pub mod published;
pub mod self_probe;
pub mod status;
pub mod stream;
pub mod takeover;
pub mod telemetry;
mod whole;
pub mod writer;

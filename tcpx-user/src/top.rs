//! `tcpx top`: a full-screen view of what fails on this host, or in a recording.
//!
//! Results come in through [`Feed`](feed::Feed), a sink like any other, which counts them in [`model`]: bounded memory, exact
//! totals. [`state`] is what is shown of it and what keys do to that; [`view`] draws a state; neither knows a terminal.
//! [`screen`] is the terminal, and gives it back whatever happens. `run::top` puts them together.
//!
//! Drawing never makes the reader of events wait: a frame is made of what is counted, 10 times a second at most and only when
//! something has changed, and a thread of its own writes it. While that has not come to the end of one frame, none is made.

pub mod display;
pub mod feed;
pub mod keys;
pub mod model;
pub mod screen;
pub mod search;
pub mod state;
pub mod view;

#[cfg(test)]
mod testing;

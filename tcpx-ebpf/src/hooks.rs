//! One file for each question. A hook reports facts and does not know its backend.

pub mod active_reset;
pub mod bind;
pub mod conn_request;
pub mod connect;
pub mod denied;
pub mod drop;
pub mod fork;
pub mod handshake;
pub mod icmp;
pub mod listen;
pub mod mini_socket;
pub mod nat;
pub mod quiet_reset;
pub mod receive;
pub mod receive_reset;
pub mod reject;
pub mod retransmit;
pub mod send_reset;
pub mod state;

//! The kernel half of tcpx.
#![no_std]
#![no_main]

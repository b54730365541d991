//! What both halves share.
#![no_std]

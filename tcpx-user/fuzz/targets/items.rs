//! The contents of a block, past its checksum: items, records and answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcpx_user::{
    decode::{Decoder, Names, NoSymbols},
    enrich::WallClock,
    record::{Item, Items, Told},
};

/// 250 jiffies a second.
const TICK_NS: u64 = 4_000_000;

fuzz_target!(|bytes: &[u8]| {
    let names = Names::new([(1, "SK_RST_REASON_NO_SOCKET")], [(7, "NETFILTER_DROP")]);
    let mut decoder = Decoder::new(names, Box::new(NoSymbols), TICK_NS);
    let told = Told::new(WallClock::of_pair(0, 0));
    let mut items = Items::of(bytes);
    loop {
        let left = items.left();
        match items.read() {
            Some(Ok(Item::Record(record))) => drop(decoder.decode(record)),
            Some(Ok(Item::Answer(answer))) => drop(told.answer(answer)),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
        assert!(items.left() < left, "it goes on");
    }
});

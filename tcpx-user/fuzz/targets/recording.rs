//! Bytes that are called a recording: whatever they are, the reader ends, names the place, and takes no more memory than a block
//! may have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcpx_user::{
    decode::{Decoder, NoSymbols},
    record::{Block, Items, Reader},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new("fuzzed".to_owned(), bytes) else { return };
    let names = &reader.facts().names;
    let mut decoder = Decoder::new(names.names(), Box::new(NoSymbols), names.tick_ns);
    while let Ok(block) = reader.block() {
        assert!(reader.position() <= bytes.len() as u64, "it has read more than there is");
        if block == Block::Stream {
            read(reader.items(), &mut decoder);
        }
    }
});

fn read(items: &[u8], decoder: &mut Decoder) {
    let mut items = Items::of(items);
    while let Some(Ok(item)) = items.read() {
        if let tcpx_user::record::Item::Record(record) = item {
            let _ = decoder.decode(record);
        }
    }
}

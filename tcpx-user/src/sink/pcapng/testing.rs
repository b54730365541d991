//! For tests: packets, and the file read back.

use std::{cell::RefCell, io::Write, path::Path, rc::Rc};

use pcap_file::pcapng::{
    Block, PcapNgReader,
    blocks::{
        enhanced_packet::EnhancedPacketOption, interface_description::InterfaceDescriptionOption,
        section_header::SectionHeaderOption,
    },
};
use tcpx_common::abi::tcp_flag::SYN;

use crate::{
    event::Ends,
    line::Netns,
    packet::{Headers, Packet, Part, Tcp},
};

pub(crate) fn syn(seq: u32) -> Headers {
    let ends = Ends {
        a: "10.0.0.1:40000".parse().expect("an address"),
        b: "10.0.0.2:80".parse().expect("an address"),
    };
    Headers::Tcp(Tcp { ends, seq, ack: 0, flags: SYN, payload: 0, window: None, ip_id: None, ttl: None })
}

pub(crate) fn packet(time: u64, part: Part, headers: Headers) -> Packet {
    Packet { time, netns: Netns { inum: 4_026_531_840, name: None, of: None }, device: None, part, headers }
}

/// What is in a file, packet by packet.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ReadBack {
    pub(crate) section: Vec<String>,
    pub(crate) interfaces: Vec<String>,
    pub(crate) packets: Vec<PacketRead>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct PacketRead {
    pub(crate) interface: String,
    pub(crate) ns: u128,
    pub(crate) length: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) comment: String,
    pub(crate) flags: Option<u32>,
}

/// Reads it with another implementation than wrote it as far as the crate has one: its parser.
pub(crate) fn read_back(bytes: &[u8]) -> ReadBack {
    let mut reader = PcapNgReader::new(bytes).expect("a section");
    let section = reader.section().options.iter().map(|option| match option {
        SectionHeaderOption::Comment(text)
        | SectionHeaderOption::Hardware(text)
        | SectionHeaderOption::OS(text)
        | SectionHeaderOption::UserApplication(text) => text.to_string(),
        other => panic!("{other:?}"),
    });
    let mut read = ReadBack { section: section.collect(), ..ReadBack::default() };
    while let Some(block) = reader.next_block() {
        match block.expect("a whole block") {
            Block::InterfaceDescription(interface) => {
                let name = interface.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                });
                assert!(interface.options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
                read.interfaces.push(name.expect("a name"));
            }
            Block::EnhancedPacket(packet) => {
                let comment = packet.options.iter().find_map(|option| match option {
                    EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                    _ => None,
                });
                let flags = packet.options.iter().find_map(|option| match option {
                    EnhancedPacketOption::Flags(flags) => Some(*flags),
                    _ => None,
                });
                read.packets.push(PacketRead {
                    interface: read.interfaces[packet.interface_id as usize].clone(),
                    ns: packet.timestamp.as_nanos(),
                    length: packet.original_len,
                    bytes: packet.data.into_owned(),
                    comment: comment.expect("a comment"),
                    flags,
                });
            }
            other => panic!("{other:?}"),
        }
    }
    read
}

/// What is in a file.
pub(crate) fn read_file(path: &Path) -> ReadBack {
    read_back(&std::fs::read(path).expect("a file"))
}

/// Somewhere to write to, and to look at it afterwards.
#[derive(Clone, Default)]
pub(crate) struct Notes(Rc<RefCell<Vec<u8>>>);

impl Notes {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("text")
    }
}

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! pcapng for Wireshark: each packet that a line carries, with the line's words as its comment. Interfaces are pairs of network
//! namespace and device, made when the first packet of one is written.

mod comment;
mod headers;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod window;

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, BufWriter, Write},
};

use pcap_file::{
    DataLink, Endianness, PcapError, PcapResult,
    pcapng::{
        PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
            section_header::{SectionHeaderBlock, SectionHeaderOption},
        },
    },
};

use self::{
    comment::Comment,
    window::{Leaving, Window},
};
use super::{Sink, whole::Whole};
use crate::{
    enrich::WallClock,
    event::Name,
    line::{Line, Netns, Start},
    packet::{LeftOut, Packet, Packets, Part},
    text::escape::escape,
};

/// Packets that are held back: some 40 MB with what is to be said of them.
const HELD: usize = 32 * 1024;
/// Nanoseconds, as powers of ten.
const NANOSECONDS: u8 = 9;
/// `epb_flags`: which way a packet went.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// Writes packets, and says at the end what became of them.
pub struct Pcapng {
    out: Out,
    notes: Box<dyn Write>,
    name: String,
    clock: WallClock,
    window: Window,
    interfaces: HashMap<(u32, Option<Name>), u32>,
    counts: Counts,
}

/// The file: the section begins with the first line.
enum Out {
    Closed,
    New(Whole),
    Open(Box<PcapNgWriter<BufWriter<Whole>>>),
}

#[derive(Default)]
struct Counts {
    shown: u64,
    packets: u64,
    left_out: LeftOut,
    mixed: u64,
}

impl Pcapng {
    /// Of a recording with this clock; `notes` is told what was written, at the end.
    #[must_use]
    pub fn new(out: Whole, clock: WallClock, notes: Box<dyn Write>) -> Self {
        let name = out.name().to_owned();
        let (window, interfaces, counts) = (Window::new(HELD), HashMap::new(), Counts::default());
        Self { out: Out::New(out), notes, name, clock, window, interfaces, counts }
    }

    fn begin(&mut self, start: &Start) -> io::Result<()> {
        let Out::New(out) = std::mem::replace(&mut self.out, Out::Closed) else { return Ok(()) };
        let out = BufWriter::with_capacity(64 * 1024, out);
        let writer = PcapNgWriter::with_section_header(out, section(start)).map_err(plain)?;
        self.out = Out::Open(Box::new(writer));
        Ok(())
    }

    /// A line for the first time or, with `again`, in other words.
    fn result(&mut self, line: &Line, id: u64, packets: Option<&Packets>, again: bool) -> io::Result<()> {
        let Some(comment) = Comment::of(line) else { return Ok(()) };
        if again {
            self.window.say_again(id, comment);
            return Ok(());
        }
        self.counts.shown += 1;
        if let Some(packets) = packets {
            self.counts.left_out.add(packets.left_out);
            self.window.add(id, comment, packets.list.clone());
        }
        while let Some(leaving) = self.window.overflow() {
            self.packet(leaving)?;
        }
        Ok(())
    }

    fn packet(&mut self, leaving: Leaving) -> io::Result<()> {
        let Leaving { packet, comment } = leaving;
        let Some(rebuilt) = headers::rebuilt(&packet.headers) else {
            self.counts.mixed += 1;
            return Ok(());
        };
        let interface_id = self.interface(&packet)?;
        let mut options = vec![EnhancedPacketOption::Comment(Cow::Owned(comment))];
        options.extend(direction(packet.part).map(EnhancedPacketOption::Flags));
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: self.clock.since_1970(packet.time),
            original_len: rebuilt.length,
            data: Cow::Owned(rebuilt.bytes),
            options,
        };
        self.counts.packets += 1;
        self.write(|writer| writer.write_pcapng_block(block))
    }

    /// The number of the packet's interface.
    fn interface(&mut self, packet: &Packet) -> io::Result<u32> {
        let key = (packet.netns.inum, packet.device.clone());
        if let Some(number) = self.interfaces.get(&key) {
            return Ok(*number);
        }
        let number = self.interfaces.len() as u32;
        let name = interface_name(&packet.netns, packet.device.as_deref());
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: headers::SNAPLEN,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Owned(name)),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        self.write(|writer| writer.write_pcapng_block(block))?;
        self.interfaces.insert(key, number);
        Ok(number)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut PcapNgWriter<BufWriter<Whole>>) -> PcapResult<usize>,
    ) -> io::Result<()> {
        match &mut self.out {
            Out::Open(writer) => write(writer).map(|_| ()).map_err(plain),
            Out::New(_) | Out::Closed => Err(io::Error::other("a packet outside of the section")),
        }
    }

    /// All that is held is written, and the file is there.
    fn end(&mut self) -> io::Result<()> {
        while let Some(leaving) = self.window.leave() {
            self.packet(leaving)?;
        }
        if let Out::Open(writer) = std::mem::replace(&mut self.out, Out::Closed) {
            writer.into_inner().into_inner()?.finish()?;
        }
        self.notes.write_all(self.counts.words(&self.name, self.interfaces.len()).as_bytes())
    }
}

impl Sink for Pcapng {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Start(start) => self.begin(start),
            Line::Attempt(attempt) => {
                self.result(line, attempt.id, attempt.packets.as_deref(), attempt.was.is_some())
            }
            Line::Reset(reset) => self.result(line, reset.id, reset.packets.as_deref(), reset.was.is_some()),
            Line::Drop(drop) => self.result(line, drop.id, drop.packets.as_deref(), false),
            Line::Death(death) => self.result(line, death.id, death.packets.as_deref(), false),
            // No packet belongs to a bind() or listen(), and losses stand in the summary.
            Line::Call(_) | Line::Loss(_) => Ok(()),
            Line::Summary(_) => self.end(),
        }
    }

    /// Nobody reads the file before it is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.counts.shown
    }
}

fn section(start: &Start) -> SectionHeaderBlock<'static> {
    let Start { tcpx, kernel, arch, .. } = start;
    let application = format!("tcpx {}", env!("CARGO_PKG_VERSION"));
    let comment = format!(
        "Packets that tcpx {tcpx} knew of on Linux {kernel} ({arch}); this is no capture of all traffic. Their headers are \
         rebuilt from the fields that were recorded: addresses, ports, sequence numbers, flags, window, TTL, IP identification \
         and length. TCP checksums were not recorded and are 0; TCP options, DSCP, fragment bits and payload are not there. \
         What was not seen of a single packet is said in its comment, beside the verdict."
    );
    SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Comment(Cow::Owned(escape(&comment).into_owned())),
            SectionHeaderOption::Hardware(Cow::Owned(escape(arch).into_owned())),
            SectionHeaderOption::OS(Cow::Owned(format!("Linux {}", escape(kernel)))),
            SectionHeaderOption::UserApplication(Cow::Owned(application)),
        ],
        ..SectionHeaderBlock::default()
    }
}

/// `netns web eth0`, by number where there is no name; without the device where that is not known.
fn interface_name(netns: &Netns, device: Option<&str>) -> String {
    let of = match (&netns.name, netns.inum) {
        (Some(name), _) => escape(name).into_owned(),
        (None, 0) => "unknown".to_owned(),
        (None, inum) => inum.to_string(),
    };
    device.map_or_else(|| format!("netns {of}"), |device| format!("netns {of} {}", escape(device)))
}

/// What was dropped may have been on its way in or out.
const fn direction(part: Part) -> Option<u32> {
    match part {
        Part::Syn | Part::SynAgain | Part::RstSent(_) => Some(OUTBOUND),
        Part::Arrived | Part::Answered | Part::RstReceived(_) | Part::Icmp => Some(INBOUND),
        Part::Dropped => None,
    }
}

fn plain(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

impl Counts {
    fn words(&self, name: &str, interfaces: usize) -> String {
        let many = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut text = format!(
            "wrote {} of {} on {} into {}\n",
            many(self.packets, "packet"),
            many(self.shown, "result"),
            many(interfaces as u64, "interface"),
            escape(name),
        );
        let LeftOut { syns, resets, drops, icmp } = self.left_out;
        let reasons: Vec<_> = [
            (syns, "SYN", "of unknown time or sequence number"),
            (resets, "RST", "seen only by the socket reached"),
            (drops, "dropped segment", "only counted, not recorded one by one"),
            (icmp, "ICMP error", "sent by this host from an address that was not recorded"),
            (self.mixed, "packet", "with addresses of two families"),
        ]
        .into_iter()
        .filter(|reason| reason.0 > 0)
        .map(|(count, what, why)| format!("  {} {why}\n", many(count, what)))
        .collect();
        if !reasons.is_empty() {
            text.push_str("not written, as too little of it was recorded:\n");
            text.extend(reasons);
        }
        text
    }
}

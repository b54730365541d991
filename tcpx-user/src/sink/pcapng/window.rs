//! Packets that are held back for a while, so that they come in the order of their times, once each, and with the last word about
//! them. Bounded: where more are held than that, the earliest goes.

use std::collections::{BTreeMap, HashMap};

use smallvec::SmallVec;

use super::comment::Comment;
use crate::{
    correlate::key::ONE_SEGMENT_NS,
    packet::{BEFORE_AGAIN_NS, Headers, Packet, Part, Tcp},
};

/// A name in the order: its time, and which it was of those that came.
type Place = (u64, u64);

/// The packets, and what is to be said of them.
pub(super) struct Window {
    limit: usize,
    came: u64,
    held: BTreeMap<Place, (u64, Packet)>,
    same: HashMap<Identity, SmallVec<[Place; 1]>>,
    comments: HashMap<u64, (Comment, usize)>,
}

/// What two sightings of one packet have in common.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    netns: u32,
    headers: Headers,
}

/// A packet that goes, with its words.
pub(super) struct Leaving {
    pub(super) packet: Packet,
    pub(super) comment: String,
}

impl Window {
    /// Holds so many.
    pub(super) fn new(limit: usize) -> Self {
        let (held, same, comments) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Self { limit, came: 0, held, same, comments }
    }

    /// Adds the packets of a line, but for those that are there already.
    pub(super) fn add(&mut self, line: u64, comment: Comment, packets: Vec<Packet>) {
        if packets.is_empty() {
            return;
        }
        self.comments.insert(line, (comment, packets.len()));
        for packet in packets {
            self.add_one(line, packet);
        }
    }

    fn add_one(&mut self, line: u64, packet: Packet) {
        let identity = Identity::of(&packet);
        let known = self.same.get(&identity).into_iter().flatten().copied().find(|place| {
            let other = self.held.get(place);
            other.is_some_and(|(_, other)| is_same(other, &packet))
        });
        match known.and_then(|place| Some((place, &mut self.held.get_mut(&place)?.1))) {
            Some((place, other)) if is_of_socket(other) && !is_of_socket(&packet) => {
                // What was seen says more than what a socket tells.
                if let Some((other, _)) = self.take(place) {
                    self.forget_one(other);
                }
                self.insert(line, packet);
            }
            // Of two that are one, the device may be known for the second alone.
            Some((_, other)) => {
                other.device = other.device.take().or(packet.device);
                self.forget_one(line);
            }
            None => self.insert(line, packet),
        }
    }

    fn insert(&mut self, line: u64, packet: Packet) {
        let place = (packet.time, self.came);
        self.came += 1;
        self.same.entry(Identity::of(&packet)).or_default().push(place);
        self.held.insert(place, (line, packet));
    }

    fn take(&mut self, place: Place) -> Option<(u64, Packet)> {
        let (line, packet) = self.held.remove(&place)?;
        let identity = Identity::of(&packet);
        if let Some(places) = self.same.get_mut(&identity) {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.same.remove(&identity);
            }
        }
        Some((line, packet))
    }

    /// A line is told anew: its packets that are still here say so.
    pub(super) fn say_again(&mut self, line: u64, comment: Comment) {
        if let Some((said, _)) = self.comments.get_mut(&line) {
            *said = comment;
        }
    }

    /// The earliest, if there are too many.
    pub(super) fn overflow(&mut self) -> Option<Leaving> {
        if self.held.len() > self.limit { self.leave() } else { None }
    }

    /// The earliest, if there is one.
    pub(super) fn leave(&mut self) -> Option<Leaving> {
        let (&place, _) = self.held.first_key_value()?;
        let (line, packet) = self.take(place)?;
        let comment = self.comments.get(&line).map(|(comment, _)| comment.with(&packet)).unwrap_or_default();
        self.forget_one(line);
        Some(Leaving { packet, comment })
    }

    fn forget_one(&mut self, line: u64) {
        let left = self.comments.get_mut(&line).map(|(_, left)| {
            *left -= 1;
            *left
        });
        if left == Some(0) {
            self.comments.remove(&line);
        }
    }
}

impl Identity {
    /// What may be known of one sighting and not of another is left out.
    fn of(packet: &Packet) -> Self {
        let headers = match packet.headers {
            Headers::Tcp(tcp) => Headers::Tcp(Tcp { window: None, ip_id: None, ttl: None, ..tcp }),
            Headers::Icmp(icmp) => Headers::Icmp(icmp),
        };
        Self { netns: packet.netns.inum, headers }
    }
}

/// Two sightings of one packet: near in time, and nothing that is known of both tells them apart.
fn is_same(one: &Packet, other: &Packet) -> bool {
    fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_none_or(|(one, other)| one == other)
    }
    let apart = match (is_of_socket(one), is_of_socket(other)) {
        // A socket tells of each SYN once.
        (true, true) => 0,
        // It may be a while on its way, but comes before it is sent again.
        (true, false) | (false, true) => BEFORE_AGAIN_NS,
        (false, false) => ONE_SEGMENT_NS,
    };
    let device = fits(one.device.as_ref(), other.device.as_ref());
    one.time.abs_diff(other.time) <= apart
        && device
        && match (&one.headers, &other.headers) {
            (Headers::Tcp(one), Headers::Tcp(other)) => fits(one.ip_id.as_ref(), other.ip_id.as_ref()),
            _ => true,
        }
}

const fn is_of_socket(packet: &Packet) -> bool {
    matches!(packet.part, Part::Syn | Part::SynAgain)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::sink::{
        pcapng::testing::{packet, syn},
        samples,
    };

    fn comment() -> Comment {
        Comment::of(&samples::attempt()).expect("it may have packets")
    }

    fn window(limit: usize, packets: &[(u64, Packet)]) -> Window {
        let mut window = Window::new(limit);
        for (line, packet) in packets {
            window.add(*line, comment(), vec![packet.clone()]);
        }
        window
    }

    fn rest(window: &mut Window) -> Vec<Packet> {
        let left: Vec<_> = std::iter::from_fn(|| window.leave()).map(|leaving| leaving.packet).collect();
        assert!(window.same.is_empty() && window.comments.is_empty(), "nothing is kept of what has gone");
        left
    }

    /// A segment that was seen, not one that a socket tells of.
    fn seen(time: u64, seq: u32) -> Packet {
        packet(time, Part::Arrived, syn(seq))
    }

    fn numbered(time: u64, seq: u32) -> (u64, Packet) {
        (u64::from(seq), packet(time, Part::Syn, syn(seq)))
    }

    #[test]
    fn the_earliest_goes_when_there_are_too_many() {
        let mut window = window(2, &[numbered(30, 1), numbered(10, 2), numbered(20, 3)]);
        assert_eq!(window.overflow().map(|leaving| leaving.packet.time), Some(10));
        assert!(window.overflow().is_none());
        assert_eq!(rest(&mut window).iter().map(|packet| packet.time).collect::<Vec<_>>(), [20, 30]);
    }

    #[test]
    fn one_packet_that_two_lines_tell_of_is_there_once() {
        let blind = seen(100, 1);
        let whole = Packet { device: Some("lo".into()), time: 105, ..blind.clone() };
        let mut window = window(9, &[(1, blind), (2, whole.clone()), (3, whole)]);
        let left = rest(&mut window);
        assert_eq!((left.len(), left[0].time, left[0].device.as_deref()), (1, 100, Some("lo")));
    }

    #[test]
    fn what_was_seen_takes_the_place_of_what_a_socket_tells() {
        let (told, arrived) = (packet(100, Part::Syn, syn(1)), seen(100 + BEFORE_AGAIN_NS, 1));
        for lines in [[(1, told.clone()), (2, arrived.clone())], [(2, arrived.clone()), (1, told.clone())]] {
            let left = rest(&mut window(9, &lines));
            assert_eq!(left, slice::from_ref(&arrived));
        }
        let again = packet(101, Part::SynAgain, syn(1));
        assert_eq!(rest(&mut window(9, &[(1, told), (1, again)])).len(), 2, "a socket knows what it sent");
    }

    #[test]
    fn another_device_namespace_number_or_time_is_another_packet() {
        let one = seen(100, 1);
        let on = |device: &str| Packet { device: Some(device.into()), ..one.clone() };
        let mut elsewhere = one.clone();
        elsewhere.netns.inum += 1;
        let again = Packet { time: 100 + 2 * ONE_SEGMENT_NS, ..one.clone() };
        let other_id = |ip_id| {
            let Headers::Tcp(tcp) = one.headers else { unreachable!("a SYN") };
            Packet { headers: Headers::Tcp(Tcp { ip_id: Some(ip_id), ..tcp }), ..again.clone() }
        };
        let all = [on("eth0"), on("eth1"), elsewhere, other_id(1), other_id(2), seen(100, 2)];
        let numbered: Vec<_> = (1..).zip(all).collect();
        assert_eq!(rest(&mut window(9, &numbered)).len(), numbered.len());
    }

    #[test]
    fn the_last_word_is_written() {
        let mut window = window(9, &[numbered(1, 7)]);
        let again = Comment::of(&samples::drop_line()).expect("it may have packets");
        window.say_again(7, again.clone());
        window.say_again(8, again);
        let said = window.leave().expect("a packet").comment;
        assert!(said.contains("accept-queue-full"), "{said}");
        assert!(rest(&mut window).is_empty());
    }
}

//! [`Contest`]: ours beside the floor, the plain version and the peers, in rotated rounds.

use std::time::Duration;

use crate::clock::share_of_core;
use crate::row::{Other, Row};
use crate::settings::Settings;

/// Plays once and says how long the part that counts took.
pub type Play<'a> = Box<dyn FnMut() -> Duration + 'a>;

/// Somebody else who times contestants, as Criterion does.
pub trait Stage: std::fmt::Debug {
    /// Plays everybody as often as it likes. The row says which operation and workload it is, and how
    /// many operations a play has.
    fn play(&self, row: &Row, contestants: Vec<(String, Play<'_>)>);
}

/// A core had less of the thread than this: something else ran.
const SHARE_MIN: f64 = 0.97;
/// Ratios of rounds that lie further apart, in parts of the median, say little.
const SPAN_MAX: f64 = 0.3;

/// Ours beside the floor, the plain version and the peers.
///
/// Every round plays everybody once, each round in another order, and takes ratios within the round.
/// Who makes a contest has asserted before that all give equal results.
pub struct Contest<'a> {
    row: Row,
    is_judged_by_share: bool,
    contestants: Vec<(Role, Play<'a>)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Role {
    Ours,
    Floor,
    Plain,
    Other { name: String, is_peer: bool },
}

impl Role {
    fn to_name(&self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::Floor => "floor".to_owned(),
            Self::Plain => "plain".to_owned(),
            Self::Other { name, .. } => name.replace(' ', "-"),
        }
    }
}

impl std::fmt::Debug for Contest<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let roles: Vec<&Role> = self.contestants.iter().map(|(role, _)| role).collect();
        formatter.debug_struct("Contest").field("row", &self.row).field("roles", &roles).finish()
    }
}

impl<'a> Contest<'a> {
    /// A contest over one workload of one operation.
    #[must_use]
    pub fn new(name: &str, params: impl Into<String>) -> Self {
        let row = Row { ops: 1, ..Row::new(name, params) };
        Self { row, is_judged_by_share: true, contestants: Vec::new() }
    }

    /// How many operations one play has; times are told for one of them.
    #[must_use]
    pub fn operations(mut self, operations: usize) -> Self {
        self.row.ops = u64::try_from(operations).unwrap_or(u64::MAX).max(1);
        self
    }

    /// The work waits for a disk or runs on several threads: it is told by the wall, and the share of
    /// a core says nothing.
    #[must_use]
    pub const fn on_the_wall(mut self) -> Self {
        self.is_judged_by_share = false;
        self
    }

    /// What this engine does.
    #[must_use]
    pub fn ours(self, play: impl FnMut() -> Duration + 'a) -> Self {
        self.with(Role::Ours, play)
    }

    /// The work that cannot be avoided.
    #[must_use]
    pub fn floor(self, play: impl FnMut() -> Duration + 'a) -> Self {
        self.with(Role::Floor, play)
    }

    /// The version that is obviously right.
    #[must_use]
    pub fn plain(self, play: impl FnMut() -> Duration + 'a) -> Self {
        self.with(Role::Plain, play)
    }

    /// A product of the same kind, with its version: `lobster 0.7`.
    #[must_use]
    pub fn peer(self, name: &str, play: impl FnMut() -> Duration + 'a) -> Self {
        self.with(Role::Other { name: name.to_owned(), is_peer: true }, play)
    }

    /// A structure of a library that could stand in the place of ours: `BTreeSet`.
    #[must_use]
    pub fn structure(self, name: &str, play: impl FnMut() -> Duration + 'a) -> Self {
        self.with(Role::Other { name: name.to_owned(), is_peer: false }, play)
    }

    fn with(mut self, role: Role, play: impl FnMut() -> Duration + 'a) -> Self {
        self.contestants.push((role, Box::new(play)));
        self
    }

    /// Plays all rounds; on a stage, has it play, and the row stays without figures.
    ///
    /// # Panics
    ///
    /// When nobody plays for us.
    #[must_use]
    pub fn run(mut self, settings: &Settings) -> Row {
        let is_ours = |(role, _): &(Role, Play<'_>)| *role == Role::Ours;
        assert!(self.contestants.iter().any(is_ours), "a contest has somebody of ours");
        if let Some(stage) = &settings.stage {
            let named = |(role, play): (Role, Play<'a>)| (role.to_name(), play);
            stage.play(&self.row, self.contestants.into_iter().map(named).collect());
            return self.row;
        }
        if !settings.quick {
            // Pages and caches are as warm for the first as for the last.
            for (_, play) in &mut self.contestants {
                play();
            }
        }
        let (mut times, mut shares) = (vec![Vec::new(); self.contestants.len()], Vec::new());
        for round in 0..settings.rounds() {
            for who in rotated(self.contestants.len(), round) {
                let (share, time) = share_of_core(&mut self.contestants[who].1);
                times[who].push(time.as_secs_f64() * 1e9);
                shares.push(share);
            }
        }
        let is_robbed = self.is_judged_by_share && median(shares) < SHARE_MIN;
        let roles = self.contestants.into_iter().map(|(role, _)| role).collect();
        fill(self.row, is_robbed, roles, &times)
    }
}

/// The contestants in the order in which a round plays them.
fn rotated(contestants: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..contestants).map(move |place| (round + place) % contestants)
}

/// Puts what the rounds took into the row: by contestant, the nanoseconds of each round.
fn fill(mut row: Row, is_robbed: bool, roles: Vec<Role>, times: &[Vec<f64>]) -> Row {
    let ours = roles.iter().position(|role| *role == Role::Ours).map_or(&[][..], |at| &times[at]);
    let each = |times: &[f64]| median(times.to_vec()) / operations(&row);
    let (mut is_spread, ns_per_op) = (false, each(ours));
    let mut ratio = |over: &[f64], under: &[f64]| {
        let ratios = Ratios::of(over, under);
        is_spread |= ratios.span() > SPAN_MAX;
        ratios
    };
    let (mut floor, mut plain, mut others) = (None, None, Vec::new());
    for (role, theirs) in roles.into_iter().zip(times) {
        match role {
            Role::Ours => {}
            Role::Floor => floor = Some((each(theirs), ratio(ours, theirs))),
            Role::Plain => plain = Some((each(theirs), ratio(theirs, ours))),
            Role::Other { name, is_peer } => {
                let (ns_per_op, ratio) = (each(theirs), ratio(theirs, ours).median);
                others.push(Other { name, is_peer, ns_per_op, ratio });
            }
        }
    }
    let best = others.iter().filter(|other| other.is_peer);
    let best = best.min_by(|a, b| a.ratio.total_cmp(&b.ratio));
    row.peer = best.map(|best| best.name.clone());
    row.ratio_peer = best.map(|best| best.ratio);
    (row.ns_per_op, row.others) = (ns_per_op, others);
    row.floor_ns = floor.map(|(ns, _)| ns);
    row.ratio_floor = floor.map(|(_, ratios)| ratios.median);
    row.floor_span = floor.map(|(_, ratios)| [ratios.least, ratios.most]);
    row.plain_ns = plain.map(|(ns, _)| ns);
    row.ratio_plain = plain.map(|(_, ratios)| ratios.median);
    row.noisy = is_robbed || is_spread;
    row
}

fn operations(row: &Row) -> f64 {
    row.ops.max(1) as f64
}

/// The ratios of two contestants, one for each round.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ratios {
    least: f64,
    median: f64,
    most: f64,
}

impl Ratios {
    fn of(over: &[f64], under: &[f64]) -> Self {
        let ratios = over.iter().zip(under).map(|(over, under)| over / under.max(1.0));
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let [least, most] = [ratios.first(), ratios.last()].map(|end| end.copied().unwrap_or(0.0));
        Self { least, median: median(ratios), most }
    }

    /// How far the rounds lie apart, in parts of the median.
    fn span(&self) -> f64 {
        (self.most - self.least) / self.median.max(f64::MIN_POSITIVE)
    }
}

/// The middle value, the upper one of two; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    fn nanos(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    /// A contest whose contestants took what is listed, round by round.
    fn played(ours: &[u64], floor: &[u64], plain: &[u64], peers: [&[u64]; 2]) -> Row {
        let play = |times: &[u64]| {
            let mut times: Vec<u64> = times.iter().rev().copied().collect();
            move || nanos(times.pop().unwrap())
        };
        Contest::new("a/b", "k=1")
            .operations(10)
            .on_the_wall()
            .ours(play(ours))
            .floor(play(floor))
            .plain(play(plain))
            .peer("far 1.0", play(peers[0]))
            .peer("near 2.0", play(peers[1]))
            .structure("list", play(&[30, 30, 30]))
            .run(&Settings::quick())
    }

    #[test]
    fn ratios_are_medians_of_those_within_a_round() {
        // The machine is twice as slow in the second round, and the ratios stay.
        let row = played(
            &[100, 200, 100],
            &[50, 100, 50],
            &[300, 600, 300],
            [&[900, 1_800, 900], &[400, 800, 440]],
        );
        assert_eq!((row.ns_per_op, row.floor_ns, row.plain_ns), (10.0, Some(5.0), Some(30.0)));
        assert_eq!((row.ratio_floor, row.ratio_plain), (Some(2.0), Some(3.0)));
        assert_eq!((row.peer.as_deref(), row.ratio_peer), (Some("near 2.0"), Some(4.0)));
        assert_eq!(row.floor_span, Some([2.0, 2.0]));
        assert_eq!(row.others.len(), 3);
        assert!(row.others[0].is_peer && !row.others[2].is_peer);
    }

    #[test]
    fn a_stage_is_given_everybody_by_name_instead_of_rounds() {
        #[derive(Debug, Default)]
        struct Once(RefCell<Vec<(String, Duration)>>);
        impl Stage for Once {
            fn play(&self, row: &Row, contestants: Vec<(String, Play<'_>)>) {
                assert_eq!((row.name.as_str(), row.params.as_str(), row.ops), ("a/b", "k=1", 7));
                let played = contestants.into_iter().map(|(by, mut play)| (by, play()));
                self.0.borrow_mut().extend(played);
            }
        }
        let stage = Rc::new(Once::default());
        let settings = Settings { stage: Some(stage.clone()), ..Settings::quick() };
        let contest = Contest::new("a/b", "k=1").operations(7).ours(|| nanos(1));
        let contest = contest.floor(|| nanos(2)).plain(|| nanos(3));
        let contest = contest.peer("far 1.0", || nanos(4)).structure("a list", || nanos(5));
        let row = contest.run(&settings);
        assert_eq!(row, Row { ops: 7, ..Row::new("a/b", "k=1") });
        let names = ["ours", "floor", "plain", "far-1.0", "a-list"].map(str::to_owned);
        let expected: Vec<_> = names.into_iter().zip([1, 2, 3, 4, 5].map(nanos)).collect();
        assert_eq!(*stage.0.borrow(), expected);
    }

    #[test]
    fn a_structure_is_no_peer_however_fast_and_spread_rounds_are_noisy() {
        let steady = [100, 100, 100];
        let row = played(&steady, &steady, &steady, [&steady, &[200, 200, 200]]);
        assert_eq!((row.peer.as_deref(), row.ratio_peer), (Some("far 1.0"), Some(1.0)));
        assert!(!row.noisy);
        let row = played(&steady, &[100, 50, 100], &steady, [&steady, &steady]);
        assert_eq!((row.ratio_floor, row.floor_span), (Some(1.0), Some([1.0, 2.0])));
        assert!(row.noisy);
    }

    #[test]
    fn every_round_begins_with_another_contestant() {
        let order = RefCell::new(String::new());
        let play = |name: char| {
            let order = &order;
            move || {
                order.borrow_mut().push(name);
                nanos(1)
            }
        };
        let contest = Contest::new("a/b", "").on_the_wall().ours(play('o')).floor(play('f'));
        let _ = contest.plain(play('p')).run(&Settings::quick());
        assert_eq!(order.borrow().as_str(), "ofpfpopof");
    }

    #[test]
    fn a_thread_that_waits_is_noisy_unless_it_is_told_by_the_wall() {
        let wait = || {
            std::thread::sleep(Duration::from_millis(5));
            nanos(100)
        };
        assert!(Contest::new("a/b", "").ours(wait).run(&Settings::quick()).noisy);
        assert!(!Contest::new("a/b", "").on_the_wall().ours(wait).run(&Settings::quick()).noisy);
    }

    #[test]
    fn the_median_is_the_middle_and_ratios_never_divide_by_nothing() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(Ratios::of(&[5.0], &[0.0]).median, 5.0);
        assert_eq!(Ratios::of(&[], &[]), Ratios { least: 0.0, median: 0.0, most: 0.0 });
    }
}

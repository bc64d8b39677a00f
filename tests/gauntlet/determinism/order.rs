//! [`Order`]: the order in which things are done that may be done in any order; and checking
//! signatures on threads, in that order.

use std::sync::Mutex;

use undercut::{CommandRejection, SignedCommand, VerifiedCommand};
use undercut_simulation::{CheckSignatures, Stream};

/// As things come, or shuffled by a number.
#[derive(Clone, Debug)]
pub(super) struct Order(Option<Stream>);

impl Order {
    /// As things come for 0; shuffled otherwise, for each `seed` in a way of its own.
    pub(super) fn new(shuffle: u64, seed: u64) -> Self {
        Self((shuffle > 0).then(|| Stream::new(seed, &format!("shuffle {shuffle}"))))
    }

    /// Whether things are shuffled.
    pub(super) const fn is_shuffled(&self) -> bool {
        self.0.is_some()
    }

    /// These things in this order.
    pub(super) fn of<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        let Some(stream) = &mut self.0 else { return things };
        for last in (1..things.len()).rev() {
            let most = u64::try_from(last).unwrap_or(u64::MAX);
            things.swap(last, usize::try_from(stream.between(0, most)).unwrap_or(last));
        }
        things
    }

    /// Whose turn it is, until everybody has had all turns: `turns` of each, by number.
    pub(super) fn arrival(&mut self, turns: &[usize]) -> Vec<usize> {
        let turns = turns.iter().enumerate();
        self.of(turns.flat_map(|(who, turns)| vec![who; *turns]).collect())
    }

    /// Checking signatures in this order on a number of threads.
    pub(super) fn signatures(&self, threads: usize) -> Threads {
        Threads { threads, order: Mutex::new(self.clone()) }
    }
}

/// Checks signatures on this many threads, each taking the next one that nobody has.
#[derive(Debug)]
pub(super) struct Threads {
    threads: usize,
    order: Mutex<Order>,
}

type Answer = Result<VerifiedCommand, CommandRejection>;

impl CheckSignatures for Threads {
    fn check(&self, chain_id: &str, commands: Vec<SignedCommand>) -> Vec<Answer> {
        let numbered = commands.into_iter().enumerate().collect();
        // A thread that panicked has ended the play; what it held is not asked for.
        let mut order = self.order.lock().unwrap_or_else(|held| held.into_inner());
        let queue = Mutex::new(order.of(numbered));
        let next = || queue.lock().unwrap_or_else(|held| held.into_inner()).pop();
        let work = || {
            let mut answers: Vec<(usize, Answer)> = Vec::new();
            while let Some((at, command)) = next() {
                answers.push((at, command.verify(chain_id)));
            }
            answers
        };
        let mut answers = if self.threads == 1 {
            work()
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..self.threads).map(|_| scope.spawn(work)).collect();
                workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
            })
        };
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

//! [`SignatureChecks`]: signatures on all cores, commands in order on one.
//!
//! The commands are cut into windows. Threads take windows as they come free; the caller's thread
//! takes the answers in order as soon as they are there, and a window of its own when they are not.
//! So no core waits while there is work, and what the caller does with the answers is done by one
//! thread in one order.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use undercut_primitives::crypto::Verifier;

use crate::{CommandRejection, SignedCommand, VerifiedCommand, verify_commands};

/// Fewer commands than this are not worth a thread.
const WINDOW_MIN: usize = 8;

/// More than this keep the caller's thread waiting for the first answers.
const WINDOW_MAX: usize = 1_024;

type Answers = Vec<Result<VerifiedCommand, CommandRejection>>;

/// Checks signatures on several threads and keeps for each what it learnt about keys.
#[derive(Debug)]
pub struct SignatureChecks {
    verifiers: Vec<Verifier>,
}

impl SignatureChecks {
    /// Checks on so many threads, the caller's among them.
    #[must_use]
    pub fn new(threads: NonZeroUsize) -> Self {
        Self { verifiers: (0..threads.get()).map(|_| Verifier::new()).collect() }
    }

    /// Checks on as many threads as the machine has cores.
    #[must_use]
    pub fn on_all_cores() -> Self {
        Self::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// [`verify_commands`] on all threads.
    pub fn check(&mut self, commands: Vec<SignedCommand>, chain_id: &str) -> Answers {
        let mut answers = Vec::with_capacity(commands.len());
        self.check_each(commands, chain_id, |answer| answers.push(answer));
        answers
    }

    /// Calls `then` with the answer to each command, in their order and on the caller's thread,
    /// while other threads check the commands that follow.
    pub fn check_each(
        &mut self,
        commands: Vec<SignedCommand>,
        chain_id: &str,
        mut then: impl FnMut(Result<VerifiedCommand, CommandRejection>),
    ) {
        let threads = self.verifiers.len();
        let window = commands.len().div_ceil(threads.max(1)).clamp(WINDOW_MIN, WINDOW_MAX);
        let windows = commands.len().div_ceil(window);
        let Some((own, others)) = self.verifiers.split_first_mut() else { return };
        let work = Work::new(commands, window);
        thread::scope(|scope| {
            for verifier in others.iter_mut().take(windows.saturating_sub(1)) {
                let work = &work;
                scope.spawn(move || {
                    let _alarm = Alarm(work);
                    while work.check_one(chain_id, verifier) {}
                });
            }
            for number in 0..windows {
                work.answers_of(number, chain_id, own).into_iter().for_each(&mut then);
            }
        });
    }
}

/// What the threads share.
struct Work {
    window: usize,
    state: Mutex<State>,
    is_answered: Condvar,
}

struct State {
    commands: vec::IntoIter<SignedCommand>,
    /// How many windows were taken.
    taken: usize,
    /// By the number of the window.
    answers: BTreeMap<usize, Answers>,
    /// A thread panicked, so that answers will be missing.
    is_broken: bool,
}

/// Wakes the caller's thread when its own panics. The scope then passes the panic on.
struct Alarm<'a>(&'a Work);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().is_broken = true;
            self.0.is_answered.notify_one();
        }
    }
}

impl Work {
    fn new(commands: Vec<SignedCommand>, window: usize) -> Self {
        let commands = commands.into_iter();
        let state = State { commands, taken: 0, answers: BTreeMap::new(), is_broken: false };
        Self { window, state: Mutex::new(state), is_answered: Condvar::new() }
    }

    /// A thread that panicked takes the whole check with it, so nobody sees what it left.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks the next window, or says that there is none.
    fn check_one(&self, chain_id: &str, verifier: &mut Verifier) -> bool {
        let Some((number, commands)) = self.lock().take(self.window) else { return false };
        let answers = verify_commands(commands, chain_id, verifier);
        self.lock().answers.insert(number, answers);
        self.is_answered.notify_one();
        true
    }

    /// The answers of a window. Checks others, or waits, until they are there.
    fn answers_of(&self, number: usize, chain_id: &str, verifier: &mut Verifier) -> Answers {
        loop {
            if let Some(answers) = self.lock().answers.remove(&number) {
                return answers;
            }
            if self.check_one(chain_id, verifier) {
                continue;
            }
            let is_missing =
                |state: &mut State| !state.is_broken && !state.answers.contains_key(&number);
            let wait = self.is_answered.wait_while(self.lock(), is_missing);
            if wait.unwrap_or_else(PoisonError::into_inner).is_broken {
                return Answers::new();
            }
        }
    }
}

impl State {
    /// The next window and its number.
    fn take(&mut self, window: usize) -> Option<(usize, Vec<SignedCommand>)> {
        let commands: Vec<SignedCommand> = self.commands.by_ref().take(window).collect();
        if commands.is_empty() {
            return None;
        }
        let number = self.taken;
        self.taken = number.saturating_add(1);
        Some((number, commands))
    }
}

#[cfg(feature = "handle")]
#[cfg(test)]
mod tests {
    use undercut_primitives::keys::KeyPair;
    use undercut_primitives::{BlockHeight, Coin};

    use super::*;
    use crate::Command;

    const CHAIN: &str = "chain";

    /// So many commands of five signers; every seventh is signed for another chain.
    fn commands(count: u64) -> Vec<SignedCommand> {
        let sign = |number: u64| {
            let chain = if number % 7 == 3 { "other" } else { CHAIN };
            let key = KeyPair::insecure(number % 5, "signer");
            let command = Command::Burn(Coin::uact(number.into()));
            SignedCommand::sign(&key, chain, number, BlockHeight::new(9), command).unwrap()
        };
        (0..count).map(sign).collect()
    }

    fn plain(commands: &[SignedCommand]) -> Answers {
        commands.iter().map(|command| command.clone().verify(CHAIN)).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_answers_of_one_check_after_the_other() {
        for count in [0, 1, 7, 8, 9, 100, 1_100] {
            let commands = commands(count);
            let expected = plain(&commands);
            for threads in [1, 2, 3, 64] {
                let mut checks = SignatureChecks::new(NonZeroUsize::new(threads).unwrap());
                for _ in 0..2 {
                    let found = checks.check(commands.clone(), CHAIN);
                    assert_eq!(found, expected, "{count} commands, {threads} threads");
                }
            }
        }
    }

    #[test]
    fn answers_come_in_order_while_others_are_checked() {
        let commands = commands(3_000);
        let mut checks = SignatureChecks::new(NonZeroUsize::new(2).unwrap());
        let mut found = Vec::new();
        checks.check_each(commands.clone(), CHAIN, |answer| found.push(answer.is_ok()));
        let expected: Vec<bool> = (0..3_000).map(|number| number % 7 != 3).collect();
        assert_eq!(found, expected);
    }
}

//! [`Market`]: an engine, a bank and the model side by side, stepped together and compared.

use undercut::{BlockContext, Engine, Event, Params, SignedCommand};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::Record;
use undercut_ledger::oracle::{OraclePrice, PricePoint};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockTime, Decimal, Digest, LeaseId};

use super::cast::{CHAIN_ID, Draw, GRACE_MAX, Prices, cast};
use super::marks::Marks;
use super::rules::{self, Checks, Failure, View};
use super::script::{Attempt, Envelope, Step, Weather};
use super::seen::{self, Seen};
use crate::model::Model;

/// Every so many steps of a seed all rules are asked in full.
pub(crate) const FULL_EVERY: u64 = 64;

/// A market under test.
pub(crate) struct Market {
    pub(crate) engine: Engine,
    pub(crate) bank: MemoryBank,
    pub(crate) model: Model,
    pub(crate) draw: Draw,
    pub(crate) records: Vec<Record<Event>>,
    pub(crate) log: Vec<u8>,
    pub(crate) seen: Seen,
    pub(crate) marks: Marks,
    pub(crate) checks: Checks,
    steps: u64,
    full_every: u64,
    /// Whether the faults are off, at the end.
    is_fair: bool,
    last_paid: Option<LeaseId>,
}

impl Market {
    /// The market that a seed draws, in its first block; every so many steps all rules are asked.
    pub(crate) fn new(draw: &Draw, full_every: u64) -> Result<Self, Failure> {
        let mut bank = MemoryBank::default();
        let (engine, outcome) = Engine::new(&draw.genesis, &mut bank)
            .map_err(|error| Failure::new("genesis", error.to_string()))?;
        let model = Model::new(&draw.genesis);
        let mut market = Self {
            engine,
            bank,
            model,
            draw: draw.clone(),
            log: outcome.frames.clone(),
            records: Vec::new(),
            seen: Seen::default(),
            marks: Marks::new(&draw.genesis.params),
            checks: Checks::default(),
            steps: 0,
            full_every,
            is_fair: false,
            last_paid: None,
        };
        rules::i10_the_log_is_one_chain(&mut market.seen, &outcome)?;
        market.observe(outcome.records)?;
        market.begin(&super::director::first())?;
        Ok(market)
    }

    /// The model.
    pub(crate) const fn model(&self) -> &Model {
        &self.model
    }

    /// The lease that was paid last in this block.
    pub(crate) const fn last_paid(&self) -> Option<LeaseId> {
        self.last_paid
    }

    /// Does one step, and compares.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), Failure> {
        self.steps += 1;
        match step {
            Step::Block(weather) => {
                self.end()?;
                self.begin(weather)?;
            }
            Step::Attempt(attempt) => self.attempt(attempt)?,
        }
        if self.steps.is_multiple_of(self.full_every) { self.check_in_full() } else { Ok(()) }
    }

    fn begin(&mut self, weather: &Weather) -> Result<(), Failure> {
        let last = *self.engine.state().context();
        let nanos = last.time.to_unix_nanos() + weather.seconds * 1_000_000_000;
        let price = weather.price.map(|(atoms, age)| OraclePrice {
            usd_per_akt: Decimal::from_atoms(atoms),
            published_at: BlockTime::from_unix_nanos(nanos - age),
        });
        let context = BlockContext {
            height: last.height.next().expect("a market is short"),
            time: BlockTime::from_unix_nanos(nanos),
            price,
            entropy: Digest::from_bytes(weather.entropy),
        };
        let begun = self.engine.begin_block(context);
        begun.map_err(|error| Failure::new("block", error.to_string()))?;
        self.model.begin(&context);
        self.last_paid = None;
        Ok(())
    }

    fn attempt(&mut self, attempt: &Attempt) -> Result<(), Failure> {
        let account = cast()[attempt.actor].address;
        let last = self.engine.state().nonce(&account);
        let signed = attempt.sign(last, self.model.height, self.model.keys.get(&account));
        let verdict = match attempt.envelope {
            Envelope::Trailing | Envelope::Mangled(_) => return self.bytes(attempt, &signed),
            envelope if envelope.is_forged() => Err("its signature is not the signer's"),
            _ => self.model.verdict(&signed),
        };
        let before = verdict.is_err().then(|| (self.engine.head(), self.bank.clone()));
        let is_full = before.is_some() && (self.steps + 1).is_multiple_of(self.full_every);
        let root = is_full.then(|| self.engine.state().rebuilt_root());
        let result = self.execute(attempt, &signed);
        match (verdict, result, before) {
            (Ok(()), Ok(()), _) => {
                self.marks.before(&self.model, &signed);
                self.model.accept(&signed);
                self.last_paid = match signed.command {
                    undercut::Command::Withdraw(id) => Some(id),
                    _ => self.last_paid,
                };
                seen::i09_a_command_is_accepted_once(&mut self.seen, &signed)?;
                self.checks.count(9);
                Ok(())
            }
            (Err(_), Err(code), Some((head, bank))) => {
                self.marks.refused(&code);
                let same_root = root.is_none_or(|r| r == self.engine.state().rebuilt_root());
                let same = head == self.engine.head() && bank == self.bank && same_root;
                rules::i13_a_refusal_leaves_no_trace(same, &code)?;
                self.checks.count(13);
                Ok(())
            }
            (Ok(()), Err(code), _) => {
                Err(Failure::new("verdict", format!("refused by {code}, the model accepts it")))
            }
            (Err(why), _, _) => {
                Err(Failure::new("verdict", format!("accepted, the model says that {why}")))
            }
        }
    }

    /// Tries a command; the error is its code.
    fn execute(&mut self, attempt: &Attempt, signed: &SignedCommand) -> Result<(), String> {
        let done = if attempt.is_signed {
            self.engine.execute(&mut self.bank, signed)
        } else {
            match signed.clone().assume_verified(CHAIN_ID) {
                Ok(verified) => self.engine.execute_verified(&mut self.bank, &verified),
                Err(rejection) => Err(rejection.into()),
            }
        };
        done.map(|_| ()).map_err(|rejection| rejection.code().to_string())
    }

    /// Bytes that are no command, or another than was signed.
    fn bytes(&mut self, attempt: &Attempt, signed: &SignedCommand) -> Result<(), Failure> {
        let mut bytes = signed.encode().expect("the command was signed");
        match attempt.envelope {
            Envelope::Mangled(n) => {
                let at = usize::try_from(n).unwrap_or_default() % bytes.len();
                bytes[at] ^= 1 << (n % 8);
            }
            _ => bytes.push(0),
        }
        let Ok(read) = SignedCommand::decode(&bytes, undercut::COMMAND_BYTES_MAX) else {
            return Ok(());
        };
        if read.encode().ok() != Some(bytes) {
            return Err(Failure::new("bytes", "bytes that are not canonical were read".into()));
        }
        match self.engine.execute(&mut self.bank, &read) {
            Ok(_) => Err(Failure::new("bytes", "a changed command was accepted".into())),
            Err(_) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.model.end();
        let waits = self.model.vault.requests.iter().filter(|waits| waits.is_mint).count();
        if self.model.has_crossed {
            self.marks.count("mint-batch-over-threshold");
        }
        let outcome = self.engine.end_block(&mut self.bank);
        let outcome = outcome.map_err(|error| Failure::new("block", error.to_string()))?;
        rules::i10_the_log_is_one_chain(&mut self.seen, &outcome)?;
        self.checks.count(10);
        self.log.extend(&outcome.frames);
        self.observe(outcome.records)?;
        self.compare()?;
        rules::i01_supply_is_conserved(&self.view())?;
        rules::i02_totals_only_grow(&mut self.seen, self.engine.state().vault().books())?;
        rules::i05_bids_are_within_the_cap(&self.view())?;
        rules::i06_losers_have_their_deposits_back(&self.view())?;
        rules::i08_the_recorded_status_is_the_breakers(&self.view())?;
        self.checks.count(1);
        self.checks.count(2);
        self.checks.count(5);
        self.checks.count(6);
        rules::i16_what_was_due_is_over(&self.view())?;
        self.checks.count(8);
        self.checks.count(16);
        if waits > 0 && self.steps > 200 && self.marks.first("snapshot-while-a-mint-waits") {
            super::replaying::fold(self)?;
        }
        Ok(())
    }

    fn observe(&mut self, records: Vec<Record<Event>>) -> Result<(), Failure> {
        self.marks.observe(&records);
        for record in &records {
            self.seen.observe(record, &mut self.checks)?;
        }
        self.records.extend(records);
        Ok(())
    }

    /// What a rule sees.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            state: self.engine.state(),
            bank: &self.bank,
            model: &self.model,
            seen: &self.seen,
            draw: &self.draw,
            is_constant: self.draw.prices == Prices::Constant && !self.is_fair,
        }
    }

    fn check_in_full(&mut self) -> Result<(), Failure> {
        self.compare_rest()?;
        let view = self.view();
        for (_, rule) in rules::FULL {
            rule(&view)?;
        }
        let is_constant = view.is_constant;
        for (number, _) in rules::FULL {
            if number != 15 || is_constant {
                self.checks.count(number);
            }
        }
        Ok(())
    }

    /// Ends the block and the market: faults off, everything has to end, the log has to explain it.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.end()?;
        self.check_in_full()?;
        self.is_fair = true;
        for _ in 0..self.bound() {
            let fair = super::director::fair(self.model.height + 1);
            self.begin(&fair)?;
            self.post_fair_prices()?;
            self.end()?;
            if rules::i16_everything_ends(&self.view()).is_ok() {
                break;
            }
        }
        rules::i16_everything_ends(&self.view())?;
        self.checks.count(16);
        self.check_in_full()?;
        for id in self.model.ended.keys() {
            self.compare_lease(id)?;
        }
        super::replaying::in_full(self)
    }

    /// The blocks in which everything has to end: the longest window, grace or delay, then the next
    /// epochs, then one epoch for each burn; and three for prices to settle.
    fn bound(&self) -> u64 {
        let Params { order, bme, governance, .. } = &self.draw.genesis.params;
        let windows = [order.bid_window, order.choice_window, order.grace_max, governance.delay];
        let window = windows.iter().map(|window| window.to_blocks()).max().unwrap_or_default();
        let vault = &self.model.vault;
        let epoch = vault.next_mint.max(vault.next_redeem).saturating_sub(self.model.height);
        let burns = (vault.requests.len() as u64 + 1) * bme.epoch_blocks_min.to_blocks();
        window.max(GRACE_MAX + 4) + epoch + burns + 3
    }

    /// Without faults every source says the same in every block.
    fn post_fair_prices(&mut self) -> Result<(), Failure> {
        for source in self.model.params.oracle.sources.clone() {
            let last = self.model.posts.get(&source).and_then(|posts| posts.last());
            let nanos = last.map_or(self.model.nanos, |last| last.nanos.max(self.model.nanos));
            let point = PricePoint {
                usd_per_akt: Decimal::from_atoms(super::director::FAIR_PRICE),
                published_at: BlockTime::from_unix_nanos(nanos),
            };
            self.attempt(&Attempt {
                actor: super::commands::position(source),
                command: undercut::Command::PostPrice(point),
                envelope: Envelope::Sound,
                is_signed: self.draw.is_signed,
            })?;
        }
        Ok(())
    }
}

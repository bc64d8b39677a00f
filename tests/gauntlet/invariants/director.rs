//! [`Director`]: what happens next in a market, drawn from its seed: 60 % valid commands, 30 %
//! nearly valid ones, 10 % garbage, borders between blocks, and the weather.

use undercut::Command;
use undercut_primitives::crypto;
use undercut_simulation::Stream;

use super::cast::{Draw, Prices, Role, all};
use super::commands::Scene;
use super::market::Market;
use super::requests;
use super::script::{Attempt, Envelope, Step, Weather};
use super::spoil;
use crate::model::{ATOMS, Model};

/// Commands in a million that are signed and checked for real.
const SIGNED: u64 = 15_625;

/// What AKT is worth when everything has to end, in atoms of a dollar.
pub(crate) const FAIR_PRICE: u128 = 1_000 * ATOMS;

/// Draws the steps of a market.
#[derive(Debug)]
pub(crate) struct Director {
    rng: Stream,
    draw: Draw,
    price: u128,
    /// Providers who have still to register.
    arriving: Vec<usize>,
}

impl Director {
    /// The director of `seed`.
    pub(crate) fn new(seed: u64, draw: &Draw) -> Self {
        let rng = Stream::new(seed, "director");
        Self { rng, draw: draw.clone(), price: ATOMS, arriving: all(Role::Provider).collect() }
    }

    /// The next step.
    pub(crate) fn next(&mut self, market: &Market) -> Step {
        if self.rng.happens(self.draw.block_ends) {
            return Step::Block(self.weather(market.model()));
        }
        let model = market.model();
        let last_paid = market.last_paid();
        let draw = self.draw.clone();
        let price = self.price;
        let mut scene = Scene { model, draw: &draw, rng: &mut self.rng, last_paid, price };
        let arriving = self.arriving.pop();
        if let Some(actor) = arriving {
            let command = Command::RegisterProvider(requests::registration(scene.rng));
            return self.attempt((actor, command), Envelope::Sound);
        }
        let luck = scene.rng.between(0, 9);
        if luck == 9 {
            let asked = spoil::hostile(&mut scene);
            let asked = asked.expect("garbage is always at hand");
            return self.attempt(asked, Envelope::Sound);
        }
        // Some kinds find nothing to do; another one will.
        let asked = (0..8).find_map(|_| scene.valid());
        let Some(mut asked) = asked else { return Step::Block(self.weather(model)) };
        let envelope =
            if luck < 6 { Envelope::Sound } else { spoil::nearly(&mut scene, &mut asked) };
        self.attempt(asked, envelope)
    }

    fn attempt(&mut self, (actor, command): (usize, Command), envelope: Envelope) -> Step {
        let is_signed = envelope.is_forged() || self.draw.is_signed || self.rng.happens(SIGNED);
        Step::Attempt(Box::new(Attempt { actor, command, envelope, is_signed }))
    }

    /// What the host says about the next block.
    pub(crate) fn weather(&mut self, model: &Model) -> Weather {
        let seconds = i64::try_from(self.rng.between(0, 12)).unwrap_or(6);
        let entropy = self.rng.between(0, u64::MAX - 1).to_le_bytes();
        let entropy = *crypto::sha256(&entropy).as_bytes();
        self.move_price(model);
        let age_max = self.draw.genesis.params.oracle.age_max.to_nanos();
        let ahead_max = self.draw.genesis.params.oracle.ahead_max.to_nanos();
        let (oldest, farthest) = (age_max as i64, -(ahead_max as i64));
        let age = if self.rng.happens(self.draw.oracle_faults) {
            *self.rng.pick(&[None, Some(oldest + 1), Some(farthest - 1)]).unwrap_or(&None)
        } else {
            Some(*self.rng.pick(&[0, 0, oldest, farthest]).unwrap_or(&0))
        };
        Weather { seconds, price: age.map(|age| (self.price, age)), entropy }
    }

    fn move_price(&mut self, model: &Model) {
        let teased = self.teasing_price(model);
        let per_mille = match self.draw.prices {
            Prices::Constant => 1_000,
            Prices::Drifting => self.rng.between(999, 1_001),
            Prices::Wandering => self.rng.between(950, 1_050),
            Prices::Crashing if self.rng.happens(60_000) => {
                *self.rng.pick(&[500, 2_000]).unwrap_or(&1_000)
            }
            Prices::Crashing => 1_000,
        };
        let moved = teased.unwrap_or(self.price * u128::from(per_mille) / 1_000);
        // Prices have six digits, as oracles write them.
        let moved = moved / (ATOMS / 1_000_000) * (ATOMS / 1_000_000);
        if (ATOMS / 2..=ATOMS * 2).contains(&moved) {
            self.price = moved;
        }
    }
}

impl Director {
    /// When burns of both kinds wait for the next block's end, the price at which the redemptions
    /// move the collateral ratio over the threshold that the mints depend on.
    fn teasing_price(&mut self, model: &Model) -> Option<u128> {
        let (vault, bme) = (&model.vault, &model.params.bme);
        let both = [true, false].map(|is_mint| vault.requests.iter().any(|r| r.is_mint == is_mint));
        let is_due = vault.next_redeem <= model.height + 1;
        if self.draw.prices != Prices::Drifting || both != [true, true] || !is_due {
            return None;
        }
        let near = u128::from(self.rng.between(1, 40));
        let bps = if model.status().allows_mint() {
            u128::from(bme.halt_ratio_bps) + near
        } else {
            u128::from(bme.resume_ratio_bps).saturating_sub(near)
        };
        Some(vault.supply * bps * (ATOMS / 10_000) / vault.collateral.max(1))
    }
}

/// The weather of the first block: one dollar.
pub(crate) fn first() -> Weather {
    Weather { price: Some((ATOMS, 0)), ..fair(1) }
}

/// The weather of a market without faults: a good price, just published.
pub(crate) fn fair(height: u64) -> Weather {
    let entropy = *crypto::sha256(&height.to_le_bytes()).as_bytes();
    Weather { seconds: 6, price: Some((FAIR_PRICE, 0)), entropy }
}

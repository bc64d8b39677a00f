//! Signed bids on their way into the log, and everyone's way to check their signatures.
//!
//! An [`Intake`] is a market with open orders and bids for them as they come from a socket, 4,096 to
//! a block, one by one or in bundles with one signature each. The way of a bid: decode, digest, signature, decide, record, seal, and a write into the
//! page cache. What differs is who checks the signatures:
//!
//! | who | how |
//! | --- | --- |
//! | ours | `verify_commands` with an adaptive window |
//! | plain | `ed25519-dalek`, `verify_strict`, one at a time, keys read once |
//! | `ed25519-dalek` | `verify_batch` of 256, keys read once; its verdict on odd signatures depends on their neighbours |
//! | `ed25519-zebra` | its batch of 1,024, ZIP-215 as ours; it reads the keys of each batch again |

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::VerifyingKey;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha512};
use undercut::{
    Command, CommandRejection, Params, SignatureChecks, SignedCommand, VerifiedCommand,
};
use undercut_ledger::log::Head;
use undercut_primitives::codec::Canonical as _;
use undercut_primitives::crypto::{Claim, SignatureRejected};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{BlockSpan, PublicKey, Signature};

use crate::market::{CHAIN_ID, Market, keys, new_bid, new_deployment, on_trust, order_of, signed};
use crate::{Generator, PRICE_MAX};

/// Bids in a block, whose signatures are checked together.
pub const BLOCK: usize = 4_096;

/// Bids for one order.
const BIDS_PER_ORDER: usize = 64;

/// Blocks that are decoded before their signatures are checked on several threads.
const BLOCKS_AT_ONCE: usize = 4;

/// Which signatures are wrong. Wrong bids are copies of right ones, so that the others stay sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// So many in a thousand, in the names of all providers.
    Spread(u64),
    /// So many in a thousand, all in the name of one provider.
    OneSigner(u64),
}

impl Garbage {
    /// How many wrong bids come before a right one of this provider.
    fn before(self, provider: usize, providers: usize, generator: &mut Generator) -> u64 {
        let per_mille = match self {
            Self::Spread(per_mille) => per_mille,
            // The one has a share of the bids only, and so more of them are wrong.
            Self::OneSigner(per_mille) if provider == 0 => {
                per_mille * u64::try_from(providers).expect("providers are few")
            }
            Self::OneSigner(_) => 0,
        };
        per_mille / 1000 + u64::from(generator.below(1000) < per_mille % 1000)
    }
}

/// A market with open orders, and signed bids for them.
#[derive(Debug)]
pub struct Intake {
    /// What the signatures are said to be, in the order of the bids.
    pub claims: Vec<Claim>,
    /// How many bids are signed right.
    pub right: usize,
    market: Market,
    /// Commands that bid, encoded.
    commands: Vec<Vec<u8>>,
    /// How many commands a block has.
    per_block: usize,
    is_right: Vec<bool>,
}

/// A list of answers to a list of commands, in their order.
pub type Answers = Vec<Result<VerifiedCommand, CommandRejection>>;

impl Intake {
    /// `bids` bids of so many providers, 64 for each order, in random order.
    #[must_use]
    pub fn new(bids: usize, providers: u64, garbage: Garbage, seed: u64) -> Self {
        let count = usize::try_from(providers).expect("providers are few");
        let mut pairs: Vec<(usize, usize)> =
            (0..bids).map(|number| (number / BIDS_PER_ORDER, number % count)).collect();
        let mut generator = Generator::new(seed);
        for place in (1..pairs.len()).rev() {
            pairs.swap(place, generator.place(place + 1));
        }
        Self::of(&pairs, providers, garbage, generator)
    }

    /// `bids` bids of 64 providers, each of which bids `run` times before the next one does.
    #[must_use]
    pub fn in_runs(bids: usize, run: usize, seed: u64) -> Self {
        let runs = bids / BIDS_PER_ORDER / run;
        let orders = |of: usize| of * run..(of + 1) * run;
        let pairs: Vec<(usize, usize)> = (0..runs)
            .flat_map(|of| (0..BIDS_PER_ORDER).map(move |provider| (of, provider)))
            .flat_map(|(of, provider)| orders(of).map(move |order| (order, provider)))
            .collect();
        Self::of(&pairs, 64, Garbage::Spread(0), Generator::new(seed))
    }

    /// Bids by order and provider, in this order.
    fn of(
        pairs: &[(usize, usize)],
        providers: u64,
        garbage: Garbage,
        mut generator: Generator,
    ) -> Self {
        let orders = u64::try_from(pairs.len() / BIDS_PER_ORDER).expect("orders are few");
        let (providers, tenants) = (keys("provider", providers), keys("tenant", orders));
        let market = market(&providers, &tenants);
        let mut intake = Self::without_bids(market, BLOCK);
        let mut nonces = vec![1; providers.len()];
        for (order, provider) in pairs.iter().copied() {
            nonces[provider] += 1;
            let bid = new_bid(order_of(&tenants[order], 1), 1 + generator.below(PRICE_MAX));
            let good = signed(&providers[provider], nonces[provider], bid);
            for _ in 0..garbage.before(provider, providers.len(), &mut generator) {
                intake.push(&forged(&good), false);
            }
            intake.push(&good, true);
        }
        intake
    }

    fn without_bids(market: Market, per_block: usize) -> Self {
        let (claims, commands, is_right) = (vec![], vec![], vec![]);
        Self { claims, right: 0, market, commands, per_block, is_right }
    }

    /// The same bids in the same blocks with one signature for `size` in a row: the runs of
    /// [`Intake::in_runs`].
    #[must_use]
    pub fn bundled(&self, size: usize) -> Self {
        let providers = keys("provider", 64);
        let mut intake = Self::without_bids(self.market(), self.per_block / size);
        let mut nonces = vec![1; providers.len()];
        for commands in decoded(&self.commands).chunks(size) {
            let is_its = |key: &KeyPair| key.public() == commands[0].signer;
            let provider = providers.iter().position(is_its).expect("a provider bids");
            let bid = |command: &SignedCommand| match &command.command {
                Command::CreateBid(new) => new.clone(),
                other => panic!("{} is no bid", other.kind()),
            };
            let bids = commands.iter().map(bid).collect();
            nonces[provider] += 1;
            let bundle = Command::CreateBids(bids);
            intake.push(&signed(&providers[provider], nonces[provider], bundle), true);
        }
        intake
    }

    fn push(&mut self, command: &SignedCommand, is_right: bool) {
        let verified = command.clone().assume_verified(CHAIN_ID).expect("the command is small");
        self.claims.push(verified.consent().claim());
        self.commands.push(command.encode().expect("the command is small"));
        self.is_right.push(is_right);
        self.right += usize::from(is_right);
    }

    /// How many commands there are: bids, or bundles of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The bytes of a command.
    #[must_use]
    pub fn command_bytes(&self) -> usize {
        self.commands.first().map_or(0, Vec::len)
    }

    /// The market before the bids, for one pass of them.
    #[must_use]
    pub fn market(&self) -> Market {
        self.market.clone()
    }

    /// Takes all bids in, block by block, with signatures checked by `check`.
    pub fn take(
        &self,
        market: &mut Market,
        file: &mut File,
        check: &mut dyn FnMut(Vec<SignedCommand>) -> Answers,
    ) {
        let mut is_right = self.is_right.iter();
        for block in self.commands.chunks(self.per_block) {
            let answers = check(decoded(block));
            market.begin();
            for (answer, is_right) in answers.into_iter().zip(is_right.by_ref()) {
                take_answer(market, answer, *is_right);
            }
            market.end_into(file);
        }
    }

    /// The same with signatures checked by all threads of `checks` while this one decides. Whoever
    /// has one thread does everything on it.
    pub fn take_on(&self, market: &mut Market, file: &mut File, checks: &mut SignatureChecks) {
        let mut is_right = self.is_right.iter();
        for blocks in self.commands.chunks(self.per_block * BLOCKS_AT_ONCE) {
            let mut taken = 0;
            checks.check_each(decoded(blocks), CHAIN_ID, |answer| {
                if taken % self.per_block == 0 {
                    market.begin();
                }
                taken += 1;
                take_answer(market, answer, is_right.next().copied().unwrap_or_default());
                if taken % self.per_block == 0 || taken == blocks.len() {
                    market.end_into(file);
                }
            });
        }
    }
}

fn decoded(block: &[Vec<u8>]) -> Vec<SignedCommand> {
    let decode = |bytes: &Vec<u8>| SignedCommand::decode(bytes, bytes.len());
    block.iter().map(|bytes| decode(bytes).expect("the bytes are a command")).collect()
}

/// Executes what is signed right. That nothing else was accepted, and nothing else refused, is what
/// the contest stands on.
fn take_answer(
    market: &mut Market,
    answer: Result<VerifiedCommand, CommandRejection>,
    is_right: bool,
) {
    assert_eq!(answer.is_ok(), is_right, "exactly the wrong signatures are refused");
    if let Ok(command) = answer {
        market.execute_verified(&command);
    }
}

/// The head of a market, to compare what two ways led to.
#[must_use]
pub fn head(market: &Market) -> Head {
    market.engine.head()
}

fn market(providers: &[KeyPair], tenants: &[KeyPair]) -> Market {
    let accounts = providers.iter().chain(tenants).map(KeyPair::address);
    let mut params = Params::default();
    params.bid.bids_max = 64;
    params.order.bid_window = BlockSpan::from_blocks(1_000);
    let mut market = Market::new(params, accounts, None);
    market.begin();
    market.register(providers);
    for tenant in tenants {
        market.execute(on_trust(tenant, 1, new_deployment(1, 1)));
    }
    market.end();
    market
}

/// The command with one bit of its signature's scalar turned.
fn forged(command: &SignedCommand) -> SignedCommand {
    let mut signature = command.signature.to_bytes();
    signature[40] ^= 1;
    SignedCommand { signature: Signature::from_bytes(&signature), ..command.clone() }
}

/// Keys read once, for peers that can keep them.
#[derive(Debug, Default)]
pub struct KeysRead(BTreeMap<PublicKey, VerifyingKey>);

impl KeysRead {
    /// The keys of these claims.
    #[must_use]
    pub fn of(claims: &[Claim]) -> Self {
        let read = |claim: &Claim| {
            let key = VerifyingKey::from_bytes(claim.key.as_bytes());
            (claim.key, key.expect("the key is a provider's"))
        };
        Self(claims.iter().map(read).collect())
    }

    /// The strict check of one.
    #[must_use]
    pub fn strict(&self, claim: &Claim) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&claim.signature.to_bytes());
        self.0[&claim.key].verify_strict(claim.digest.as_bytes(), &signature).is_ok()
    }

    /// `verify_batch` of 256 each.
    #[must_use]
    pub fn dalek_batches(&self, claims: &[Claim]) -> bool {
        claims.chunks(256).all(|claims| {
            let digests: Vec<&[u8]> =
                claims.iter().map(|claim| &claim.digest.as_bytes()[..]).collect();
            let keys: Vec<VerifyingKey> = claims.iter().map(|claim| self.0[&claim.key]).collect();
            let signatures: Vec<ed25519_dalek::Signature> = claims
                .iter()
                .map(|claim| ed25519_dalek::Signature::from_bytes(&claim.signature.to_bytes()))
                .collect();
            ed25519_dalek::verify_batch(&digests, &signatures, &keys).is_ok()
        })
    }
}

/// What no batch spares a signature: its nonce's point out of its bytes, which is a square root, its
/// number within the field, and the SHA-512 of what it says.
#[must_use]
pub fn read_alone(claims: &[Claim]) -> bool {
    claims.iter().all(|Claim { key, digest, signature }| {
        let bytes = signature.to_bytes();
        let [nonce, number] = [0, 32].map(|at| bytes[at..].first_chunk().expect("it has 64 bytes"));
        let hash = Sha512::new().chain_update(nonce).chain_update(key.as_bytes());
        let hash = hash.chain_update(digest.as_bytes()).finalize().into();
        black_box(Scalar::from_bytes_mod_order_wide(&hash));
        let is_number: bool = Scalar::from_canonical_bytes(*number).is_some().into();
        is_number && black_box(CompressedEdwardsY(*nonce).decompress()).is_some()
    })
}

/// Batches of `ed25519-zebra`, one for each block.
#[must_use]
pub fn zebra_batches(claims: &[Claim]) -> bool {
    claims.chunks(BLOCK).all(|claims| {
        let mut batch = ed25519_zebra::batch::Verifier::new();
        for Claim { key, digest, signature } in claims {
            let key = ed25519_zebra::VerificationKeyBytes::from(*key.as_bytes());
            let signature = ed25519_zebra::Signature::from_bytes(&signature.to_bytes());
            batch.queue((key, signature, digest.as_bytes()));
        }
        batch.verify(ChaCha8Rng::from_seed([7; 32])).is_ok()
    })
}

/// Answers to commands by somebody else's checks: one verdict for each claim.
pub fn answers_by(
    commands: Vec<SignedCommand>,
    check: impl FnOnce(&[Claim]) -> Vec<bool>,
) -> Answers {
    let assume = |command: SignedCommand| command.assume_verified(CHAIN_ID);
    let assumed: Result<Vec<VerifiedCommand>, CommandRejection> =
        commands.into_iter().map(assume).collect();
    let assumed = assumed.expect("the commands are small");
    let claims: Vec<Claim> = assumed.iter().map(|command| command.consent().claim()).collect();
    let unsigned = || CommandRejection::Unsigned {
        chain_id: CHAIN_ID.into(),
        source: SignatureRejected::WrongSignature,
    };
    let verdicts = check(&claims);
    let answer = |(command, is_right)| if is_right { Ok(command) } else { Err(unsigned()) };
    assumed.into_iter().zip(verdicts).map(answer).collect()
}

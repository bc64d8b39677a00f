//! [`Step`]: what is done to a market, one after the other. A list of steps is a script: it can be
//! played again, shortened, and printed.

use std::fmt;

use undercut::{Command, SignedCommand};
use undercut_primitives::{BlockHeight, PublicKey, Signature};

use super::cast::{CHAIN_ID, cast};

/// What the host says about the next block.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) seconds: i64,
    /// Dollars for one AKT in 10^-18, and how old the price is in nanoseconds; negative is ahead.
    pub(crate) price: Option<(u128, i64)>,
    pub(crate) entropy: [u8; 32],
}

/// What is wrong around a command. The command itself may be wrong, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    Sound,
    NonceLow,
    NonceHigh,
    Expired,
    WrongChain,
    FlippedBit,
    OtherKey,
    /// The account's other key, which is not in use, with a good signature.
    KeyNotInUse,
    /// Another account, with the signer's own key and a good signature.
    OtherAccount,
    ZeroKey,
    /// A byte more than the encoding has.
    Trailing,
    /// A byte of the encoding is another.
    Mangled(u64),
}

impl Envelope {
    /// Whether the signature is not the signer's for this command and chain.
    pub(crate) fn is_forged(self) -> bool {
        matches!(
            self,
            Self::WrongChain
                | Self::FlippedBit
                | Self::OtherKey
                | Self::ZeroKey
                | Self::Trailing
                | Self::Mangled(_)
        )
    }
}

/// One command as it is tried. Nonce and last block follow from the market when it is played.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) actor: usize,
    pub(crate) command: Command,
    pub(crate) envelope: Envelope,
    /// Whether it is signed and goes through the check of its signature.
    pub(crate) is_signed: bool,
}

impl Attempt {
    /// The command as it reaches the engine, with the signer's last accepted nonce at `height`;
    /// `current` is the account's key, if it changed it.
    pub(crate) fn sign(
        &self,
        last_nonce: u64,
        height: u64,
        current: Option<&PublicKey>,
    ) -> SignedCommand {
        let actor = &cast()[self.actor];
        let next = &cast()[(self.actor + 1) % cast().len()];
        let (other, _) = actor.other(current);
        let is_other = self.envelope == Envelope::KeyNotInUse;
        let key = actor.key(if is_other { Some(&other) } else { current });
        let is_stolen = self.envelope == Envelope::OtherAccount;
        let account = if is_stolen { next.address } else { actor.address };
        let nonce = match self.envelope {
            Envelope::NonceLow => last_nonce,
            Envelope::NonceHigh => last_nonce + 2,
            _ => last_nonce + 1,
        };
        let expires_at = match self.envelope {
            Envelope::Expired => height.saturating_sub(1),
            _ => height + 1,
        };
        let expires_at = BlockHeight::new(expires_at);
        let command = self.command.clone();
        if !self.is_signed {
            let signature = Signature::from_bytes(&[7; 64]);
            let signer = key.public();
            return SignedCommand { account, signer, nonce, expires_at, command, signature };
        }
        let chain_id = if self.envelope == Envelope::WrongChain { "elsewhere" } else { CHAIN_ID };
        let signed = SignedCommand::sign_for(account, key, chain_id, nonce, expires_at, command);
        let mut signed = signed.expect("no command is that large");
        match self.envelope {
            Envelope::FlippedBit => {
                let mut bytes = signed.signature.to_bytes();
                bytes[40] ^= 1;
                signed.signature = Signature::from_bytes(&bytes);
            }
            Envelope::OtherKey => {
                signed.signer = next.key(None).public();
            }
            Envelope::ZeroKey => {
                signed.signer = PublicKey::from_bytes([0; 32]);
            }
            _ => {}
        }
        signed
    }
}

/// One step of a market: the border between two blocks, or a command.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Block(Weather),
    Attempt(Box<Attempt>),
}

impl Step {
    /// Whose step it is; nobody's for a border.
    pub(crate) fn actor(&self) -> Option<usize> {
        match self {
            Self::Block(_) => None,
            Self::Attempt(attempt) => Some(attempt.actor),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(Weather { seconds, price, .. }) => {
                write!(f, "-- block, {seconds} s later, price {price:?}")
            }
            Self::Attempt(attempt) => {
                let name = &cast()[attempt.actor].name;
                let Attempt { envelope, command, .. } = &**attempt;
                write!(f, "{name} {envelope:?} {}", in_short(command))
            }
        }
    }
}

/// The command in a line: what is the same everywhere is left out.
fn in_short(command: &Command) -> String {
    let text = match command {
        Command::CreateDeployment(new) => {
            let prices = new.groups.iter().flat_map(|group| &group.units);
            let prices: Vec<String> = prices.map(|unit| unit.price.to_string()).collect();
            let (dseq, deposit, award) = (new.dseq, &new.deposit, new.award);
            let (grace, prices) = (new.grace, prices.join(" + "));
            format!("CreateDeployment {dseq}, {deposit}, {award:?}, grace {grace}, {prices}")
        }
        Command::CreateBid(new) => {
            format!("CreateBid {} at {}, deposit {}", new.order, new.price, new.deposit)
        }
        Command::CreateBids(all) => {
            let each = all.iter().map(|new| format!("{} at {}", new.order, new.price));
            format!("CreateBids {}", each.collect::<Vec<_>>().join(", "))
        }
        Command::CloseDeployment(id) => format!("CloseDeployment {id}"),
        Command::Deposit { deployment, coin, payers } => {
            format!("Deposit {deployment}, {coin}, {} payers", payers.len())
        }
        Command::RepriceBid { bid, price } => format!("RepriceBid {bid} to {price}"),
        Command::PauseGroup(id) => format!("PauseGroup {id}"),
        Command::StartGroup(id) => format!("StartGroup {id}"),
        Command::CloseGroup(id) => format!("CloseGroup {id}"),
        Command::StartReclamation { lease, .. } => format!("StartReclamation {lease}"),
        Command::CloseBid(id) => format!("CloseBid {id}"),
        Command::CreateLease(id) => format!("CreateLease {id}"),
        Command::CloseLease { lease, .. } => format!("CloseLease {lease}"),
        Command::Withdraw(id) => format!("Withdraw {id}"),
        Command::Burn(coin) => format!("Burn {coin}"),
        other => format!("{other:?}").chars().take(160).collect(),
    };
    cast().iter().fold(text, |text, actor| text.replace(&actor.address.to_string(), &actor.name))
}

//! [`Command`]: what accounts may ask for, and the signature that binds it to one chain, one
//! signer, one nonce and a last block.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::NewBid;
use undercut_orderbook::NewDeployment;
use undercut_primitives::codec::Canonical;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Attribute, BidId, BlockHeight, Coin, Consent, DeploymentId, Digest, LeaseId, Provider,
    PublicKey, Signature,
};

use crate::CommandRejection;

const COMMAND: Namespace = Namespace("undercut/command/v1");

/// The most bytes that an encoded command may have: 256 KiB.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// What an account asks for. Who may ask for what:
///
/// | command | signer |
/// | --- | --- |
/// | `RegisterProvider`, `CreateDeployment`, `CreateBid`, `Deposit`, `Burn` | anyone, for themselves |
/// | `AttestProvider` | an auditor of the genesis |
/// | `CloseDeployment`, `CreateLease` | the deployment's tenant |
/// | `CloseBid`, `Withdraw` | the bid's or lease's provider |
/// | `CloseLease` | the lease's tenant or provider |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Become a provider, or replace one's attributes.
    RegisterProvider {
        /// What the provider says of itself.
        attributes: Vec<Attribute>,
    },
    /// Vouch for a provider's attributes, replacing what the auditor said before.
    AttestProvider {
        /// Of whom.
        provider: Provider,
        /// What is vouched for.
        attributes: Vec<Attribute>,
    },
    /// Put groups to auction, with a deposit in escrow.
    CreateDeployment(NewDeployment),
    /// End a deployment with all its leases and get back what is left.
    CloseDeployment(DeploymentId),
    /// Add to a deployment's escrow account. Anyone may.
    Deposit {
        /// Whose account.
        deployment: DeploymentId,
        /// How much, in the account's denom.
        coin: Coin,
    },
    /// Bid for an order.
    CreateBid(NewBid),
    /// Take an open bid back.
    CloseBid(BidId),
    /// Choose the winner, where the tenant asked to choose.
    CreateLease(BidId),
    /// End a lease. When its tenant does, the group is put to auction again; when its provider
    /// does, the group is paused until its deployment is closed.
    CloseLease(LeaseId),
    /// Be paid what a lease has earned.
    Withdraw(LeaseId),
    /// Burn AKT for ACT or ACT for AKT at the end of this block.
    Burn(Coin),
}

/// A command with everything that its signature binds, and the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCommand {
    /// Who asks.
    pub signer: PublicKey,
    /// One more than the signer's last accepted command; the first is 1.
    pub nonce: u64,
    /// The last block in which the command may be accepted.
    pub expires_at: BlockHeight,
    /// What is asked for.
    pub command: Command,
    /// The signer's signature over [`signing_digest`].
    pub signature: Signature,
}

/// What a signer signs: chain, key, nonce, last block and command, under a name-space of its own.
///
/// # Errors
///
/// [`CommandRejection::TooLarge`] above [`COMMAND_BYTES_MAX`] bytes.
pub fn signing_digest(
    chain_id: &str,
    signer: &PublicKey,
    nonce: u64,
    expires_at: BlockHeight,
    command: &Command,
) -> Result<Digest, CommandRejection> {
    let too_large = CommandRejection::TooLarge { bytes_max: COMMAND_BYTES_MAX };
    let bytes = Canonical::encode(command).map_err(|_| too_large.clone())?;
    if bytes.len() > COMMAND_BYTES_MAX {
        return Err(too_large);
    }
    let length = u64::try_from(chain_id.len()).unwrap_or(u64::MAX).to_le_bytes();
    let (nonce, expires_at) = (nonce.to_le_bytes(), expires_at.to_u64().to_le_bytes());
    Ok(crypto::digest_parts(
        COMMAND,
        &[&length, chain_id.as_bytes(), signer.as_bytes(), &nonce, &expires_at, &bytes],
    ))
}

impl SignedCommand {
    /// Checks the signature against a chain. Pure and by far the dearest check of a command, so a
    /// shell may do it on every core and hand the results to the engine in order.
    ///
    /// # Errors
    ///
    /// [`CommandRejection::TooLarge`] or [`CommandRejection::Unsigned`].
    pub fn verify(self, chain_id: &str) -> Result<VerifiedCommand, CommandRejection> {
        let Self { signer, nonce, expires_at, command, signature } = &self;
        let digest = signing_digest(chain_id, signer, *nonce, *expires_at, command)?;
        let consent = Consent { command: digest, key: *signer, signature: *signature };
        let unsigned = |source| CommandRejection::Unsigned { chain_id: chain_id.into(), source };
        consent.verify().map_err(unsigned)?;
        Ok(VerifiedCommand { chain_id: chain_id.into(), consent, signed: self })
    }
}

/// A command whose signature was checked. Only [`SignedCommand::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCommand {
    chain_id: String,
    consent: Consent,
    signed: SignedCommand,
}

impl VerifiedCommand {
    /// The chain that the signature binds.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The account that asks.
    #[must_use]
    pub fn signer(&self) -> Address {
        self.consent.signer()
    }

    /// The signature by itself.
    #[must_use]
    pub const fn consent(&self) -> Consent {
        self.consent
    }

    /// The command as it was signed.
    #[must_use]
    pub const fn signed(&self) -> &SignedCommand {
        &self.signed
    }
}

#[cfg(feature = "handle")]
impl SignedCommand {
    /// Signs a command.
    ///
    /// # Errors
    ///
    /// [`CommandRejection::TooLarge`] above [`COMMAND_BYTES_MAX`] bytes.
    pub fn sign(
        key: &undercut_primitives::keys::KeyPair,
        chain_id: &str,
        nonce: u64,
        expires_at: BlockHeight,
        command: Command,
    ) -> Result<Self, CommandRejection> {
        let signer = key.public();
        let digest = signing_digest(chain_id, &signer, nonce, expires_at, &command)?;
        Ok(Self { signer, nonce, expires_at, command, signature: key.sign(&digest) })
    }
}

//! [`Command`]: what accounts may ask for, and the signature that binds it to one chain, one
//! signer, one nonce and a last block.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{NewAllowance, ProviderReason};
use undercut_orderbook::NewDeployment;
use undercut_primitives::codec::{self, Canonical};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Attribute, BidId, BlockHeight, Coin, Consent, Contribution, DeploymentId, Digest,
    GroupId, LeaseId, PricePerBlock, Provider, PublicKey, Signature,
};

use crate::{CommandRejection, Params};

const COMMAND: Namespace = Namespace("undercut/command/v2");
const ROTATION: Namespace = Namespace("undercut/key-rotation/v1");

/// The most bytes that an encoded command may have: 256 KiB.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// The most bids of one [`Command::CreateBids`].
pub const BUNDLE_BIDS_MAX: usize = 64;

/// What an account asks for. Who may ask for what:
///
/// | command | who may |
/// | --- | --- |
/// | `RegisterProvider`, `UpdateProvider`, `DeregisterProvider` | anyone, for themselves |
/// | `AttestProvider`, `RevokeAttestation` | an auditor of the genesis |
/// | `CreateDeployment`, `CreateBid`, `CreateBids` | anyone, for themselves |
/// | `Deposit` | anyone, with money of their own or allowed to them |
/// | `UpdateDeployment`, `CloseDeployment`, `PauseGroup`, `StartGroup`, `CloseGroup`, `CreateLease` | the deployment's tenant |
/// | `RepriceBid`, `CloseBid`, `Withdraw`, `StartReclamation` | the bid's or lease's provider |
/// | `WithdrawAll` | anyone, for the leases that they serve |
/// | `CloseLease` | the lease's tenant or provider |
/// | `GrantAllowance`, `RevokeAllowance` | anyone, over their own money |
/// | `Burn`, `FundVault` | anyone, with money of their own |
/// | `CancelBurn` | who asked for the burn |
/// | `PostPrice` | a source of the oracle's parameters |
/// | `ChangeParams` | the authority of the parameters |
/// | `RotateKey` | anyone, for themselves, with the consent of the new key |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum Command {
    /// Become a provider.
    RegisterProvider(Registration),
    /// Replace what one registered, attributes included. Closes the open bids that new attributes
    /// make ineligible; they cannot be changed while a bid binds.
    UpdateProvider(Registration),
    /// Stop being a provider. Closes its open bids; refused while a lease runs or a bid binds.
    DeregisterProvider,
    /// Vouch for a provider's attributes, replacing what the auditor said before.
    AttestProvider {
        /// Of whom.
        provider: Provider,
        /// What is vouched for.
        attributes: Vec<Attribute>,
        /// The last block for which the word counts; `None`: until it is taken back.
        expires_at: Option<BlockHeight>,
    },
    /// Take back one's word about a provider.
    RevokeAttestation {
        /// About whom.
        provider: Provider,
        /// Which attributes, by key; none: the whole record.
        keys: Vec<String>,
    },
    /// Put groups to auction, with a deposit in escrow.
    CreateDeployment(NewDeployment),
    /// Replace the hash of a deployment's manifest. Leases keep running.
    UpdateDeployment {
        /// Which deployment.
        id: DeploymentId,
        /// SHA-256 of the new manifest.
        version_hash: Digest,
    },
    /// End a deployment with all its leases and get back what is left.
    CloseDeployment(DeploymentId),
    /// Take a group from the market; its lease ends.
    PauseGroup(GroupId),
    /// Put a paused group to auction again.
    StartGroup(GroupId),
    /// End a group; its lease ends. With the last group the deployment ends.
    CloseGroup(GroupId),
    /// Add to a deployment's escrow account. Anyone may.
    Deposit {
        /// Whose account.
        deployment: DeploymentId,
        /// How much, in the account's denom, or in uakt beside uact.
        coin: Coin,
        /// Who pays, in the order of spending. Empty: the signer. Others pay out of what they
        /// allowed the signer.
        payers: Vec<Contribution>,
    },
    /// Bid for an order.
    CreateBid(NewBid),
    /// Lower the price of an open bid.
    RepriceBid {
        /// Which.
        bid: BidId,
        /// The new price, for the whole order, per block.
        price: PricePerBlock,
    },
    /// Take an open bid back.
    CloseBid(BidId),
    /// Choose the winner, where the tenant asked to choose.
    CreateLease(BidId),
    /// End a lease. When its tenant does, the group is put to auction again, unless its account waits
    /// for a top-up or the parameters take such groups no more; then, and when its provider does, the
    /// group is paused until its tenant starts it.
    CloseLease {
        /// Which.
        lease: LeaseId,
        /// Why, when the provider ends it; of no meaning when the tenant does.
        reason: ProviderReason,
    },
    /// Announce that one will end a lease with a reclamation window.
    StartReclamation {
        /// Which.
        lease: LeaseId,
        /// Why.
        reason: ProviderReason,
    },
    /// Be paid what a lease has earned.
    Withdraw(LeaseId),
    /// Be paid what one's leases have earned, at most 256 of them, by id.
    WithdrawAll {
        /// The first lease; `None`: from the first of all.
        from: Option<LeaseId>,
    },
    /// Let another account spend one's money on deposits.
    GrantAllowance(NewAllowance),
    /// Take an allowance back. What was drawn stays where it is.
    RevokeAllowance {
        /// Who may not spend any more.
        grantee: Address,
    },
    /// Burn AKT for ACT or ACT for AKT, when its turn comes.
    Burn(Coin),
    /// Take back a burn that waits.
    CancelBurn(u64),
    /// Give AKT to the vault as collateral, for nothing in return.
    FundVault(Coin),
    /// Say what AKT is worth.
    PostPrice(PricePoint),
    /// Change what the market chose, after the delay that it chose for that.
    ChangeParams(Box<Params>),
    /// Sign with another key from now on; the account stays.
    RotateKey {
        /// The new key.
        key: PublicKey,
        /// Its signature over [`rotation_digest`].
        proof: Signature,
    },
    /// Bid for several orders at once, with one signature: 1 to [`BUNDLE_BIDS_MAX`], each as if those
    /// before it stood already, all of them or none.
    CreateBids(Vec<NewBid>),
}

impl Command {
    /// The command's name, as in the documentation of the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RegisterProvider(_) => "RegisterProvider",
            Self::UpdateProvider(_) => "UpdateProvider",
            Self::DeregisterProvider => "DeregisterProvider",
            Self::AttestProvider { .. } => "AttestProvider",
            Self::RevokeAttestation { .. } => "RevokeAttestation",
            Self::CreateDeployment(_) => "CreateDeployment",
            Self::UpdateDeployment { .. } => "UpdateDeployment",
            Self::CloseDeployment(_) => "CloseDeployment",
            Self::PauseGroup(_) => "PauseGroup",
            Self::StartGroup(_) => "StartGroup",
            Self::CloseGroup(_) => "CloseGroup",
            Self::Deposit { .. } => "Deposit",
            Self::CreateBid(_) => "CreateBid",
            Self::RepriceBid { .. } => "RepriceBid",
            Self::CloseBid(_) => "CloseBid",
            Self::CreateLease(_) => "CreateLease",
            Self::CloseLease { .. } => "CloseLease",
            Self::StartReclamation { .. } => "StartReclamation",
            Self::Withdraw(_) => "Withdraw",
            Self::WithdrawAll { .. } => "WithdrawAll",
            Self::GrantAllowance(_) => "GrantAllowance",
            Self::RevokeAllowance { .. } => "RevokeAllowance",
            Self::Burn(_) => "Burn",
            Self::CancelBurn(_) => "CancelBurn",
            Self::FundVault(_) => "FundVault",
            Self::PostPrice(_) => "PostPrice",
            Self::ChangeParams(_) => "ChangeParams",
            Self::RotateKey { .. } => "RotateKey",
            Self::CreateBids(_) => "CreateBids",
        }
    }

    /// `CloseLease` without a reason.
    #[must_use]
    pub const fn close_lease(lease: LeaseId) -> Self {
        Self::CloseLease { lease, reason: ProviderReason::UNSPECIFIED }
    }

    /// `Deposit` of one's own money.
    #[must_use]
    pub const fn deposit(deployment: DeploymentId, coin: Coin) -> Self {
        Self::Deposit { deployment, coin, payers: Vec::new() }
    }
}

/// What a new key signs to show that it agrees to stand for an account.
#[must_use]
pub fn rotation_digest(chain_id: &str, account: &Address, key: &PublicKey) -> Digest {
    let length = u64::try_from(chain_id.len()).unwrap_or(u64::MAX).to_le_bytes();
    let parts: [&[u8]; 4] = [&length, chain_id.as_bytes(), account.as_bytes(), key.as_bytes()];
    crypto::digest_parts(ROTATION, &parts)
}

/// A command with everything that its signature binds, and the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct SignedCommand {
    /// Who asks.
    pub account: Address,
    /// The account's key.
    pub signer: PublicKey,
    /// One more than the account's last accepted command; the first is 1.
    pub nonce: u64,
    /// The last block in which the command may be accepted.
    pub expires_at: BlockHeight,
    /// What is asked for.
    pub command: Command,
    /// The signer's signature over [`signing_digest`].
    pub signature: Signature,
}

/// What a signer signs: chain, account, key, nonce, last block and command, under a name-space of
/// its own.
///
/// # Errors
///
/// [`CommandRejection::TooLarge`] above [`COMMAND_BYTES_MAX`] bytes.
pub fn signing_digest(
    chain_id: &str,
    account: &Address,
    signer: &PublicKey,
    nonce: u64,
    expires_at: BlockHeight,
    command: &Command,
) -> Result<Digest, CommandRejection> {
    let too_large = CommandRejection::TooLarge { bytes_max: COMMAND_BYTES_MAX };
    let length = u64::try_from(chain_id.len()).unwrap_or(u64::MAX).to_le_bytes();
    let (nonce, expires_at) = (nonce.to_le_bytes(), expires_at.to_u64().to_le_bytes());
    let head: [&[u8]; 6] =
        [&length, chain_id.as_bytes(), account.as_bytes(), signer.as_bytes(), &nonce, &expires_at];
    // Room for most commands.
    let mut bytes = Vec::with_capacity(1024);
    head.iter().for_each(|part| bytes.extend_from_slice(part));
    let head_bytes = bytes.len();
    codec::encode_into(command, &mut bytes).map_err(|_| too_large.clone())?;
    if bytes.len().saturating_sub(head_bytes) > COMMAND_BYTES_MAX {
        return Err(too_large);
    }
    Ok(crypto::digest(COMMAND, &bytes))
}

impl SignedCommand {
    /// Checks the signature against a chain. Pure and by far the dearest check of a command, so a
    /// shell may do it on every core and hand the results to the engine in order.
    ///
    /// # Errors
    ///
    /// [`CommandRejection::TooLarge`] or [`CommandRejection::Unsigned`].
    pub fn verify(self, chain_id: &str) -> Result<VerifiedCommand, CommandRejection> {
        let verified = self.assume_verified(chain_id)?;
        let unsigned = |source| CommandRejection::Unsigned { chain_id: chain_id.into(), source };
        verified.consent.verify().map_err(unsigned)?;
        Ok(verified)
    }

    /// Takes the signature as checked, for hosts that check signatures by other means: in batches,
    /// on other hardware, or in the process that filled a trusted queue.
    ///
    /// The engine checks no signature again. A host that calls this on what it has not checked lets
    /// anyone sign for everyone, and writes a log that nobody else accepts.
    ///
    /// # Errors
    ///
    /// [`CommandRejection::TooLarge`].
    pub fn assume_verified(self, chain_id: &str) -> Result<VerifiedCommand, CommandRejection> {
        VerifiedCommand::assume(self.into(), chain_id)
    }
}

/// A command whose signature was checked. [`SignedCommand::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCommand {
    chain_id: String,
    consent: Consent,
    signed: Arc<SignedCommand>,
}

impl VerifiedCommand {
    /// [`SignedCommand::assume_verified`] of a command that is shared.
    pub(crate) fn assume(
        signed: Arc<SignedCommand>,
        chain_id: &str,
    ) -> Result<Self, CommandRejection> {
        let SignedCommand { account, signer, nonce, expires_at, command, signature } = &*signed;
        let digest = signing_digest(chain_id, account, signer, *nonce, *expires_at, command)?;
        let consent =
            Consent { account: *account, command: digest, key: *signer, signature: *signature };
        Ok(Self { chain_id: chain_id.into(), consent, signed })
    }

    /// The chain that the signature binds.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The account that asks.
    #[must_use]
    pub const fn signer(&self) -> Address {
        self.consent.account
    }

    /// The signature by itself.
    #[must_use]
    pub const fn consent(&self) -> Consent {
        self.consent
    }

    /// The command as it was signed.
    #[must_use]
    pub const fn signed(&self) -> &Arc<SignedCommand> {
        &self.signed
    }
}

#[cfg(feature = "handle")]
impl SignedCommand {
    /// Signs a command for the account of the key.
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
        Self::sign_for(key.address(), key, chain_id, nonce, expires_at, command)
    }

    /// Signs a command for an account whose key was changed to this one.
    ///
    /// # Errors
    ///
    /// As [`SignedCommand::sign`].
    pub fn sign_for(
        account: Address,
        key: &undercut_primitives::keys::KeyPair,
        chain_id: &str,
        nonce: u64,
        expires_at: BlockHeight,
        command: Command,
    ) -> Result<Self, CommandRejection> {
        let signer = key.public();
        let digest = signing_digest(chain_id, &account, &signer, nonce, expires_at, &command)?;
        Ok(Self { account, signer, nonce, expires_at, command, signature: key.sign(&digest) })
    }
}

//! What can be wrong with a signed command, and commands with which it is.

use undercut::{Command, SignedCommand, signing_digest};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{BlockHeight, PublicKey, Signature};
use undercut_tests::chain::{CHAIN_ID, Chain, key};

use super::market::{self, OtherTenant, Provider, Signer, State, Tenant, second_key};

/// What is wrong with a signed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    FlippedBitOfR,
    FlippedBitOfS,
    OfAnotherCommand,
    OfAnotherChain,
    NonceUsed,
    NonceZero,
    NonceTooHigh,
    /// The nonce was changed after signing.
    NonceMoved,
    Expired,
    /// The last block was changed after signing.
    ExpiryMoved,
    /// The signature is another's, the key the signer's.
    OtherKeysSignature,
    /// Signature and key are another's, who signed for this account.
    OtherAccountsKey,
    /// The key that was given up; before a change, the one that is not yet.
    OtherOwnKey,
    /// The account was changed after signing, to one that may more.
    AccountMoved,
    ZeroKey,
    SmallOrderKey,
    Truncated,
    /// The other scalar of the same signature: s + L.
    Malleated,
    OfAnotherNamespace,
    Empty,
}

/// All faults, and none.
pub(crate) const FAULTS: [Fault; 21] = [
    Fault::None,
    Fault::FlippedBitOfR,
    Fault::FlippedBitOfS,
    Fault::OfAnotherCommand,
    Fault::OfAnotherChain,
    Fault::NonceUsed,
    Fault::NonceZero,
    Fault::NonceTooHigh,
    Fault::NonceMoved,
    Fault::Expired,
    Fault::ExpiryMoved,
    Fault::OtherKeysSignature,
    Fault::OtherAccountsKey,
    Fault::OtherOwnKey,
    Fault::AccountMoved,
    Fault::ZeroKey,
    Fault::SmallOrderKey,
    Fault::Truncated,
    Fault::Malleated,
    Fault::OfAnotherNamespace,
    Fault::Empty,
];

/// The faults that are about whose key it is.
pub(crate) const KEY_FAULTS: [Fault; 5] = [
    Fault::None,
    Fault::OtherKeysSignature,
    Fault::OtherAccountsKey,
    Fault::OtherOwnKey,
    Fault::AccountMoved,
];

/// The keys of a signer: the account's, and the other one that it had or will have.
fn keys(base: &Chain, signer: Signer) -> (KeyPair, KeyPair) {
    let (first, second) = (key(signer.name()), second_key(signer.name()));
    let has_changed = base.state().changed_key(&signer.account()).is_some();
    if has_changed { (second, first) } else { (first, second) }
}

/// A command with a fault.
pub(crate) fn sign(
    base: &Chain,
    command: Command,
    signer: Signer,
    fault: Fault,
    state: State,
) -> SignedCommand {
    let (account, (own, other)) = (signer.account(), keys(base, signer));
    let pair = match fault {
        Fault::OtherAccountsKey => keys(base, thief(signer)).0,
        Fault::OtherOwnKey => other,
        _ => own,
    };
    // Of an account that is moved to, nothing else is wrong.
    let counted = if fault == Fault::AccountMoved { moved_to(signer).account() } else { account };
    let (last, height) = (base.state().nonce(&counted), base.state().height());
    let nonce = match fault {
        Fault::NonceUsed => last,
        Fault::NonceZero => 0,
        Fault::NonceTooHigh => last + 2,
        _ => last + 1,
    };
    let expires_at =
        if fault == Fault::Expired { BlockHeight::new(height.to_u64() - 1) } else { height };
    let chain_id = if fault == Fault::OfAnotherChain { "elsewhere" } else { CHAIN_ID };
    let is_moved = fault == Fault::OfAnotherCommand;
    let text = if is_moved { market::other(&command, state) } else { command.clone() };
    let signed = SignedCommand::sign_for(account, &pair, chain_id, nonce, expires_at, text);
    let mut signed = signed.expect("the commands are small");
    signed.command = command;
    spoil(base, &mut signed, signer, fault);
    signed
}

/// Whose account a signed command is moved to.
fn moved_to(signer: Signer) -> Signer {
    if signer == Tenant { Provider } else { Tenant }
}

/// Whose key is tried instead.
fn thief(signer: Signer) -> Signer {
    if signer == OtherTenant { Provider } else { OtherTenant }
}

/// Changes a signed command in the way that a fault names.
fn spoil(base: &Chain, signed: &mut SignedCommand, signer: Signer, fault: Fault) {
    let mut bytes = signed.signature.to_bytes();
    match fault {
        Fault::FlippedBitOfR => bytes[0] ^= 1,
        Fault::FlippedBitOfS => bytes[32] ^= 1,
        Fault::NonceMoved => signed.nonce += 1,
        Fault::ExpiryMoved => {
            signed.expires_at = signed.expires_at.next().expect("the chain is short");
        }
        Fault::AccountMoved => signed.account = moved_to(signer).account(),
        Fault::OtherKeysSignature => {
            let SignedCommand { account, signer: own, nonce, expires_at, command, .. } = &*signed;
            let digest = signing_digest(CHAIN_ID, account, own, *nonce, *expires_at, command);
            let digest = digest.expect("the commands are small");
            bytes = keys(base, thief(signer)).0.sign(&digest).to_bytes();
        }
        Fault::ZeroKey => signed.signer = PublicKey::from_bytes([0; 32]),
        Fault::SmallOrderKey => {
            let mut identity = [0; 32];
            identity[0] = 1;
            signed.signer = PublicKey::from_bytes(identity);
            // For the identity, this signature fits any message where nobody looks closer.
            bytes = [0; 64];
            bytes[0] = 1;
        }
        Fault::Truncated => bytes[32..].fill(0),
        Fault::Malleated => add_group_order(&mut bytes),
        Fault::OfAnotherNamespace => {
            let digest = crypto::digest(Namespace("undercut/bid/v1"), &bytes);
            bytes = keys(base, signer).0.sign(&digest).to_bytes();
        }
        Fault::Empty => bytes = [0; 64],
        _ => {}
    }
    signed.signature = Signature::from_bytes(&bytes);
}

/// Adds the order of the group to the scalar: the equation still holds, the bytes are others.
fn add_group_order(bytes: &mut [u8; 64]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
}

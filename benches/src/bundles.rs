//! Bids in bundles: one signature over the commands of one signer, with nonces in a row.
//!
//! A bundle is account, key, first nonce, last block and commands, and one signature over all of it
//! with the chain. It is a prototype that goes the way of a bid as far as it leads: decode, check
//! the one signature, decide and record every command by itself, seal, write. What the log then
//! lacks is the proof: a record holds its own signature today, and a command of a bundle has none
//! that is over itself alone. It would need the bundle's signature with the command's path to the
//! root that was signed, which is another form of a consent.

use std::fs::File;
use std::io::Write as _;

use undercut::{Command, SignedCommand};
use undercut_primitives::codec::Canonical as _;
use undercut_primitives::crypto::{self, Claim, Namespace, Verifier};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Address, BlockHeight, PublicKey, Signature};

use crate::market::{CHAIN_ID, Market, keys};
use crate::signatures::{BLOCK, Intake};

const BUNDLE: Namespace = Namespace("undercut/bench-bundle/v1");

/// Who signs, the first nonce and the last block.
type Head = (Address, PublicKey, u64, BlockHeight);

/// What is signed.
type Body = (Head, Vec<Command>);

/// Bundles of the bids of an intake.
#[derive(Debug)]
pub struct Bundles {
    size: usize,
    encoded: Vec<Vec<u8>>,
}

impl Bundles {
    /// The bids of [`Intake::in_runs`] with as many in a bundle as in a run, signed anew.
    #[must_use]
    pub fn of(intake: &Intake, providers: u64, size: usize) -> Self {
        let providers = keys("provider", providers);
        let bundle = |commands: &[SignedCommand]| {
            let SignedCommand { account, signer, nonce, expires_at, .. } = commands[0];
            let bids = commands.iter().map(|command| command.command.clone()).collect();
            let body: Body = ((account, signer, nonce, expires_at), bids);
            let bytes = body.encode().expect("a bundle is small");
            let is_its = |key: &&KeyPair| key.public() == signer;
            let key = providers.iter().find(is_its).expect("a provider bids");
            let signature = key.sign(&digest(&bytes));
            (bytes, signature.to_bytes().to_vec()).encode().expect("a bundle is small")
        };
        Self { size, encoded: intake.commands().chunks(size).map(bundle).collect() }
    }

    /// How many bytes a bundle has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.encoded.first().map_or(0, Vec::len)
    }

    /// Takes all bids in, in blocks of as many as [`Intake::take`] has. The signatures of a block are
    /// checked together.
    pub fn take(&self, market: &mut Market, file: &mut File, verifier: &mut Verifier) {
        for block in self.encoded.chunks(BLOCK / self.size) {
            let bundles: Vec<(Body, Claim)> = block.iter().map(|bytes| decoded(bytes)).collect();
            let claims: Vec<Claim> = bundles.iter().map(|(_, claim)| *claim).collect();
            assert!(verifier.verify_all(&claims).iter().all(Result::is_ok));
            market.begin();
            for ((head, commands), claim) in bundles {
                let (account, signer, first, expires_at) = head;
                for (nonce, command) in (first..).zip(commands) {
                    let signature = claim.signature;
                    let signed =
                        SignedCommand { account, signer, nonce, expires_at, command, signature };
                    market.execute(signed);
                }
            }
            file.write_all(&market.end().frames).expect("the file takes a block");
        }
    }
}

fn digest(body: &[u8]) -> undercut_primitives::Digest {
    crypto::digest_parts(BUNDLE, &[CHAIN_ID.as_bytes(), body])
}

fn decoded(bytes: &[u8]) -> (Body, Claim) {
    let (body, signature): (Vec<u8>, Vec<u8>) =
        <(Vec<u8>, Vec<u8>)>::decode(bytes, bytes.len()).expect("the bytes are a bundle");
    let digest = digest(&body);
    let body = Body::decode(&body, body.len()).expect("the bytes are a body");
    let signature = signature.first_chunk().expect("a signature has 64 bytes");
    let signature = Signature::from_bytes(signature);
    let key = body.0.1;
    (body, Claim { key, digest, signature })
}

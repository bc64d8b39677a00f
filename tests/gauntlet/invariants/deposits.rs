//! Whether a tenant can make its account long: paying in two denoms by turns, more often than any
//! market of the table does.

use undercut::{BlockContext, Command, Engine, SignedCommand};
use undercut_ledger::MemoryBank;
use undercut_ledger::account::DEPOSITS_MAX;
use undercut_orderbook::NewDeployment;
use undercut_primitives::{BlockHeight, Coin, DeploymentId, Digest, Signature, Tenant, crypto};

use super::cast::{CHAIN_ID, Draw, cast};
use super::commands::group;

/// Deposits that are made.
const DEPOSITS: u64 = 300;

/// How many deposits the account holds at the end, and whether that is within its limit.
pub(crate) fn alternating() -> (u64, bool) {
    let (genesis, mut bank) = (Draw::new(1).genesis, MemoryBank::default());
    let (mut engine, _) = Engine::new(&genesis, &mut bank).expect("the genesis is sound");
    let (height, entropy) = (BlockHeight::new(1), Digest::ZERO);
    let context = BlockContext { height, time: genesis.time, price: None, entropy };
    engine.begin_block(context).expect("it is the first block");
    let actor = &cast()[0];
    let id = DeploymentId { tenant: Tenant(actor.address), dseq: 1 };
    let groups = vec![group("g", 1_000_000_000_000_000_000)];
    let new = NewDeployment::new(1, groups, crypto::sha256(b"manifest"), Coin::uact(1_000));
    let by_turns = (0..DEPOSITS).map(|n| if n % 2 == 0 { Coin::uakt(1) } else { Coin::uact(1) });
    let deposits = by_turns.map(|coin| Command::deposit(id, coin));
    for (nonce, command) in (1..).zip([Command::CreateDeployment(new)].into_iter().chain(deposits))
    {
        let (account, signer) = (actor.address, actor.key(None).public());
        let (expires_at, signature) = (height, Signature::from_bytes(&[7; 64]));
        let signed = SignedCommand { account, signer, nonce, expires_at, command, signature };
        let verified = signed.assume_verified(CHAIN_ID).expect("the command is small");
        // A deposit may be refused: what counts is how long the account grows.
        let _ = engine.execute_verified(&mut bank, &verified);
    }
    let account = engine.state().escrow().account(&id).expect("it was opened");
    let count = account.deposits.len();
    (count as u64, count <= DEPOSITS_MAX + 2)
}

//! AKT beside ACT in an account: paid from when ACT ends and cannot be minted. E18 to E21.
//!
//! AKT is worth 3 US dollars, so 30 uact are 10 uakt and 100 uact are 34, rounded up.

use undercut_ledger::bme::MintStatus;
use undercut_ledger::{AccountState, LeaseEndReason};
use undercut_primitives::{Amount, Denom};
use undercut_tests::chain::{BID_DEPOSIT, Chain, START};

use super::{
    account, after, deposit, funds, is_running, lease_all, leases, market, outcome, paid, refused,
    small, spent, withdraw,
};

const ENDED: LeaseEndReason = LeaseEndReason::FundsExhausted;

/// One lease at `rate` on 1000 uact and 100 uakt, in a market whose vault is empty.
fn halted(rate: &str) -> Chain {
    let mut genesis = small();
    genesis.vault_uakt = Amount::ZERO;
    let mut chain = market(&genesis);
    lease_all(&mut chain, "1000uact", &[rate]);
    chain.must("alice", deposit("100uakt"));
    after(&mut chain, 1);
    assert_eq!(chain.state().vault().books().status, MintStatus::HaltCollateral);
    chain
}

/// What is left in the account, in uakt.
fn uakt_left(chain: &Chain) -> u128 {
    account(chain).balance_in(&Denom::uakt()).to_micro()
}

/// What p1 was paid in uakt, while its bid's deposit is held.
fn uakt_paid(chain: &Chain) -> u128 {
    chain.uakt("p1") + BID_DEPOSIT - START
}

/// The 34th block costs the last 10 uact and 7 uakt, and each one after it 10 uakt, until 3 are left.
pub(super) fn e18() {
    let mut chain = halted("30");
    after(&mut chain, 33);
    assert_eq!((uakt_paid(&chain), uakt_left(&chain)), (0, 100));
    after(&mut chain, 35);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), uakt_paid(&chain)), (1000, 17));
    assert_eq!((funds(&chain), uakt_left(&chain)), (0, 83));
    assert_eq!(account(&chain).state, AccountState::Open);
    after(&mut chain, 36);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), uakt_paid(&chain), uakt_left(&chain)), (1000, 27, 73));
    after(&mut chain, 43);
    assert!(is_running(&chain, 1));
    assert_eq!((uakt_paid(&chain), uakt_left(&chain)), (97, 3));
    after(&mut chain, 44);
    assert_eq!(outcome(&chain, 1), (43, ENDED, 1000));
    assert_eq!((chain.uakt("p1"), chain.uakt("alice")), (START + 97, START - 97));
}

/// 100 uact are 33.3 uakt: 34 pay them, and the lease goes on.
pub(super) fn e19() {
    let mut chain = halted("100");
    after(&mut chain, 11);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), uakt_paid(&chain), uakt_left(&chain)), (1000, 34, 66));
    assert!(is_running(&chain, 1));
    after(&mut chain, 13);
    assert_eq!(outcome(&chain, 1), (12, ENDED, 1000));
    assert_eq!((chain.uakt("p1"), chain.uakt("alice")), (START + 68, START - 68));
}

/// AKT lasts for two whole blocks. 700 uact that come in time pay for seven more; later there is
/// nothing to pay for.
pub(super) fn e20() {
    let mut late = halted("100");
    after(&mut late, 20);
    assert_eq!(outcome(&late, 1), (12, ENDED, 1000));
    assert_eq!(refused(&mut late, "alice", deposit("700uact")), "ESC007");
    assert_eq!((paid(&late, 1), spent(&late)), (1000, 1000));
    assert_eq!((late.uakt("p1"), late.uakt("alice")), (START + 68, START - 68));
    let mut in_time = halted("100");
    after(&mut in_time, 12);
    in_time.must("alice", deposit("700uact"));
    after(&mut in_time, 20);
    assert_eq!(outcome(&in_time, 1), (19, ENDED, 1700));
    assert_eq!((paid(&in_time, 1), spent(&in_time)), (1700, 1700));
    assert_eq!((in_time.uakt("p1"), in_time.uakt("alice")), (START + 68, START - 68));
}

/// While ACT can be minted, AKT does not stand in for it; all that is left goes back.
pub(super) fn e21() {
    let mut chain = leases("1000uact", &["30"]);
    chain.must("alice", deposit("100uakt"));
    after(&mut chain, 33);
    assert_eq!(chain.state().vault().books().status, MintStatus::Healthy);
    assert_eq!(uakt_left(&chain), 100);
    after(&mut chain, 35);
    assert_eq!(outcome(&chain, 1), (33, ENDED, 990));
    assert_eq!((spent(&chain), chain.uakt("alice")), (990, START));
    assert_eq!((paid(&chain, 1), chain.uakt("p1")), (990, START));
}

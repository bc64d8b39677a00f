//! Providers, auditors, keys, epochs: P1 to P5.

use undercut::{Command, Event, SignedCommand, rotation_digest};
use undercut_bidding::Registration;
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::{Direction, VaultEvent};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Attribute, BlockTime};
use undercut_tests::cases::Case;
use undercut_tests::chain::{CHAIN_ID, Chain, address, key, provider};

use crate::play::{block_at, code, outcome};

pub(crate) const CASES: &[Case] = &[
    Case::same("P1", p1),
    Case::on_purpose("P2", p2),
    Case::on_purpose("P3", p3),
    Case::on_purpose("P4", p4),
    Case::on_purpose("P5", p5),
];

fn registration(keys: &[&str]) -> Registration {
    let attributes = keys.iter().map(|key| Attribute::new(*key, "v")).collect();
    Registration::new("https://localhost:80", attributes)
}

fn p1() {
    let mut chain = Chain::new();
    let refused =
        ["localhost", "localhost:80", "http://localhost/foo", "https://localhost:80/foo", ""];
    for uri in refused {
        let new = Registration::new(uri, vec![]);
        assert_eq!(outcome(&mut chain, "p1", Command::RegisterProvider(new)), "PRF006", "{uri}");
    }
    let new = Registration::new("https://localhost:80", vec![]);
    assert_eq!(outcome(&mut chain, "p1", Command::RegisterProvider(new)), "ok");
    chain.end();
}

fn p2() {
    let mut chain = Chain::new();
    let rows = [
        (Command::RegisterProvider(registration(&["hihi*"])), "PRF003"),
        (Command::RegisterProvider(registration(&["key", "key"])), "PRF005"),
        (Command::UpdateProvider(registration(&[])), "REG002"),
        (Command::DeregisterProvider, "REG002"),
        (Command::RegisterProvider(registration(&[])), "ok"),
        (Command::RegisterProvider(registration(&[])), "REG001"),
        (Command::DeregisterProvider, "ok"),
    ];
    for (command, expected) in rows {
        let told = format!("{command:?}");
        assert_eq!(outcome(&mut chain, "p1", command), expected, "{told}");
    }
    assert!(chain.state().provider(&provider("p1")).is_none());
    chain.end();
}

fn p3() {
    let mut chain = Chain::new();
    let provider = provider("p1");
    let attributes = vec![Attribute::new("region", "us")];
    let attest = Command::AttestProvider { provider, attributes, expires_at: None };
    let revoke = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).into()).collect();
        Command::RevokeAttestation { provider, keys }
    };
    assert_eq!(outcome(&mut chain, "auditor", attest.clone()), "REG002", "not registered");
    chain.register(&["p1"]);
    let rows = [
        (attest, "ok"),
        (revoke(&["tier"]), "REG006"),
        (revoke(&[]), "ok"),
        (revoke(&[]), "REG005"),
    ];
    for (command, expected) in rows {
        let told = format!("{command:?}");
        assert_eq!(outcome(&mut chain, "auditor", command), expected, "{told}");
    }
    chain.end();
}

/// Has alice change her key to `to`, in a command signed with the key `with`, with a proof by the
/// key `proven`.
fn rotate(chain: &mut Chain, with: &KeyPair, to: &KeyPair, proven: &KeyPair) -> &'static str {
    let proof = proven.sign(&rotation_digest(CHAIN_ID, &address("alice"), &to.public()));
    by_alice(chain, with, Command::RotateKey { key: to.public(), proof })
}

/// What comes of a command of alice's that is signed with this key.
fn by_alice(chain: &mut Chain, with: &KeyPair, command: Command) -> &'static str {
    chain.begin();
    let (account, at) = (address("alice"), chain.state().height());
    let nonce = chain.state().nonce(&account) + 1;
    let signed = SignedCommand::sign_for(account, with, CHAIN_ID, nonce, at, command);
    code(chain.engine.execute(&mut chain.bank, &signed.expect("the command is small")))
}

/// Accounts have keys in place of certificates.
fn p4() {
    let mut chain = Chain::new();
    let (first, second, foreign) = (key("alice"), key("alice-2"), key("bob"));
    let register = || Command::RegisterProvider(registration(&[]));
    // The counterpart of another owner in the common name.
    assert_eq!(rotate(&mut chain, &first, &second, &foreign), "GOV004");
    // The counterpart of a serial that is there already.
    assert_eq!(rotate(&mut chain, &first, &first, &first), "GOV003");
    assert_eq!(rotate(&mut chain, &first, &second, &second), "ok");
    assert_eq!(chain.state().changed_key(&address("alice")), Some(&second.public()));
    // The counterpart of revoking: the old key is good for nothing, and cannot be retired twice.
    assert_eq!(by_alice(&mut chain, &first, register()), "CMD007");
    assert_eq!(rotate(&mut chain, &first, &second, &second), "CMD007");
    assert_eq!(rotate(&mut chain, &second, &second, &second), "GOV003");
    // A retired key comes back when the present one wants it and it agrees.
    assert_eq!(rotate(&mut chain, &second, &first, &second), "GOV004");
    assert_eq!(rotate(&mut chain, &second, &first, &first), "ok");
    assert_eq!(by_alice(&mut chain, &second, register()), "CMD007");
    assert_eq!(by_alice(&mut chain, &first, register()), "ok");
    assert!(chain.state().provider(&provider("alice")).is_some(), "the account stayed");
    chain.end();
}

/// Epochs go by blocks: no hour opens one, and no gap opens two.
fn p5() {
    const HOUR: i64 = 3_600_000_000_000;
    let mut chain = Chain::new();
    let mut time = chain.state().context().time.to_unix_nanos();
    assert_eq!(time % HOUR, 0, "the market starts at a full hour");
    let mut opened = Vec::new();
    for height in 1..=25 {
        time += match height {
            1 => HOUR,
            2 => 1,
            5 | 10 | 12 => 24 * HOUR,
            _ => 6_000_000_000,
        };
        let (_, events) = block_at(&mut chain, BlockTime::from_unix_nanos(time), &[]);
        opened.extend(events.into_iter().filter_map(|event| match event {
            Event::Ledger(LedgerEvent::Vault(VaultEvent::EpochOpened {
                direction,
                next_at,
                ..
            })) => Some((height, direction, next_at.to_u64())),
            _ => None,
        }));
    }
    let (redeem, mint) = (Direction::Redeem, Direction::Mint);
    let expected = [(10, redeem, 20), (10, mint, 20), (20, redeem, 30), (20, mint, 30)];
    assert_eq!(opened, expected);
}

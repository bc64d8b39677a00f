//! Planted bugs of commands, bids, parameters, bytes and roots.

use super::bug::{
    BID_BOOK, BUNDLE, Bug, CODEC, COMMAND, DECIDE_BIDS, DECIDE_MONEY, DECIDE_PARAMS, EDGE_CASES,
    END_OF_BLOCK, ENGINE, Edit, GOLDEN, Guard, MERKLE, RANK, SHUFFLED, STATE, STATE_TREE, bundles,
    ledger, lifecycle, order_independence, primitives, rejections,
};

/// All of them.
pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "one-bid-above-the-cap",
        guards: &[
            Guard::Invariants,
            rejections("a_better_bid_evicts_the_worst_of_a_full_book_and_returns_its_deposit"),
        ],
        edits: &[Edit { file: BID_BOOK, find: ".skip(places)", put: ".skip(places + 1)" }],
    },
    Bug {
        name: "tie-by-arrival",
        guards: &[
            Guard::Invariants,
            order_independence("permuting_bids_changes_neither_winner_nor_price_nor_money"),
            SHUFFLED,
        ],
        edits: &[Edit {
            file: RANK,
            find: "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {",
            put: "impl Ord for Rank {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.price.cmp(&other.price)
    }
}
impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
/// Ranked by price alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rank {",
        }],
    },
    Bug {
        name: "ceiling-unchecked",
        guards: &[EDGE_CASES, rejections(ROWS), Guard::Invariants],
        edits: &[Edit { file: BID_BOOK, find: "price.value > ceiling.value", put: "false" }],
    },
    Bug {
        name: "price-compared-as-a-float",
        guards: &[EDGE_CASES, rejections(ROWS), Guard::Invariants],
        edits: &[Edit {
            file: BID_BOOK,
            find: "price.value > ceiling.value",
            put: "(price.value.to_atoms() as f64) > (ceiling.value.to_atoms() as f64)",
        }],
    },
    Bug {
        name: "price-raised",
        guards: &[rejections(LATER_ROWS)],
        edits: &[Edit {
            file: BID_BOOK,
            find: "price.value >= current.value",
            put: "price.value == current.value",
        }],
    },
    Bug {
        name: "refunds-stop-at-the-first",
        guards: &[
            Guard::Invariants,
            lifecycle("losers_get_their_deposits_back_in_the_block_of_the_award"),
        ],
        edits: &[Edit {
            file: BID_BOOK,
            find: "let losers = open.filter(|bid| bid.id != award.bid);",
            put: "let losers = open.filter(|bid| bid.id != award.bid).take(1);",
        }],
    },
    Bug {
        name: "bundle-not-all-or-none",
        guards: &[
            bundles("a_bundle_is_its_bids_one_by_one_or_nothing"),
            Guard::Invariants,
            rejections(ROWS),
        ],
        edits: &[Edit {
            file: DECIDE_BIDS,
            find: "        let placed = placed.map_err(|why| Rejection::bundled(new.order, why))?;",
            put: "        let Ok(placed) = placed else { break };",
        }],
    },
    Bug {
        name: "two-bids-of-a-bundle-for-one-order",
        guards: &[rejections(ROWS), Guard::Invariants],
        edits: &[Edit {
            file: BUNDLE,
            find: "        self.admitted.insert(order.id);",
            put: "        let _ = &mut self.admitted;",
        }],
    },
    Bug {
        name: "nonce-unchecked",
        guards: &[rejections("a_command_is_taken_once_in_its_turn_and_in_time"), Guard::Invariants],
        edits: &[Edit { file: ENGINE, find: "signed.nonce != expected", put: "signed.nonce == 0" }],
    },
    Bug {
        name: "old-nonces-accepted",
        guards: &[Guard::Authority("Burn")],
        edits: &[Edit {
            file: ENGINE,
            find: "signed.nonce != expected",
            put: "signed.nonce > expected",
        }],
    },
    Bug {
        name: "chain-id-unsigned",
        guards: &[Guard::Authority("Burn")],
        edits: &[Edit {
            file: COMMAND,
            find: "[&length, chain_id.as_bytes(), account.as_bytes(), signer.as_bytes(), &nonce, &expires_at]",
            put: "[&[0; 8], &[], account.as_bytes(), signer.as_bytes(), &nonce, &expires_at]",
        }],
    },
    Bug {
        name: "anyone-withdraws",
        guards: &[Guard::Authority("Withdraw"), rejections(ROWS)],
        edits: &[Edit {
            file: DECIDE_MONEY,
            find: "    signer.must_be(lease.provider().0, \"the provider\")?;",
            put: "    let _ = signer;",
        }],
    },
    Bug {
        name: "retired-key-still-signs",
        guards: &[
            Guard::Authority("Burn"),
            rejections("a_key_signs_for_its_own_account_and_after_a_change_no_more"),
        ],
        edits: &[Edit {
            file: STATE,
            find: "            Some(current) => current == key,",
            put: "            Some(current) => current == key || Address::of_key(key) == *account,",
        }],
    },
    Bug {
        name: "new-key-not-asked",
        guards: &[Guard::Authority("RotateKey"), rejections(LATER_ROWS)],
        edits: &[Edit {
            file: DECIDE_PARAMS,
            find: "    crypto::verify(key, &digest, proof).map_err(disagrees)?;",
            put: "    let _ = crypto::verify(key, &digest, proof).map_err(disagrees);",
        }],
    },
    Bug {
        name: "parameters-change-at-once",
        guards: &[Guard::Authority("parameters-wait")],
        edits: &[Edit {
            file: DECIDE_PARAMS,
            find: "    let effective_at = height.checked_add(delay);",
            put: "    let effective_at = Some(height);",
        }],
    },
    Bug {
        name: "expired-word-counts",
        guards: &[Guard::Authority("words-end")],
        edits: &[Edit {
            file: END_OF_BLOCK,
            find: "        engine.commit(bank, vec![Event::AttestationEnded { provider, auditor, reason }])?;",
            put: "        let _ = (provider, auditor, reason);",
        }],
    },
    Bug {
        name: "insertion-order-into-the-root",
        guards: &[
            ledger("the_root_is_that_of_the_plain_twin_after_every_step"),
            Guard::Invariants,
            SHUFFLED,
        ],
        edits: &[
            Edit {
                file: STATE_TREE,
                find: "        self.top.map_or(Digest::ZERO, |top| self.hash(top))",
                put: "        let top = self.top.map_or(Digest::ZERO, |top| self.hash(top));
        let parts = [&top.as_bytes()[..], &self.order.as_bytes()[..]];
        undercut_primitives::crypto::digest_parts(super::NODE, &parts)",
            },
            Edit {
                file: STATE_TREE,
                find: "    top: Option<Link>,
",
                put: "    top: Option<Link>,
    order: Digest,
",
            },
            Edit {
                file: STATE_TREE,
                find: "        let met = self.walk(&key);",
                put: "        let parts = [&self.order.as_bytes()[..], &key.as_bytes()[..]];
        self.order = undercut_primitives::crypto::digest_parts(super::NODE, &parts);
        let met = self.walk(&key);",
            },
        ],
    },
    Bug {
        name: "leaves-in-order-of-arrival",
        guards: &[SHUFFLED, ledger("the_root_is_that_of_the_plain_twin_after_every_step")],
        edits: &[Edit {
            file: STATE_TREE,
            find: "let children = if bit_of(&key, bit) { [below, leaf] } else { [leaf, below] };",
            put: "let children = [below, leaf];",
        }],
    },
    Bug {
        name: "another-root-in-debug-builds",
        guards: &[GOLDEN],
        edits: &[Edit {
            file: MERKLE,
            find: "&[key.as_bytes(), value.as_bytes()]",
            put: "&if cfg!(debug_assertions) {
                    [value.as_bytes(), key.as_bytes()]
                } else {
                    [key.as_bytes(), value.as_bytes()]
                }",
        }],
    },
    Bug {
        name: "trailing-bytes-accepted",
        guards: &[primitives(CANONICAL), Guard::Invariants],
        edits: &[Edit {
            file: CODEC,
            find: "Ok(value) if reader.is_canonical() && reader.left() == 0 && beyond == 0 => Ok(value),",
            put: "Ok(value) if reader.is_canonical() => Ok(value),",
        }],
    },
    Bug {
        name: "maps-accepted-in-any-order",
        guards: &[primitives("maps_out_of_order_are_refused")],
        edits: &[Edit {
            file: CODEC,
            find: "Ok(value) if reader.is_canonical() && reader.left() == 0 && beyond == 0 => Ok(value),",
            put: "Ok(value) if reader.left() == 0 && beyond == 0 => Ok(value),",
        }],
    },
];

const ROWS: &str = "every_broken_rule_is_refused_by_its_code_and_leaves_no_trace";
const LATER_ROWS: &str =
    "every_rule_of_the_later_rounds_is_refused_by_its_code_and_leaves_no_trace";
const CANONICAL: &str = "only_the_canonical_form_is_read";

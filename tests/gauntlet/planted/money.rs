//! Planted bugs of escrow, allowances, vault and oracle.

use super::bug::{
    ACCOUNT, ACCOUNTS, ALLOWANCE, AMOUNT, Bug, DRAWS, EDGE_CASES, END_OF_BLOCK, ENGINE_MONEY,
    ESCROW, Edit, Guard, MINT_STATUS, ORACLE_PARAMS, PAYMENT, RECLAMATION, STATE, VAULT, bundles,
    ledger, lifecycle, rejections,
};

/// All of them.
pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "floor-per-settlement",
        guards: &[Guard::Invariants, ledger("withdrawing_often_or_once_pays_the_same")],
        edits: &[Edit {
            file: ACCOUNT,
            find: "        let earned = payment.earned_at(to)?;
        let amount = earned.checked_sub(payment.earned).unwrap_or_default();
        if !amount.is_zero() {",
            put: "        let since = from.max(payment.starts_at);
        let span = to.since(since).unwrap_or_default();
        let amount = payment.rate.over_floor(span)?.amount;
        if !amount.is_zero() {",
        }],
    },
    Bug {
        name: "round-to-nearest",
        guards: &[ledger("withdrawing_often_or_once_pays_the_same"), Guard::Invariants],
        edits: &[Edit {
            file: PAYMENT,
            find: "        Ok(self.rate.over_floor(span)?.amount)",
            put: "        let twice = BlockSpan::from_blocks(span.to_blocks() * 2);
        let twice = self.rate.over_floor(twice)?.amount.to_micro();
        Ok(Amount::from_micro((twice + 1) / 2))",
        }],
    },
    Bug {
        name: "panic-at-height-delta-zero",
        guards: &[ledger("second_withdrawal_in_one_block_moves_nothing"), Guard::Invariants],
        edits: &[Edit {
            file: ACCOUNTS,
            find: "                let settlement = if at > from {",
            put: "                assert!(at != from, \"no blocks to settle\");
                let settlement = if at > from {",
        }],
    },
    Bug {
        name: "index-not-rebuilt",
        guards: &[
            Guard::Invariants,
            lifecycle("a_top_up_moves_the_end_and_what_is_left_goes_to_the_last_depositor"),
        ],
        edits: &[Edit {
            file: ESCROW,
            find: "        self.accounts.predict(handle);
        Ok(())",
            put: "        if !matches!(event, LedgerEvent::Deposited { .. }) {
            self.accounts.predict(handle);
        }
        Ok(())",
        }],
    },
    Bug {
        name: "pause-costs-money",
        guards: &[ledger("a_paused_account_costs_nothing_and_a_top_up_revives_it"), EDGE_CASES],
        edits: &[Edit {
            file: ACCOUNT,
            find: "            let starts_at = payment.starts_at.checked_add(span);",
            put: "            let none = BlockSpan::from_blocks(span.to_blocks() % 1);
            let starts_at = payment.starts_at.checked_add(none);",
        }],
    },
    Bug {
        name: "left-a-second-before-the-deadline",
        guards: &[ledger("providers_that_promised_notice_have_to_give_it"), Guard::Invariants],
        edits: &[Edit {
            file: RECLAMATION,
            find: "(LeaseState::Reclaiming { deadline, .. }, _) if now < deadline => {",
            put: "(LeaseState::Reclaiming { deadline, .. }, _)
                if now.to_unix_nanos() + 1_000_000_000 < deadline.to_unix_nanos() =>
            {",
        }],
    },
    Bug {
        name: "fee-rounded-per-withdrawal",
        guards: &[ledger("fees_are_the_same_however_often_a_provider_withdraws")],
        edits: &[Edit {
            file: PAYMENT,
            find: "        Ok(Payout { paid: more(after.paid, before.paid), fee: more(after.fees, before.fees) })",
            put: "        let all = more(self.earned, self.withdrawn);
        let fee = all.basis_points_ceil(self.take_rate_bps)?;
        let _ = (after, before);
        Ok(Payout { paid: more(all, fee), fee })",
        }],
    },
    Bug {
        name: "allowance-not-restored-on-refund",
        guards: &[Guard::Authority("allowances-come-back"), EDGE_CASES],
        edits: &[Edit {
            file: ALLOWANCE,
            find: "                        self.restore(&id, &refund.coin);",
            put: "                        let _ = id;",
        }],
    },
    Bug {
        name: "allowance-not-restored-on-a-bids-refund",
        guards: &[Guard::Authority("allowances-come-back")],
        edits: &[Edit {
            file: STATE,
            find: "                self.allowances.restore(&id, &coin);",
            put: "                let _ = (id, coin);",
        }],
    },
    Bug {
        name: "allowance-drawn-after-its-end",
        guards: &[Guard::Authority("allowances-end"), rejections(LATER_ROWS)],
        edits: &[Edit {
            file: ALLOWANCE,
            find: "allowance.expires_at.filter(|expires_at| *expires_at < height)",
            put: "allowance.expires_at.filter(|_| false)",
        }],
    },
    Bug {
        name: "each-bid-of-a-bundle-asks-the-whole-balance",
        guards: &[bundles("the_deposits_of_a_bundle_come_out_of_one_purse")],
        edits: &[Edit {
            file: ENGINE_MONEY,
            find: "        left = left.checked_sub(coin.amount).ok_or_else(|| refused(from, left))?;",
            put: "        left.checked_sub(coin.amount).ok_or_else(|| refused(from, left))?;
        left = left.checked_sub(Amount::ZERO).unwrap_or(left);",
        }],
    },
    Bug {
        name: "each-bid-of-a-bundle-asks-the-whole-allowance",
        guards: &[
            bundles("what_others_allow_is_drawn_on_by_all_bids_together"),
            Guard::Invariants,
        ],
        edits: &[Edit {
            file: DRAWS,
            find: "        deposits.iter().for_each(|deposit| self.drawn.note(deposit));",
            put: "        let _ = Drawn::note;",
        }],
    },
    Bug {
        name: "price-age-unchecked",
        guards: &[ledger("a_price_is_usable_only_around_the_block"), Guard::Invariants],
        edits: &[Edit {
            file: ORACLE_PARAMS,
            find: "Some(age) => age <= self.age_max,",
            put: "Some(_) => true,",
        }],
    },
    Bug {
        name: "future-price-taken",
        guards: &[ledger("a_price_is_usable_only_around_the_block"), Guard::Invariants],
        edits: &[Edit {
            file: ORACLE_PARAMS,
            find: "is_some_and(|ahead| ahead <= self.ahead_max)",
            put: "is_some()",
        }],
    },
    Bug {
        name: "breaker-asked-once-per-epoch",
        guards: &[ledger("the_breaker_is_asked_for_every_single_mint")],
        edits: &[
            Edit {
                file: END_OF_BLOCK,
                find: "            engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;
            observe_price(engine, bank)?;",
                put: "            engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;",
            },
            Edit {
                file: VAULT,
                find: "        if !self.status_at(Some(price), params).allows(direction) {
            return None;",
                put: "        if !self.books.status.allows(direction) {
            return None;",
            },
        ],
    },
    Bug {
        name: "hysteresis-forgotten",
        guards: &[ledger("a_collateral_halt_ends_above_the_resume_ratio_only")],
        edits: &[Edit {
            file: MINT_STATUS,
            find: "        if self.is_collateral_halted { params.resume_ratio_bps } else { params.halt_ratio_bps }",
            put: "        params.halt_ratio_bps",
        }],
    },
    Bug {
        name: "unchecked-add",
        guards: &[Guard::Authority("sums-do-not-wrap"), Guard::Invariants],
        edits: &[Edit {
            file: AMOUNT,
            find: "        let sum = self.0.checked_add(other.0);",
            put: "        let sum = Some(self.0.wrapping_add(other.0));",
        }],
    },
];

const LATER_ROWS: &str =
    "every_rule_of_the_later_rounds_is_refused_by_its_code_and_leaves_no_trace";

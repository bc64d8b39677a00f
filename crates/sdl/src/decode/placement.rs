//! Placements: attributes, auditors, prices.

use super::keys::has_any_key;
use super::{Decoder, Pair, Unknown, What};
use crate::code;
use crate::diagnostic::Problem;
use crate::gate::{quoted, short};
use crate::model::{Field, Located, Placement, Price, Text};
use crate::node::Kind;
use crate::quantity::{self, Amount, NoQuantity};
use crate::suggest;

/// The denoms of deployments.
const DENOMS: [&str; 2] = ["uact", "uakt"];

impl<'n> Decoder<'_> {
    pub(super) fn placement(&mut self, pair: &Pair<'n, '_>) -> Option<Placement<'n>> {
        const KEYS: &[&str] = &["attributes", "signedBy", "pricing"];
        let owner = What::Named("placement", pair.name);
        let mut placement = Placement { body: pair.value.span, ..Placement::default() };
        let is_part = matches!(pair.name, "attributes" | "signedBy" | "pricing");
        if is_part && !has_any_key(pair.value, KEYS) {
            self.note_nameless("placement name", pair);
            return Some(placement);
        }
        for pair in self.fields(pair.value, &owner, KEYS, Unknown::Ignored)? {
            match pair.name {
                "attributes" => placement.attributes = self.attributes(&pair),
                "signedBy" => self.signed_by(&pair, &owner, &mut placement),
                _ => {
                    placement.pricing_span = Some(pair.key.span);
                    placement.pricing_is_bad = self.refuse_bare_price(&pair);
                    if !placement.pricing_is_bad {
                        placement.pricing =
                            self.names(pair.value, pair.what, |this, pair| this.price(pair));
                    }
                }
            }
        }
        Some(placement)
    }

    /// Texts by key in byte order; a null value is an empty text.
    fn attributes(&mut self, pair: &Pair<'n, '_>) -> Option<Vec<(&'n str, Text<'n>)>> {
        if pair.value.is_null() {
            return None;
        }
        let mut attributes = Vec::new();
        for pair in self.pairs(pair.value, &pair.what)? {
            let value = self.text(pair.value, pair.what).value().cloned().unwrap_or_default();
            attributes.push((pair.name, Text { value, span: pair.value.span }));
        }
        attributes.sort_by_key(|(name, text)| (*name, text.value));
        Some(attributes)
    }

    fn signed_by(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, placement: &mut Placement<'n>) {
        let owner = What::Key("signedBy", owner);
        let fields = self.fields(pair.value, &owner, &["allOf", "anyOf"], Unknown::Ignored);
        for pair in fields.unwrap_or_default() {
            let texts = self.texts(pair.value, pair.what);
            match pair.name {
                "allOf" => placement.all_of = texts,
                _ => placement.any_of = texts,
            }
        }
    }

    /// Whether prices cannot be read by profile, which is reported.
    fn refuse_bare_price(&mut self, pair: &Pair<'n, '_>) -> bool {
        let is_price = |value: &Kind<'_>| matches!(value, Kind::Scalar { .. });
        let Kind::Mapping(pairs) = &pair.value.kind else {
            if !pair.value.is_null() {
                self.wrong_kind(pair.value, pair.what, "a mapping");
            }
            return !pair.value.is_null();
        };
        let is_bare = has_any_key(pair.value, &["denom", "amount"])
            && pairs.iter().all(|(_, value)| is_price(&value.kind));
        if is_bare {
            let sentence = format!("{} names no compute profile", pair.what);
            let problem = Problem::error(code::WRONG_TYPE, pair.key.span, sentence);
            let help = "put the profile in between: `web: { denom: uact, amount: 1000 }`";
            self.problems.push(problem.help(help));
        }
        is_bare
    }

    fn price(&mut self, pair: &Pair<'n, '_>) -> Option<Price> {
        let owner = What::Named("the price of", pair.name);
        let (mut denom, mut amount) = (Field::Absent, Field::Absent);
        for pair in self.fields(pair.value, &owner, &["denom", "amount"], Unknown::Ignored)? {
            match pair.name {
                "denom" => denom = self.text(pair.value, pair.what),
                _ => amount = self.text(pair.value, pair.what),
            }
        }
        if matches!((&denom, &amount), (Field::Absent, Field::Absent)) {
            let sentence = format!("{owner} has no `denom` and no `amount`");
            let problem = Problem::error(code::AMOUNT, pair.key.span, sentence);
            let help = format!("write `{}: {{ denom: uact, amount: 1000 }}`", short(pair.name));
            self.problems.push(problem.help(help));
            return None;
        }
        let amount = self.amount(amount, pair, &owner, denom.value().copied().unwrap_or_default());
        let denom = match denom {
            Field::Given(denom) => denom,
            Field::Absent => Located { value: "", span: pair.key.span },
            Field::Bad => return None,
        };
        let Ok(value) = denom.value.parse() else {
            let sentence = match denom.value {
                "" => format!("{owner} has no `denom`"),
                text => format!("`{}` is not a denom", short(text)),
            };
            let slip = self.problems.slip(pair.value.span, "denom");
            let slip = slip.filter(|_| denom.value.is_empty());
            let problem = Problem::error(code::DENOM, denom.span, sentence);
            self.problems.push(problem.help(denom_help(denom.value)).blamed_on(slip));
            return None;
        };
        if unlikely_denom(denom.value) {
            let sentence =
                format!("{owner} is in `{}`, not in `uact` or `uakt`", short(denom.value));
            let problem = Problem::warning(code::DENOM, denom.span, sentence);
            self.problems.push(problem.help(denom_help(denom.value)));
        }
        Some(Price { denom: Located { value, span: denom.span }, amount: amount? })
    }

    fn amount(
        &mut self,
        amount: Field<&'n str>,
        pair: &Pair<'n, '_>,
        owner: &What<'_>,
        denom: &str,
    ) -> Option<Located<Amount>> {
        let text = match amount {
            Field::Given(text) => text,
            Field::Absent => {
                let sentence = format!("{owner} has no `amount`");
                let problem = Problem::error(code::AMOUNT, pair.key.span, sentence);
                let help = "add `amount: 1000`, with the most that one replica may cost per block";
                let slip = self.problems.slip(pair.value.span, "amount");
                self.problems.push(problem.help(help).blamed_on(slip));
                return None;
            }
            Field::Bad => return None,
        };
        let why = match quantity::amount(text.value) {
            Ok(Amount::Some(value)) if value.is_zero() => "not above zero",
            Ok(value) => return Some(Located { value, span: text.span }),
            Err(NoQuantity::Syntax) => "not a decimal number",
            Err(NoQuantity::Negative) => "below zero",
            Err(NoQuantity::TooLarge) => "too large",
        };
        let sentence = format!("{owner} is {}, which is {why}", quoted(text.value));
        let problem = Problem::error(code::AMOUNT, text.span, sentence);
        let problem = match suggest::amount(text.value, denom) {
            Some(meant) => {
                let help = format!("write `amount: {}`", meant.text);
                let fix = meant.is_certain.then_some(meant.text);
                problem.saying(meant.why).help(help).maybe_fix(text.span, fix)
            }
            None if why == "not a decimal number" && is_long_fraction(text.value) => {
                problem.saying("at most 18 digits may stand after the point")
            }
            None if denom == "uakt" => {
                problem.help("write how many `uakt` one replica may cost per block")
            }
            None => problem.help(
                "write how many `uact` one replica may cost per block; 1,000,000 are worth 1 US \
                 dollar",
            ),
        };
        self.problems.push(problem);
        None
    }
}

fn is_long_fraction(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number && text.split_once('.').is_some_and(|(_, fraction)| fraction.len() > 18)
}

/// Whether a denom is most likely a slip: one of the two in other letters, or the name of a coin.
fn unlikely_denom(text: &str) -> bool {
    !DENOMS.contains(&text) && meant_denom(text).is_some()
}

fn meant_denom(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    match lower.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ') {
        "act" | "usd" | "dollar" | "dollars" => Some("uact"),
        "akt" => Some("uakt"),
        lower => suggest::nearest(lower, DENOMS),
    }
}

/// What to write instead of a denom.
fn denom_help(text: &str) -> String {
    let text = text.trim();
    match meant_denom(text) {
        _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
            "write `denom: uact`; the number belongs to `amount`".to_owned()
        }
        Some("uakt") => "did you mean `uakt`, millionths of an AKT? deployments are paid for in \
                         `uact`, millionths of an ACT"
            .to_owned(),
        Some(_) => "did you mean `uact`? 1 ACT, worth 1 US dollar, is 1,000,000 uact".to_owned(),
        None => {
            "write `denom: uact`, millionths of an ACT, or `uakt`, millionths of an AKT".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denoms_that_are_slips_are_told_from_others() {
        for slip in ["akt", "AKT", "act", "ACT", "uatk", "UACT", "uaktt", "USD"] {
            assert!(unlikely_denom(slip), "{slip}");
        }
        for denom in ["uact", "uakt", "uusdc", "ibc/27394FB0", "aaa", "stake", "atom"] {
            assert!(!unlikely_denom(denom), "{denom}");
        }
    }
}

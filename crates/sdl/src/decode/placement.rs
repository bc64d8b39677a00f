//! Placements: attributes, auditors, prices.

use super::{Decoder, Pair, Unknown, What};
use crate::code;
use crate::diagnostic::Problem;
use crate::gate::{quoted, short};
use crate::model::{Field, Located, Placement, Price, Text};
use crate::quantity::{self, Amount, NoQuantity};

impl<'n> Decoder<'_> {
    pub(super) fn placement(&mut self, pair: &Pair<'n, '_>) -> Option<Placement<'n>> {
        const KEYS: &[&str] = &["attributes", "signedBy", "pricing"];
        let owner = What::Named("placement", pair.name);
        let mut placement = Placement::default();
        for pair in self.fields(pair.value, &owner, KEYS, Unknown::Ignored)? {
            match pair.name {
                "attributes" => placement.attributes = self.attributes(&pair),
                "signedBy" => self.signed_by(&pair, &owner, &mut placement),
                _ => {
                    placement.pricing_span = Some(pair.key.span);
                    placement.pricing =
                        self.names(pair.value, pair.what, |this, pair| this.price(pair));
                }
            }
        }
        Some(placement)
    }

    /// Texts by key in byte order; a null value is an empty text.
    fn attributes(&mut self, pair: &Pair<'n, '_>) -> Option<Vec<(&'n str, &'n str)>> {
        if pair.value.is_null() {
            return None;
        }
        let mut attributes = Vec::new();
        for pair in self.pairs(pair.value, &pair.what)? {
            let value = self.text(pair.value, pair.what).value().cloned().unwrap_or_default();
            attributes.push((pair.name, value));
        }
        attributes.sort();
        Some(attributes)
    }

    fn signed_by(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, placement: &mut Placement<'n>) {
        let owner = What::Key("signedBy", owner);
        let fields = self.fields(pair.value, &owner, &["allOf", "anyOf"], Unknown::Ignored);
        let values = |texts: Vec<Text<'n>>| texts.into_iter().map(|text| text.value).collect();
        for pair in fields.unwrap_or_default() {
            let texts = self.texts(pair.value, pair.what).map(values);
            match pair.name {
                "allOf" => placement.all_of = texts,
                _ => placement.any_of = texts,
            }
        }
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
        let amount = self.amount(amount, pair, &owner);
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
            let problem = Problem::error(code::DENOM, denom.span, sentence);
            self.problems.push(problem.help("write `denom: uact`"));
            return None;
        };
        Some(Price { denom: Located { value, span: denom.span }, amount: amount? })
    }

    fn amount(
        &mut self,
        amount: Field<&'n str>,
        pair: &Pair<'n, '_>,
        owner: &What<'_>,
    ) -> Option<Located<Amount>> {
        let text = match amount {
            Field::Given(text) => text,
            Field::Absent => {
                let sentence = format!("{owner} has no `amount`");
                let problem = Problem::error(code::AMOUNT, pair.key.span, sentence);
                self.problems.push(problem.help("add `amount`, in micro-units per block"));
                return None;
            }
            Field::Bad => return None,
        };
        let why = match quantity::amount(text.value) {
            Ok(Amount::Some(value)) if value.is_zero() => "not above zero",
            Ok(value) => return Some(Located { value, span: text.span }),
            Err(NoQuantity::Syntax) => "not a decimal number with at most 18 digits of fraction",
            Err(NoQuantity::Negative) => "below zero",
            Err(NoQuantity::TooLarge) => "too large",
        };
        let sentence = format!("{owner} is {}, which is {why}", quoted(text.value));
        self.refuse(code::AMOUNT, text.span, sentence);
        None
    }
}

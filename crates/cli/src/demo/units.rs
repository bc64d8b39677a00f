//! Money and time as people say them. Integers only; everything is rounded half up, for show.

use undercut_primitives::usd::{self, Usd};
use undercut_primitives::{Amount, Coin, Decimal, PricePerBlock};

const ATOMS: u128 = 1_000_000_000_000_000_000;

fn divide(dividend: u128, divisor: u128) -> u128 {
    dividend.saturating_add(divisor / 2).checked_div(divisor).unwrap_or_default()
}

/// `1.33 USD/h` of a price in uact, or nothing of another denom: its worth moves.
pub(super) fn per_hour(price: &PricePerBlock) -> Option<String> {
    let token = Usd::of_token(&price.denom, None)?;
    let cents = usd::cents_per_hour_half_up(price.value, token);
    if cents == 0 {
        return Some("under 0.01 USD/h".to_owned());
    }
    Some(format!("{}.{:02} USD/h", cents / 100, cents % 100))
}

/// A price with six digits after the point, as prices are compared.
pub(super) fn price(value: Decimal) -> String {
    let millionths = divide(value.to_atoms(), ATOMS / 1_000_000);
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

/// `5.000000 ACT`, `0.500000 AKT`, or micro-units of any other denom.
pub(super) fn coin(coin: &Coin) -> String {
    let name = match coin.denom.as_str() {
        "uact" => "ACT",
        "uakt" => "AKT",
        _ => return coin.to_string(),
    };
    let micro = coin.amount.to_micro();
    format!("{}.{:06} {name}", micro / 1_000_000, micro % 1_000_000)
}

/// `412.4 ACT`: one digit after the point.
pub(super) fn rough(amount: Amount, name: &str) -> String {
    let tenths = divide(amount.to_micro(), 100_000);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// `3 h 45 min` for a number of blocks.
pub(super) fn time(blocks: u64) -> String {
    let minutes = u128::from(blocks)
        .saturating_mul(u128::from(usd::MILLI_HOURS_PER_MONTH))
        .saturating_mul(60)
        .checked_div(u128::from(usd::BLOCKS_PER_MONTH).saturating_mul(1_000))
        .unwrap_or_default();
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// `91.7 %` of a whole.
pub(super) fn share(part: u64, whole: u64) -> String {
    let per_mille = divide(u128::from(part).saturating_mul(1_000), u128::from(whole));
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// `28 417`: thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in (1..=digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 1 && place % 3 == 1 {
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_the_reference_tables() {
        // provider.md 5.3: an H100 at 1.33 USD an hour, 1 USD an hour, 588.5 blocks an hour
        let hour = |text: &str| per_hour(&text.parse().unwrap()).unwrap();
        assert_eq!(hour("2259.894629uact"), "1.33 USD/h");
        assert_eq!(hour("1699.168893uact"), "1.00 USD/h");
        assert_eq!(hour("10000uact"), "5.89 USD/h");
        assert_eq!(hour("3uact"), "under 0.01 USD/h");
        assert_eq!(time(2_212), "3 h 45 min");
        assert_eq!(time(40_000), "2 d 19 h");
        assert_eq!(time(0), "0 min");
    }

    #[test]
    fn texts_have_a_fixed_shape() {
        assert_eq!(price("2259.8946285".parse().unwrap()), "2259.894629");
        assert_eq!(coin(&Coin::uact(5_000_000)), "5.000000 ACT");
        assert_eq!(coin(&"7uusd".parse().unwrap()), "7uusd");
        assert_eq!(rough(Amount::from_micro(412_449_999), "ACT"), "412.4 ACT");
        assert_eq!(share(11, 12), "91.7 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!([0, 999, 28_417, 1_000_000].map(count), ["0", "999", "28 417", "1 000 000"]);
    }
}

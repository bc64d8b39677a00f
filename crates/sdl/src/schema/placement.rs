//! Placements: what a provider must be, and prices.

use undercut_primitives::resources::limits;

use super::forms;
use super::value::{Object, Value};

pub(super) fn placement() -> Object {
    const KEYS: &[&str] = &["attributes", "signedBy", "pricing"];
    let description = "Where services may run, and the most that they may cost there.";
    forms::mapping(description, &["pricing"], KEYS, |key| {
        Some(match key {
            "attributes" => attributes(),
            "signedBy" => signed_by(),
            "pricing" => pricing(),
            _ => return None,
        })
    })
}

fn attributes() -> Object {
    let types = ["string", "number", "boolean", "null"];
    let value = forms::of_types(types, "The value, as the provider writes it.");
    let description = "Attributes that the provider must have, each with exactly this value.";
    let example = Object::new().with("region", "eu-west");
    forms::of_types(["object", "null"], description)
        .with("additionalProperties", value)
        .with("examples", vec![Value::from(example)])
}

fn signed_by() -> Object {
    let description = "Auditors who must have confirmed the provider's attributes.";
    forms::optional_mapping(description, &["allOf", "anyOf"], |key| {
        let description = match key {
            "allOf" => "Addresses of auditors, all of whom must have signed.",
            _ => "Addresses of auditors, one of whom must have signed.",
        };
        Some(forms::list(description, forms::scalar("The address of an auditor.")))
    })
}

fn pricing() -> Object {
    let price = forms::mapping(
        "The most that one replica may cost per block.",
        &["denom", "amount"],
        &["denom", "amount"],
        |key| {
            Some(match key {
                "denom" => forms::pattern(
                    "The currency in micro-units, one for all prices of a manifest.",
                    "^[a-zA-Z][-a-zA-Z0-9/:._]{2,127}$",
                    "write a currency in micro-units, such as uact",
                )
                .with("examples", ["uact", "uakt"]),
                _ => amount(),
            })
        },
    );
    let description = "The most that one replica may cost, by compute profile. Every profile that \
        a service uses here needs a price.";
    forms::names(description, super::any_name(), price)
}

fn amount() -> Object {
    let description = format!(
        "Micro-units per block and replica: above 0 and at most {}, with up to 18 digits of \
         fraction.",
        limits::UNIT_PRICE_MAX
    );
    forms::of_types(["number", "string"], &description)
        .with("exclusiveMinimum", 0_u64)
        .with("maximum", limits::UNIT_PRICE_MAX)
        .with("pattern", r"^\+?[0-9]+(\.[0-9]{1,18})?$")
        .with("errorMessage", "write a decimal number with at most 18 digits of fraction")
        .with("examples", vec![Value::from(100_u64), "60.5".into()])
}

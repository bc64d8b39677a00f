//! What the workloads are made of: one generator of numbers, and the parties of a market.

use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Attribute, Consent, Decimal, Denom, DeploymentId, Digest, GroupId, GroupSpec, OrderId,
    PricePerBlock, Provider, PublicKey, Requirements, ResourceUnit, Resources, Signature, SignedBy,
    Tenant, Volume,
};

const DIGEST: Namespace = Namespace("undercut/bench/v1");

/// Numbers that follow from a seed: the splitmix64 of Steele, Lea and Flood.
///
/// The benches have one of their own, so that a change of the simulation's changes no workload.
#[derive(Clone, Debug)]
pub struct Generator(u64);

impl Generator {
    /// The generator of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to `bound - 1`. It favours some numbers by less than `bound` in 2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(product >> 64).expect("a 128-bit number has 64 upper bits")
    }

    /// [`Generator::below`] for places in a list.
    pub fn place(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("a list is shorter than 2^64");
        usize::try_from(self.below(bound)).expect("a place lies within its list")
    }

    /// Whether one of `in_how_many` equal chances came true.
    pub fn one(&mut self, in_how_many: u64) -> bool {
        self.below(in_how_many) == 0
    }
}

/// The digest of a number, for keys and values that only need to differ.
#[must_use]
pub fn digest(number: u64) -> Digest {
    crypto::digest(DIGEST, &number.to_le_bytes())
}

/// A provider that no key opens.
#[must_use]
pub fn provider(number: u64) -> Provider {
    Provider(Address::of_module(&format!("provider {number}")))
}

/// A deployment of a tenant of its own.
#[must_use]
pub fn deployment_id(number: u64) -> DeploymentId {
    DeploymentId { tenant: Tenant(Address::of_module(&format!("tenant {number}"))), dseq: 1 }
}

/// The first order of group `gseq` of [`deployment_id`].
#[must_use]
pub fn order_id(number: u64, gseq: u32) -> OrderId {
    GroupId { deployment: deployment_id(number), gseq }.order(1)
}

/// A consent that nobody gave, for books that leave signatures to the engine.
#[must_use]
pub fn unsigned() -> Consent {
    Consent {
        account: Address::of_module("anyone"),
        command: Digest::ZERO,
        key: PublicKey::from_bytes([1; 32]),
        signature: Signature::from_bytes(&[2; 64]),
    }
}

/// The highest price of a bid, in whole uact per block.
pub const PRICE_MAX: u64 = 10_000;

/// What an order asks for: two units, four attributes, persistent storage and a GPU.
#[must_use]
pub fn spec() -> GroupSpec {
    let persistent = [("class", "beta2"), ("persistent", "true")];
    let volume = |name: &str, attributes: &[(&str, &str)]| Volume {
        name: name.into(),
        size_bytes: 1 << 30,
        attributes: attributes.iter().map(|(key, value)| Attribute::new(*key, *value)).collect(),
    };
    let unit = |id| ResourceUnit {
        id,
        count: 1,
        price: PricePerBlock::new(Denom::uact(), Decimal::from_whole(PRICE_MAX)),
        resources: Resources {
            cpu_milli: 4_000,
            memory_bytes: 16 << 30,
            volumes: vec![volume("default", &[]), volume("data", &persistent)],
            gpus: 1,
            gpu_attributes: vec![Attribute::new("vendor/nvidia/model/h100", "true")],
            ..Resources::default()
        },
    };
    let attributes = [3, 7, 11, 15].map(feature).to_vec();
    let requirements = Requirements { attributes, signed_by: SignedBy::default() };
    GroupSpec { name: "westcoast".into(), requirements, units: vec![unit(1), unit(2)] }
}

/// What a provider says of itself: twenty attributes, four of them capabilities, that suit
/// [`spec`].
#[must_use]
pub fn attributes() -> Vec<Attribute> {
    let capabilities = [
        ("capabilities/storage/1/class", "beta2"),
        ("capabilities/storage/1/persistent", "true"),
        ("capabilities/gpu/vendor/nvidia/model/a100", "true"),
        ("capabilities/gpu/vendor/nvidia/model/h100", "true"),
    ];
    let capabilities = capabilities.map(|(key, value)| Attribute::new(key, value));
    (0..16).map(feature).chain(capabilities).collect()
}

fn feature(number: u64) -> Attribute {
    Attribute::new(format!("feature-{number}"), "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut generator = Generator::new(1_234_567);
        let numbers = [(); 3].map(|()| generator.next_u64());
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_its_ends() {
        let mut generator = Generator::new(42);
        let mut met = [0_u32; 7];
        (0..700).for_each(|_| met[generator.place(7)] += 1);
        assert!(met.iter().all(|times| (60..=140).contains(times)), "{met:?}");
    }
}

//! Manifests: from text to groups, manifest and version hash.
//!
//! | `sdl/check` | what it is |
//! | --- | --- |
//! | ours | [`Sdl::parse`]: groups, manifest and both hashes, every problem found and placed |
//! | floor | the YAML event reader alone, every event dropped |
//! | plain | [a tree of values, then JSON](crate::manifests), which trusts the text |
//! | `with warnings` | [`undercut_sdl::check`], with every warning |

use std::hint::black_box;

use saphyr_parser::Parser;
use undercut_primitives::Digest;
use undercut_sdl::{Sdl, check as check_all};

use crate::clock::cpu_timed;
use crate::contest::Contest;
use crate::manifests::read_plainly;
use crate::row::Row;
use crate::settings::Settings;

/// The example manifests.
pub const EXAMPLES: [&str; 14] = [
    include_str!("../../../sdl-examples/arm-builder.yaml"),
    include_str!("../../../sdl-examples/batch-training.yaml"),
    include_str!("../../../sdl-examples/blog-with-database.yaml"),
    include_str!("../../../sdl-examples/confidential.yaml"),
    include_str!("../../../sdl-examples/dns-leased-ip.yaml"),
    include_str!("../../../sdl-examples/game-server.yaml"),
    include_str!("../../../sdl-examples/image-generation.yaml"),
    include_str!("../../../sdl-examples/llm-inference.yaml"),
    include_str!("../../../sdl-examples/private-image.yaml"),
    include_str!("../../../sdl-examples/shop.yaml"),
    include_str!("../../../sdl-examples/staging-and-production.yaml"),
    include_str!("../../../sdl-examples/two-regions.yaml"),
    include_str!("../../../sdl-examples/web.yaml"),
    include_str!("../../../sdl-examples/workers-shared-profile.yaml"),
];

/// How many events the YAML reader gives: the floor of everything that reads the text.
#[must_use]
pub fn events(text: &str) -> usize {
    Parser::new_from_str(text).take_while(Result::is_ok).count()
}

/// What a manifest is read for.
#[must_use]
pub fn groups(text: &str) -> Option<(usize, Digest, Digest)> {
    let sdl = Sdl::parse(text).ok()?;
    Some((sdl.groups().len(), sdl.hash(), sdl.groups_sha256()))
}

/// The same with every warning.
#[must_use]
pub fn checked(text: &str) -> Option<(usize, Digest, Digest)> {
    let (sdl, _) = check_all(text);
    let sdl = sdl?;
    Some((sdl.groups().len(), sdl.hash(), sdl.groups_sha256()))
}

/// Every example once: text to groups, manifest and hash, beside the YAML event reader alone.
pub fn check(settings: &Settings, rows: &mut Vec<Row>) {
    for text in EXAMPLES {
        assert!(groups(text).is_some(), "an example is sound");
        assert_eq!(groups(text), checked(text));
        assert_eq!(groups(text), read_plainly(text));
        assert_eq!(groups(text), groups(&format!("# the same\n{text}")));
    }
    let times = settings.sized(40, 4);
    let all = |work: &dyn Fn(&str) -> usize| {
        cpu_timed(|| {
            for _ in 0..times {
                black_box(EXAMPLES.iter().map(|text| work(black_box(text))).sum::<usize>());
            }
        })
    };
    let bytes: usize = EXAMPLES.iter().map(|text| text.len()).sum();
    let params = format!("files={} bytes={bytes}", EXAMPLES.len());
    let of = |found: Option<(usize, Digest, Digest)>| found.map_or(0, |(groups, ..)| groups);
    let contest = Contest::new("sdl/check", params)
        .operations(times * EXAMPLES.len())
        .ours(|| all(&|text| of(groups(text))))
        .floor(|| all(&events))
        .plain(|| all(&|text| of(read_plainly(text))))
        .structure("with warnings", || all(&|text| of(checked(text))));
    rows.push(contest.run(settings));
}

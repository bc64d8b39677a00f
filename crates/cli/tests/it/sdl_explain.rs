//! `undercut sdl explain`, and what prices tell `sdl check`.

use serde_json::json;

use crate::{Folder, Ran, root, run_in, undercut};

/// A manifest with a ceiling below every known price.
fn cheap(denom: &str) -> Folder {
    let folder = Folder::new();
    let text = std::fs::read_to_string(root().join("sdl-examples/llm-inference.yaml")).unwrap();
    let text = text
        .replace("amount: 10000", "amount: 1")
        .replace("denom: uact", &format!("denom: {denom}"));
    folder.write("cheap.yaml", text.as_bytes());
    folder
}

impl Folder {
    fn sdl(&self, verb: &str, arguments: &[&str]) -> Ran {
        run_in(&self.0, &[&["sdl", verb, "cheap.yaml"], arguments].concat(), b"")
    }
}

#[test]
fn a_manifest_is_told_in_plain_numbers() {
    let ran = undercut("sdl explain sdl-examples/web.yaml");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    for part in ["This manifest asks for 1 group: 1 service, 1 replica.", "0.06 USD", "nginx:1.27"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn json_has_the_same_numbers() {
    let json = undercut("sdl explain sdl-examples/shop.yaml --json").json();
    assert_eq!(
        (&json["schema"], &json["file"]),
        (&json!("undercut.sdl-explain/1"), &json!("sdl-examples/shop.yaml"))
    );
    assert_eq!(
        (&json["totals"]["replicas"], &json["totals"]["cpu_milli"]),
        (&json!(3), &json!(1_500))
    );
    assert_eq!(
        (&json["ceiling"]["per_block"], &json["ceiling"]["denom"]),
        (&json!("181.5"), &json!("uact"))
    );
    assert_eq!(json["ceiling"]["usd_per_hour"], "0.11");
    let groups = undercut("sdl groups sdl-examples/shop.yaml");
    let groups: serde_json::Value = serde_json::from_str(&groups.out).unwrap();
    assert_eq!(json["groups"].as_array().unwrap().len(), groups.as_array().unwrap().len());
    let units = json["groups"][0]["units"].as_array().unwrap();
    assert_eq!(units.len(), groups[0]["resources"].as_array().unwrap().len());
    let service = &json["groups"][0]["services"][0];
    assert!(service["image"].is_string() && service["ports"][0]["reach"].is_string(), "{service}");
}

#[test]
fn an_akt_is_worth_what_is_told() {
    let folder = cheap("uakt");
    let price = |arguments: &[&str]| {
        let json = folder.sdl("explain", arguments).json();
        json["ceiling"]["usd_per_hour"].clone()
    };
    assert_eq!(price(&["--json"]), serde_json::Value::Null);
    assert!(price(&["--json", "--akt-usd", "1000"]).is_string());
    for bad in ["0", "-1", "much", "1e3"] {
        let ran = folder.sdl("explain", &[&format!("--akt-usd={bad}")]);
        assert_eq!(ran.code, 2, "{bad}: {ran:?}");
    }
}

#[test]
fn problems_go_to_standard_error() {
    let folder = Folder::new();
    let bad = folder.write("bad.yaml", b"version: \"2.0\"\nservices: 7\n");
    for json in [&[][..], &["--json"]] {
        let ran = run_in(&folder.0, &[&["sdl", "explain", &bad], json].concat(), b"");
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains("error[SDL"), "{ran:?}");
    }
}

#[test]
fn a_ceiling_below_every_known_price_is_a_warning() {
    let folder = cheap("uact");
    let ran = folder.sdl("check", &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("warning[SDL101]"), "{}", ran.out);
    assert_eq!(folder.sdl("check", &["-D"]).code, 1);
    let ran = folder.sdl("check", &["--no-prices", "-D"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let folder = cheap("uakt");
    assert!(!folder.sdl("check", &[]).out.contains("SDL101"), "an AKT may be worth anything");
    assert!(folder.sdl("check", &["--akt-usd", "0.75"]).out.contains("SDL101"));
    assert_eq!(folder.sdl("check", &["--akt-usd", "0.75", "--no-prices"]).code, 2);
}

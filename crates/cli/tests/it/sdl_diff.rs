//! `undercut sdl diff`.

use serde_json::json;

use crate::{Folder, Ran, root, run_in};

/// A folder with `a.yaml`, a manifest, and `b.yaml`, the same with some texts replaced.
fn pair(replaced: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    let old = std::fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap();
    let new = replaced.iter().fold(old.clone(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    folder.write("a.yaml", old.as_bytes());
    folder.write("b.yaml", new.as_bytes());
    folder
}

impl Folder {
    fn diff(&self, arguments: &[&str]) -> Ran {
        run_in(&self.0, &[&["sdl", "diff"], arguments].concat(), b"")
    }
}

const IMAGE: (&str, &str) = ("nginx:1.27", "nginx:1.28");
const CPU: (&str, &str) = ("units: 1", "units: 2");
const PRICE: (&str, &str) = ("amount: 100", "amount: 200");

#[test]
fn changes_stand_under_what_they_come_to() {
    let folder = pair(&[IMAGE, CPU, PRICE]);
    let ran = folder.diff(&["a.yaml", "b.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
    let expected = "needs a new order:
  placement anywhere / service web / cpu: 1 CPU → 2 CPU

has no effect on a running lease, needs a new order to count:
  placement anywhere / service web / price: 100 uact/block → 200 uact/block

a running lease takes it over:
  placement anywhere / service web / image: nginx:1.27 → nginx:1.28
";
    assert_eq!(ran.out, expected);
    let json = folder.diff(&["a.yaml", "b.yaml", "--json"]).json();
    assert_eq!(
        (&json["schema"], &json["same"], &json["allowed"]),
        (&json!("undercut.sdl-diff/1"), &json!(false), &json!(false))
    );
    let effects: Vec<_> =
        json["changes"].as_array().unwrap().iter().map(|one| &one["effect"]).collect();
    assert_eq!(effects, ["allowed", "new-order", "no-effect"]);
    assert_eq!(json["changes"][1]["new"], "2 CPU");
}

#[test]
fn manifests_that_differ_in_layout_alone_are_the_same() {
    let folder = pair(&[("# The smallest", "# Another")]);
    let ran = folder.diff(&["a.yaml", "b.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "a.yaml and b.yaml ask for the same\n"));
    let json = folder.diff(&["a.yaml", "b.yaml", "--json"]).json();
    assert_eq!((&json["same"], &json["changes"]), (&json!(true), &json!([])));
    let old = std::fs::read(folder.file("a.yaml")).unwrap();
    assert_eq!(run_in(&folder.0, &["sdl", "diff", "-", "b.yaml"], &old).code, 0);
    assert_eq!(folder.diff(&["-", "-"]).code, 2);
}

#[test]
fn what_cannot_be_compared_exits_3() {
    let folder = pair(&[("port: 80", "port: 70000")]);
    for arguments in [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]] {
        let ran = folder.diff(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        assert!(ran.err.contains("error[SDL050]") && ran.err.contains("b.yaml:"), "{ran:?}");
    }
    let ran = folder.diff(&["a.yaml", "no-such.yaml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("FIL001: no-such.yaml"), "{ran:?}");
}

#[test]
fn a_lease_takes_what_the_order_does_not_know() {
    let folder = pair(&[IMAGE]);
    let ran = folder.diff(&["--lease", "a.yaml", "b.yaml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "b.yaml: the running lease takes it\n"),
        "{ran:?}"
    );
    let json = folder.diff(&["--lease", "--json", "a.yaml", "b.yaml"]).json();
    assert_eq!((&json["allowed"], &json["diagnostics"]), (&json!(true), &json!([])));
}

#[test]
fn a_lease_refuses_another_size_and_says_where() {
    let folder = pair(&[IMAGE, CPU]);
    let ran = folder.diff(&["--lease", "a.yaml", "b.yaml"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("error[SDL081]") && ran.out.contains("b.yaml:17:18"), "{ran:?}");
    let json = folder.diff(&["--lease", "--json", "a.yaml", "b.yaml"]).json();
    let (code, line) = (&json["diagnostics"][0]["code"], &json["diagnostics"][0]["line"]);
    assert_eq!((&json["allowed"], code, line), (&json!(false), &json!("SDL081"), &json!(17)));
    // A manifest with errors is no update; an old one with errors was never leased.
    let folder = pair(&[("port: 80", "port: 70000")]);
    assert_eq!(folder.diff(&["--lease", "a.yaml", "b.yaml"]).code, 1);
    assert_eq!(folder.diff(&["--lease", "b.yaml", "a.yaml"]).code, 3);
    let json = folder.diff(&["--lease", "--json", "a.yaml", "b.yaml"]).json();
    assert_eq!((&json["allowed"], &json["same"]), (&json!(false), &json!(false)));
}

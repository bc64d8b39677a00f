//! `undercut sdl new`: flags, questions, files.

use std::fs;

use crate::{Folder, Ran, run_in};

impl Folder {
    fn starter(&self, arguments: &[&str], answers: &str) -> Ran {
        run_in(&self.0, &[&["sdl", "new"], arguments].concat(), answers.as_bytes())
    }

    /// What `sdl check` says of a text.
    fn verdict(&self, text: &str) -> String {
        let ran = run_in(&self.0, &["sdl", "check", "-"], text.as_bytes());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let folder = Folder::new();
    for arguments in [&[][..], &["--no-input"]] {
        let ran = folder.starter(arguments, "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        let verdict = folder.verdict(&ran.out);
        assert!(verdict.starts_with("-: ok, 1 group") && !verdict.contains("warning"), "{verdict}");
    }
}

#[test]
fn flags_answer() {
    let folder = Folder::new();
    let arguments = "--name shop --image ghcr.io/example/shop:4.2.0 --port 8080 --env A=1 --env B=2 \
        --volume-size 10Gi --volume-mount /srv --gpu 1 --gpu-model h100 --count 2 --amount 10000 --version 2.1";
    let ran = folder.starter(&arguments.split_whitespace().collect::<Vec<_>>(), "");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    for part in ["shop:", "4.2.0", "8080", "A=1", "B=2", "10Gi", "/srv", "h100", "2.1"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    folder.verdict(&ran.out);
}

#[test]
fn a_flag_that_makes_no_manifest_is_explained() {
    let folder = Folder::new();
    for (arguments, wanted) in [
        (&["--memory", "16GB"][..], "SDL014: --memory: `16GB` is not a size"),
        (&["--port", "http"], "SDL050: --port: "),
        (&["--image", ""], "--image: "),
    ] {
        let ran = folder.starter(arguments, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains(wanted), "{ran:?}");
    }
}

#[test]
fn questions_have_defaults_help_and_patience() {
    let folder = Folder::new();
    let answers = [
        "",
        "ghcr.io/example/shop:1",
        "http",
        "8080",
        "",
        "",
        "",
        "A=1",
        "no pair",
        "B=2",
        "",
        "?",
        "16GB",
        "2",
    ];
    // name, image, port (twice), outside port, host, leased IP, env (three, one of them wrong, and
    // none), CPUs (help, wrong, right); then the default for all that is left.
    let answers = answers.join("\n") + &"\n".repeat(20);
    let ran = folder.starter(&["--ask"], &answers);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in ["shop:1", "port: 8080", "A=1", "B=2", "units: 2"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains("no pair") && !ran.out.contains("gpu"), "{}", ran.out);
    let verdict = folder.verdict(&ran.out);
    assert!(!verdict.contains("warning"), "{verdict}");
    for part in [
        "What is the service called? [web] ",
        "  SDL050: `http` is not a number that fits",
        "  SDL074: ",
        "  SDL015: ",
        "How many GPUs does one replica need? [0] ",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains("Which GPU model?"), "without a GPU there is no model: {}", ran.err);
}

#[test]
fn parts_are_asked_for_when_there_is_a_whole() {
    let folder = Folder::new();
    let answers = "\n".repeat(10) + "5Gi\n\n1\nh100\n\n" + &"\n".repeat(10);
    let ran = folder.starter(&["--ask"], &answers);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in ["Where does the container see it? [/data] ", "Which GPU model? [*] "] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(
        ran.out.contains("5Gi") && ran.out.contains("/data") && ran.out.contains("h100"),
        "{}",
        ran.out
    );
}

#[test]
fn what_a_flag_told_is_not_asked() {
    let folder = Folder::new();
    let ran = folder.starter(&["--ask", "--name", "shop"], &"\n".repeat(30));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.err.contains("What is the service called?"), "{}", ran.err);
    assert!(ran.out.contains("  shop:\n"), "{}", ran.out);
}

#[test]
fn broken_off_questions_write_nothing() {
    let folder = Folder::new();
    for answers in ["", "web\n", "web"] {
        let ran = folder.starter(&["--ask", "--out", "deploy.yaml"], answers);
        assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{ran:?}");
        assert!(!folder.file("deploy.yaml").exists());
    }
    let ran = folder.starter(&["--ask"], &"x".repeat(70_000));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
}

#[test]
fn a_file_is_overwritten_by_force_alone() {
    let folder = Folder::new();
    let ran = folder.starter(&["--out", "deploy.yaml"], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert_eq!(ran.err, "wrote deploy.yaml; next: undercut sdl check deploy.yaml\n");
    let first = fs::read_to_string(folder.file("deploy.yaml")).unwrap();
    let ran = folder.starter(&["--out", "deploy.yaml", "--name", "shop"], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("FIL004: deploy.yaml is there already"), "{ran:?}");
    assert_eq!(fs::read_to_string(folder.file("deploy.yaml")).unwrap(), first);
    let ran = folder.starter(&["--out", "deploy.yaml", "--name", "shop", "--force"], "");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(fs::read_to_string(folder.file("deploy.yaml")).unwrap().contains("  shop:\n"));
    let ran = folder.starter(&["--out", "no/such/folder.yaml"], "");
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("FIL003: no/such/folder.yaml"), "{ran:?}");
}

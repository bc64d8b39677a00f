//! A second verifier, in another language, written from `docs/log-format.md` alone: it accepts every
//! log that the engine writes, refuses every damaged one, and agrees with the first on where.
//!
//! Needs `python3`. Without it these tests pass with a line that says so; where `CI` is set they
//! fail.

mod folders;
mod frames;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, fs, io};

use undercut_tests::chain::Chain;
use undercut_tests::story::story;
use undercut_tests::tree;

static STORY: LazyLock<Chain> = LazyLock::new(story);

/// Runs the second verifier, or says that there is no Python.
fn python(words: &[&str]) -> Option<Output> {
    let program = tree::root().join("tests/verifier/verify_log.py");
    // Compiled modules stay out of the source tree.
    let output = Command::new("python3").arg("-B").arg(program).args(words).output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            assert!(env::var_os("CI").is_none(), "CI has no python3");
            println!("skipped: no python3");
            None
        }
        Err(error) => panic!("python3: {error}"),
    }
}

/// What the second verifier says of each line.
fn judged(name: &str, lines: &[String]) -> Option<Vec<String>> {
    let batch = kept(name, lines.join("\n").as_bytes());
    let output = python(&["--batch", batch.to_str().expect("a path of plain letters")])?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let text = String::from_utf8(output.stdout).expect("it writes text");
    let verdicts: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(verdicts.len(), lines.len(), "a verdict on every line");
    Some(verdicts)
}

/// A file of this content, in the folder that cargo keeps for tests.
fn kept(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("second-verifier-{name}"));
    fs::write(&path, bytes).expect("the file can be written");
    path
}

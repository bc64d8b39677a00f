//! The command as a stranger meets it: arguments in, output and exit code out.

mod bench;
mod demo;
mod explain;
mod log;
mod log_export;
mod log_show;
mod order;
mod page;
mod sdl;
mod sdl_check;
mod sdl_diff;
mod sdl_explain;
mod sdl_fix;
mod sdl_fmt;
mod sdl_new;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs `undercut` with arguments separated by blanks, from the root of the workspace.
fn undercut(arguments: &str) -> Ran {
    run(&arguments.split_whitespace().collect::<Vec<_>>())
}

fn run(arguments: &[&str]) -> Ran {
    run_in(&root(), arguments, b"")
}

/// Runs `undercut` from a folder, with something on standard input.
fn run_in(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input ends before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undercut"));
    command.args(arguments).current_dir(folder).env("LANG", "en_US.UTF-8");
    for name in ["LC_ALL", "LC_CTYPE", "TERM", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// How a run ended and what it said.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The shared data, if it is there. In CI it must be.
fn shared() -> Option<PathBuf> {
    let place = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let path = root().join(place);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: no real manifests at {} (UNDERCUT_SHARED)", path.display());
    None
}

/// A folder of its own for a test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.file(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Plays a short market and returns the folder of its log.
    fn log(&self) -> String {
        let dir = self.file("market").to_str().unwrap().to_owned();
        let ran = run(&["demo", "--blocks", "60", "--log", &dir, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        dir
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every verb.
const VERBS: [&str; 32] = [
    "",
    "bench",
    "bench chart",
    "bench compare",
    "bench gate",
    "demo",
    "explain",
    "log",
    "log audit",
    "log check-proof",
    "log diff",
    "log export",
    "log inspect",
    "log prove",
    "log prove-extension",
    "log prove-lease",
    "log prove-state",
    "log replay",
    "log tail",
    "log verify",
    "order",
    "order explain",
    "sdl",
    "sdl check",
    "sdl diff",
    "sdl explain",
    "sdl fmt",
    "sdl groups",
    "sdl hash",
    "sdl manifest",
    "sdl new",
    "sdl schema",
];

#[test]
fn wrong_use_exits_2_and_says_what_is_right() {
    for (arguments, wanted) in [
        ("", "Usage"),
        ("demo --blocks 0", "1..=1000000"),
        ("demo --providers 1001", "1..=1000"),
        ("demo --seed x", "--seed"),
        ("demo --skip-invalid", "FILE"),
        ("bench clo", "clock/read, match/book"),
        ("bench --threads 0", "1..=256"),
        ("bench gate", "--all"),
        ("bench gate match/boo", "match/book, match/habitat"),
        ("bench gate match --all", "cannot be used with"),
        ("bench compare x", "<B>"),
        ("bench compare x y --gate 5", "as 5%"),
        ("bench chart x", "--out"),
        ("log verify", "DIR"),
        ("log export market", "--format"),
        ("log export market --format xml", "jsonl, csv, parquet"),
        ("log export market --format csv --force", "--out"),
        ("log export market --format csv --from 2 --to 1", "behind --to"),
        ("log diff market", "<B>"),
        ("log tail market -n x", "--records"),
        ("log inspect market x", "SEQ"),
        ("log replay market --records --commands", "cannot be used with"),
        ("order explain", "--dry-run"),
        ("order explain market", "ORDER"),
        ("order explain market x", "names no order"),
        ("order explain market o1 --seed 7", "cannot be used with"),
        ("order explain --dry-run x --at 7", "cannot be used with"),
        ("order explain --dry-run x --providers 1001", "1..=1000"),
        ("sdl check", "FILE"),
        ("sdl check --json --format sarif x", "cannot be used with"),
        ("sdl check --format xml x", "human, json, sarif, github"),
        ("sdl check --dry-run x", "--fix"),
        ("sdl check - -", "can be read once"),
        ("sdl check --fix - x", "by themselves"),
        ("sdl check --fix --json -", "leave the format out"),
        ("explain BID999", "did you mean"),
        ("sdl diff x", "NEW"),
        ("sdl diff - -", "can be read once"),
        ("sdl fmt x y", "--write"),
        ("sdl fmt --write -", "cannot be written"),
        ("sdl fmt --write --check x", "cannot be used with"),
        ("sdl new --force", "--out"),
        ("sdl new --ask --no-input", "cannot be used with"),
        ("sdl schema --version 3", "there are 2.0 and 2.1"),
        ("frobnicate", "unrecognized subcommand"),
    ] {
        let ran = undercut(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
        assert!(ran.err.contains(wanted), "{arguments}: {ran:?}");
        let is_help = arguments.is_empty();
        assert!(is_help || code_of(&ran.err).is_some(), "it has a code: {arguments}: {ran:?}");
    }
}

/// The code behind `undercut: `, if there is one.
fn code_of(text: &str) -> Option<&str> {
    let code = text.lines().find_map(|line| line.strip_prefix("undercut: "))?.split(':').next()?;
    let (letters, digits) = code.split_at_checked(3)?;
    let is_code = letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(code)
}

#[test]
fn a_long_argument_is_told_back_in_short() {
    let long = format!("{}\u{1b}[2J", "x".repeat(5_000));
    let rows: [&[&str]; 6] = [
        &[&long],
        &["log", "verify", "market", "--head", &long],
        &["log", "tail", "market", "-n", &long],
        &["demo", &format!("--seed={long}")],
        &["explain", &long],
        &["order", "explain", "market", &long],
    ];
    for arguments in rows {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.len() < 1_000 && !ran.err.contains('\u{1b}'), "{ran:?}");
        assert!(code_of(&ran.err).is_some(), "{ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_an_error() {
    for verb in VERBS {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let arguments = format!("{verb} --help");
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let status = command(&root(), &arguments).stdout(full).output().unwrap();
        assert_eq!(status.status.code(), Some(3), "{verb}");
        assert!(String::from_utf8_lossy(&status.stderr).contains("FIL003"), "{verb}");
    }
}

#[test]
fn every_help_starts_with_examples() {
    for verb in VERBS {
        let ran = undercut(&format!("{verb} --help"));
        assert_eq!(ran.code, 0);
        let lines: Vec<&str> = ran.out.lines().take(5).collect();
        assert_eq!((lines[0], lines[4]), ("Examples:", ""), "{verb}: {}", ran.out);
        assert!(lines[1].starts_with("  undercut "), "{verb}: {}", ran.out);
    }
    for above in ["", "bench", "log", "order", "sdl"] {
        let ran = undercut(&format!("{above} -h"));
        let listed = ran.out.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let verbs = listed.lines().filter_map(|line| line.split_whitespace().next());
        for verb in verbs.filter(|verb| *verb != "help") {
            let verb = format!("{above} {verb}");
            assert!(VERBS.contains(&verb.trim()), "{verb} is not in the table");
        }
    }
}

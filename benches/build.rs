//! Tells the benches what they were built with: compiler, profile and flags.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let version = Command::new(of("RUSTC")).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo::rustc-env=UNDERCUT_RUSTC={}", version.unwrap_or_else(|_| "unknown".into()));
    let flags = of("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    let build = format!(
        "profile {}, opt-level {}, target {}, features {}{}{flags}",
        of("PROFILE"),
        of("OPT_LEVEL"),
        of("TARGET"),
        of("CARGO_CFG_TARGET_FEATURE"),
        if flags.is_empty() { "" } else { ", flags " },
    );
    println!("cargo::rustc-env=UNDERCUT_BUILD={build}");
}

//! How many instructions the hot operations take: a regression without a clock.
//!
//! | command | does |
//! | --- | --- |
//! | `counted check` | counts all operations under `callgrind` and compares with `benches/instructions.txt` |
//! | `counted play NAME` | plays one of them; what `callgrind` runs |
//!
//! With `UNDERCUT_BLESS=1`, `check` writes the file instead. Operations are the same every time: no
//! clock, no thread, no random number. `callgrind` shows programs a processor without instructions
//! for SHA-256, so hashes weigh some ten times what they do on the machine; the counts say whether
//! an operation does more than it did, not how fast it is.

mod check;
mod operations;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("check") => check::check(),
        Some("play") => {
            operations::play(&std::env::args().nth(2).unwrap_or_default());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("counted check | counted play NAME");
            ExitCode::from(2)
        }
    }
}

//! Checks SDL files and prints what was found: `cargo run -p undercut-sdl --example check FILE...`

use std::process::ExitCode;

use undercut_sdl::{Colour, check, render, text_of};

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for path in std::env::args().skip(1) {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                println!("{path}: {error}");
                code = ExitCode::FAILURE;
                continue;
            }
        };
        let text = match text_of(&bytes) {
            Ok(text) => text,
            Err(problems) => {
                println!("{path}:{problems}");
                code = ExitCode::FAILURE;
                continue;
            }
        };
        let (sdl, problems) = check(&text);
        print!("{}", render(&problems, &path, &text, Colour::Plain));
        match sdl {
            Some(sdl) => println!("{path}: valid, version {}", sdl.version_hash()),
            None => code = ExitCode::FAILURE,
        }
    }
    code
}

//! The `undercut` command: reads arguments, calls the libraries, prints one of two formats.
//!
//! The answer goes to standard output; progress, hints and errors to standard error. The exit code
//! says what kind of end it was ([`exit::Exit`]).

mod args;
mod bench;
mod demo;
mod exit;
mod explain;
mod file;
mod interrupt;
mod log;
mod order;
mod progress;
mod sdl;
mod signatures;
mod style;
mod typed;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Verb};
use crate::exit::{Exit, Failure};

fn main() -> std::process::ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return typed::refuse(&error).into(),
    };
    observe(args.verbose);
    let result = match &args.verb {
        Verb::Demo(demo) => demo::run(demo, args.style()),
        Verb::Bench(bench) => bench::run(bench, args.style()),
        Verb::Log(verb) => log::run(verb),
        Verb::Order(verb) => order::run(verb, args.style()),
        Verb::Sdl(verb) => sdl::run(verb, args.style()),
        Verb::Explain { code } => explain::run(code.as_deref(), args.style()),
    };
    let exit = result.unwrap_or_else(|failure: Failure| {
        if let Some(text) = typed::told(&failure) {
            tell(&text);
        }
        failure.exit
    });
    exit.into()
}

/// Spans and events to standard error: warnings by default, more with each `-v`, or as the
/// environment's `UNDERCUT_LOG` says.
fn observe(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("UNDERCUT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A broken pipe (`undercut … | head`) is no error: the reader has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(Failure::silent(Exit::Done))
        }
        Err(error) => {
            Err(Failure::new(Exit::Unreadable, format!("FIL003: standard output: {error}")))
        }
        Ok(()) => Ok(()),
    }
}

/// [`print()`] for verbs whose exit code is an answer too: it stays one when the reader has left.
fn say(text: &str) -> Result<(), Failure> {
    match print(text) {
        Err(failure) if failure.exit == Exit::Done => Ok(()),
        printed => printed,
    }
}

/// Says something on standard error. If nobody listens, there is nobody to tell so.
fn tell(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

//! `undercut demo`: plays a market and tells about it.

mod json;
mod keep;
mod narrate;
mod units;

use std::cell::Cell;
use std::path::Path;

use tokio::sync::mpsc;
use undercut_simulation::{Manifest, Report, Scenario, World, WorldError};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::sdl::Source;
use crate::signatures::Parallel;
use crate::style::Style;
use crate::{print, tell};
use narrate::Narrator;

/// Blocks that may wait for the disk before the market does.
const BLOCKS_WAITING_MAX: usize = 64;

/// Plays the market of `args`.
pub(crate) fn run(args: &args::Demo, style: Style) -> Result<Exit, Failure> {
    let scenario = scenario(args, style)?;
    let writer = args.log.as_deref().map(keep::create).transpose()?;
    let interrupt = Interrupt::watch()?;
    let (sender, receiver) = mpsc::channel(BLOCKS_WAITING_MAX);
    let keeper = interrupt.runtime().spawn_blocking(move || keep::keep(writer, receiver));
    let mut market =
        Market { args, style, sender, interrupt: &interrupt, is_muted: Cell::new(false) };
    let report = market.play(&scenario);
    drop(market);
    // The log is complete only when its writer says so, whatever became of the market.
    let kept = interrupt
        .runtime()
        .block_on(keeper)
        .map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    kept.map_err(|error| {
        let dir = args.log.as_deref().unwrap_or(Path::new("-")).display();
        Failure::new(Exit::Unreadable, format!("FIL003: {dir}: {error}; the log is not complete"))
    })?;
    let report = report?;
    if args.json {
        print(&json::object(&report)?)?;
    }
    let ok = report.checks.iter().all(undercut_simulation::Check::is_ok);
    for check in &report.checks {
        if let Some(failure) = &check.failure {
            tell(&format!("undercut: check failed: {}: {failure}\n", check.name));
        }
    }
    Ok(match (interrupt.has_come(), ok) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::No,
    })
}

/// What playing needs beside the scenario.
struct Market<'a> {
    args: &'a args::Demo,
    style: Style,
    sender: mpsc::Sender<Vec<u8>>,
    interrupt: &'a Interrupt,
    /// Nobody listens any more; the log is kept all the same.
    is_muted: Cell<bool>,
}

impl Market<'_> {
    fn play(&mut self, scenario: &Scenario) -> Result<Report, Failure> {
        let stopped = |error: WorldError| Failure::new(Exit::Bug, error.to_string());
        let mut world = World::new(scenario).map_err(stopped)?;
        let threads = Parallel::new(self.args.threads);
        let mut narrator = Narrator::new(&world, self.args.log.as_deref());
        self.tell(&narrator.opening())?;
        self.keep(world.log().to_vec())?;
        for _ in 0..scenario.blocks {
            if self.interrupt.has_come() {
                break;
            }
            let step = world.step(&threads).map_err(stopped)?;
            self.keep(step.outcome.frames.clone())?;
            if !self.args.json {
                self.tell(&narrator.block(&world, &step))?;
            }
        }
        let report = world.finish();
        self.tell(&narrator.ending(&report))?;
        Ok(report)
    }

    fn tell(&self, text: &str) -> Result<(), Failure> {
        if self.args.json || text.is_empty() || self.is_muted.get() {
            return Ok(());
        }
        match print(&self.style.paint(text)) {
            Err(failure) if failure.exit == Exit::Done && self.args.log.is_some() => {
                self.is_muted.set(true);
                Ok(())
            }
            told => told,
        }
    }

    /// Hands a block to the writer; waits while it is behind. Without `--log` nothing is kept.
    fn keep(&self, frames: Vec<u8>) -> Result<(), Failure> {
        if self.args.log.is_none() {
            return Ok(());
        }
        let sent = self.sender.blocking_send(frames);
        sent.map_err(|_| {
            Failure::new(Exit::Unreadable, "FIL003: the log cannot be written any more")
        })
    }
}

fn scenario(args: &args::Demo, style: Style) -> Result<Scenario, Failure> {
    if args.files.is_empty() {
        let mut scenario = Scenario::first_market_with(args.seed, args.providers);
        scenario.blocks = args.blocks.unwrap_or(scenario.blocks);
        return Ok(scenario);
    }
    let manifests = manifests(args, style)?;
    let blocks = args.blocks.unwrap_or(2_400);
    Ok(Scenario::for_manifests(args.seed, manifests, args.providers, blocks))
}

/// Reads and checks all files before anything starts.
fn manifests(args: &args::Demo, style: Style) -> Result<Vec<Manifest>, Failure> {
    let (mut manifests, mut invalid) = (Vec::new(), 0_usize);
    for file in &args.files {
        let source = Source::read(file)?;
        let (sdl, found) = source.check(None);
        match sdl {
            Some(sdl) => manifests.push(Manifest {
                name: source.path.clone(),
                groups: sdl.groups().to_vec(),
                version_hash: sdl.hash(),
            }),
            None if args.skip_invalid => {
                let first = found.iter().find(|one| one.severity == undercut_sdl::Severity::Error);
                let first = first.map_or_else(String::new, ToString::to_string);
                tell(&format!("undercut: skipped {}:{first}\n", source.path));
            }
            None => {
                tell(&(source.render(&found, style) + "\n"));
                invalid = invalid.saturating_add(1);
            }
        }
    }
    if invalid > 0 {
        return Err(Failure::new(
            Exit::No,
            format!(
                "{invalid} of {} manifests have errors; no market was started (--skip-invalid leaves them out)",
                args.files.len()
            ),
        ));
    }
    if manifests.is_empty() {
        return Err(Failure::new(Exit::No, "every manifest has errors; there is nothing to play"));
    }
    Ok(manifests)
}

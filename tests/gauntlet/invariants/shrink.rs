//! Shortening a script that fails: first whole actors are left out, then stretches of steps.

use super::cast::{Draw, cast};
use super::rules::Failure;
use super::script::Step;
use super::{Played, play_script};

/// The most times that a script is played again.
const TRIES_MAX: usize = 400;

/// A shorter script that breaks the same rule, and how.
pub(crate) fn shrink(draw: &Draw, script: Vec<Step>, failure: &Failure) -> (Vec<Step>, Failure) {
    let mut best = (script, failure.clone());
    let mut tries = 0;
    for actor in 0..cast().len() {
        let keeps = |step: &&Step| step.actor() != Some(actor);
        let shorter: Vec<Step> = best.0.iter().filter(keeps).cloned().collect();
        attempt(draw, &mut best, &shorter, &mut tries);
    }
    let mut length = best.0.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < best.0.len() {
            let end = (start + length).min(best.0.len());
            let shorter = [&best.0[..start], &best.0[end..]].concat();
            if !attempt(draw, &mut best, &shorter, &mut tries) {
                start += length;
            }
        }
        length /= 2;
    }
    best
}

/// Plays a shorter script, and keeps it when it breaks the same rule.
fn attempt(
    draw: &Draw,
    best: &mut (Vec<Step>, Failure),
    shorter: &[Step],
    tries: &mut usize,
) -> bool {
    *tries += 1;
    if *tries > TRIES_MAX || shorter.len() == best.0.len() {
        return false;
    }
    let Played::Failed { at, failure } = play_script(draw, shorter) else { return false };
    if failure.rule != best.1.rule {
        return false;
    }
    let reached = shorter.len().min(at + 1);
    *best = (shorter[..reached].to_vec(), failure);
    true
}

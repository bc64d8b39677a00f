//! The same market with signatures checked on one thread and on several: one state root.

use undercut_benches::report::Root;
use undercut_simulation::{Scenario, World, WorldError};

use crate::exit::{Exit, Failure};
use crate::signatures::Parallel;

/// Blocks of the demo's market that are played, and of a quick run.
const BLOCKS: u64 = 2_400;
const BLOCKS_QUICK: u64 = 600;

/// Plays the demo's market on 1 and on 2 threads.
pub(super) fn on_one_and_two_threads(quick: bool) -> Result<Vec<Root>, Failure> {
    let mut scenario = Scenario::first_market(42);
    scenario.blocks = if quick { BLOCKS_QUICK } else { BLOCKS };
    let stopped = |error: WorldError| Failure::new(Exit::Bug, error.to_string());
    let root = |threads: u32| {
        let root = play(&scenario, threads).map_err(stopped)?;
        Ok(Root { threads: threads.into(), blocks: scenario.blocks, state_root: root })
    };
    let roots = [1, 2].into_iter().map(root).collect::<Result<Vec<Root>, Failure>>()?;
    let is_one =
        roots.windows(2).all(|pair| matches!(pair, [a, b] if a.state_root == b.state_root));
    if !is_one {
        let sentence = "BCH006: the state root is another one on 2 threads than on 1";
        return Err(Failure::new(Exit::Bug, sentence));
    }
    Ok(roots)
}

fn play(scenario: &Scenario, threads: u32) -> Result<String, WorldError> {
    let (mut world, threads) = (World::new(scenario)?, Parallel::new(Some(threads)));
    for _ in 0..scenario.blocks {
        world.step(&threads)?;
    }
    Ok(world.finish().state_root.to_string())
}

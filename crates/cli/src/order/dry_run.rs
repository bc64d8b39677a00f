//! A manifest against the providers that `undercut demo` makes for it, with nothing held.

use std::path::Path;

use undercut_orderbook::check_groups;
use undercut_primitives::GroupSpec;
use undercut_provider::smallest_change;
use undercut_provider::why::Outcome;
use undercut_sdl::ExplainedGroup;
use undercut_simulation::{Manifest, NamedBidder, Scenario};

use super::advice::Step;
use super::{Advice, Answer, Explained, Group, Said, Source};
use crate::args::ExplainOrder;
use crate::exit::{Exit, Failure};
use crate::sdl;
use crate::style::Style;
use crate::tell;

/// The answers of all providers to each group; `None` for a manifest with errors, or one
/// that the market refuses; why is told.
pub(super) fn explain(
    file: &Path,
    args: &ExplainOrder,
    style: Style,
) -> Result<Option<Explained>, Failure> {
    let source = sdl::Source::read(file)?;
    let (sdl, found) = source.check(None);
    let Some(sdl) = sdl else {
        tell(&(source.render(&found, style) + "\n"));
        return Ok(None);
    };
    let manifest = Manifest {
        name: source.path.clone(),
        groups: sdl.groups().to_vec(),
        version_hash: sdl.hash(),
    };
    // The number of blocks has no part in how providers are made.
    let scenario = Scenario::for_manifests(args.seed, vec![manifest], args.providers, 1);
    if let Err(refused) = check_groups(sdl.groups(), &scenario.params.order) {
        tell(&format!(
            "{}: {}: the market refuses the manifest: {refused}\n",
            source.path,
            refused.code()
        ));
        return Ok(None);
    }
    let bidders = scenario.bidders().map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    let explanation = sdl.explain();
    let groups = sdl.groups().iter().zip(&explanation.groups);
    let groups = groups.map(|(spec, explained)| group(spec, explained, &bidders)).collect();
    let (file, seed, providers) = (source.path, args.seed, args.providers);
    let title =
        format!("{file} · dry run · seed {seed} · {providers} providers, nothing else runs");
    Ok(Some(Explained { title, source: Source::DryRun { file, seed, providers }, groups }))
}

fn group(spec: &GroupSpec, explained: &ExplainedGroup, bidders: &[NamedBidder]) -> Group {
    let ceiling = spec.ceiling().ok();
    let answers: Vec<Answer> = bidders
        .iter()
        .filter_map(|one| {
            let told = one.bidder.explain(spec, ceiling.as_ref()?);
            let failed = |(_, outcome): &&(_, Outcome)| matches!(outcome, Outcome::Failed(_));
            let more = told.steps.iter().filter(failed).count().saturating_sub(1);
            let said = match (&told.answer, told.sentence()) {
                (Ok(quote), _) => Said::Bid { price: quote.price.clone(), fate: None },
                (Err(reason), sentence) => Said::No {
                    code: reason.code().to_string(),
                    reason: sentence.unwrap_or_default(),
                    more,
                },
            };
            Some(Answer { provider: one.name.clone(), said })
        })
        .collect();
    let change = smallest_change(spec, bidders.iter().map(|one| (one.provider, &one.bidder)));
    let advice = change.map(|change| {
        let name = bidders.iter().find(|one| one.provider == change.provider);
        Advice {
            provider: name.map_or_else(|| change.provider.to_string(), |one| one.name.clone()),
            steps: change.changes.iter().map(|one| Step::of_manifest(one, explained)).collect(),
            price: Some(change.quote.price),
        }
    });
    Group { name: spec.name.clone(), ceiling, answers, advice }
}

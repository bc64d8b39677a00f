//! What providers say of themselves, and what auditors say of them, as the records tell it.

use std::collections::BTreeMap;

use undercut::{AttestationEndReason, Command};
use undercut_bidding::{ProviderProfile, Registration};
use undercut_primitives::{Address, Attribute, BlockHeight, Provider};

use crate::Flaw;
use crate::scene::{Checked, Scene, ensure, there};

/// A provider, and the last block of each auditor's word.
#[derive(Clone, Debug, Default)]
struct Known {
    profile: ProviderProfile,
    expires_at: BTreeMap<String, BlockHeight>,
}

/// All providers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiles {
    known: BTreeMap<Provider, Known>,
}

impl Profiles {
    /// What is known of a provider.
    pub(crate) fn get(&self, provider: &Provider) -> Option<&ProviderProfile> {
        self.known.get(provider).map(|known| &known.profile)
    }

    pub(crate) fn register(
        &mut self,
        provider: Provider,
        registration: &Registration,
        scene: &Scene,
    ) -> Checked {
        let is_new = !self.known.contains_key(&provider);
        let what = || format!("provider {provider} says something else of itself");
        scene.must_ask(provider.0, what, |command| match command {
            Command::RegisterProvider(asked) => is_new && asked == registration,
            Command::UpdateProvider(asked) => !is_new && asked == registration,
            _ => false,
        })?;
        let known = self.known.entry(provider).or_default();
        known.profile.attributes.clone_from(&registration.attributes);
        Ok(())
    }

    pub(crate) fn deregister(&mut self, provider: Provider, scene: &Scene) -> Checked {
        let what = || format!("provider {provider} left");
        scene.must_ask(provider.0, what, |asked| *asked == Command::DeregisterProvider)?;
        there(self.known.remove(&provider), || format!("provider {provider}")).map(|_| ())
    }

    /// An auditor vouched for a provider, or took a part of its word back.
    pub(crate) fn attest(
        &mut self,
        provider: Provider,
        auditor: &str,
        attributes: &[Attribute],
        expires_at: Option<BlockHeight>,
        scene: &Scene,
    ) -> Checked {
        let known = self.known.get_mut(&provider);
        let known = there(known, || format!("provider {provider}"))?;
        let before = known.profile.audits.get(auditor);
        let stays = known.expires_at.get(auditor).copied();
        let is_asked = |command: &Command| match command {
            Command::AttestProvider { provider: of, attributes: asked, expires_at: until } => {
                (of, &asked[..], *until) == (&provider, attributes, expires_at)
            }
            Command::RevokeAttestation { provider: of, keys } => {
                let is_kept = |one: &&Attribute| !keys.contains(&one.key);
                let kept = before.into_iter().flatten().filter(is_kept);
                *of == provider && kept.eq(attributes) && stays == expires_at
            }
            _ => false,
        };
        let what = || format!("{auditor} vouched for provider {provider}");
        scene.must_ask(account_of(auditor, scene)?, what, is_asked)?;
        known.profile.audits.insert(auditor.into(), attributes.to_vec());
        match expires_at {
            Some(at) => known.expires_at.insert(auditor.into(), at),
            None => known.expires_at.remove(auditor),
        };
        Ok(())
    }

    /// At the end of a block no auditor's word stands whose last block this was.
    pub(crate) fn seal(&self, scene: &Scene) -> Checked {
        let height = scene.height();
        for (provider, known) in &self.known {
            let over = known.expires_at.iter().find(|(_, until)| **until <= height);
            if let Some((auditor, _)) = over {
                let what = format!("the word of {auditor} about {provider} stands, and is over");
                return Err(Flaw::NotAsked { what }.into());
            }
        }
        Ok(())
    }

    /// An auditor's word is over.
    pub(crate) fn end_attestation(
        &mut self,
        provider: Provider,
        auditor: &str,
        reason: AttestationEndReason,
        scene: &Scene,
    ) -> Checked {
        let known = self.known.get_mut(&provider);
        let known = there(known, || format!("provider {provider}"))?;
        let signed = known.profile.audits.remove(auditor);
        let signed = there(signed, || format!("the word of {auditor} about {provider}"))?;
        let until = known.expires_at.remove(auditor);
        let what = || format!("the word of {auditor} about provider {provider} ended");
        match reason {
            AttestationEndReason::Expired => {
                ensure(until == Some(scene.height()), || Flaw::NotAsked { what: what() })
            }
            AttestationEndReason::Revoked => {
                scene.must_ask(account_of(auditor, scene)?, what, |command| match command {
                    Command::RevokeAttestation { provider: of, keys } => {
                        let is_named = |one: &Attribute| keys.contains(&one.key);
                        *of == provider && (keys.is_empty() || signed.iter().all(is_named))
                    }
                    _ => false,
                })
            }
        }
    }
}

/// The account that speaks for an auditor.
fn account_of(auditor: &str, scene: &Scene) -> Result<Address, Box<Flaw>> {
    let account = scene.auditors.iter().find(|(name, _)| name == auditor);
    there(account.map(|(_, account)| *account), || format!("auditor {auditor}"))
}

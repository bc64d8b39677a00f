//! An auditor of providers: vouches for the attributes of those it knows.

use std::collections::BTreeSet;

use undercut::{Command, Event};
use undercut_primitives::{Address, Provider};

use crate::{Actor, View};

/// Vouches for providers as soon as they register.
#[derive(Clone, Debug)]
pub(crate) struct Attestor {
    account: Address,
    known: BTreeSet<Provider>,
}

impl Attestor {
    pub(crate) const fn new(account: Address, known: BTreeSet<Provider>) -> Self {
        Self { account, known }
    }
}

impl Actor for Attestor {
    fn account(&self) -> Address {
        self.account
    }

    fn act(&mut self, view: &View<'_>) -> Vec<Command> {
        let attest = |event: &Event| match event {
            Event::ProviderRegistered { provider, registration }
                if self.known.contains(provider) =>
            {
                let (provider, attributes) = (*provider, registration.attributes.clone());
                Some(Command::AttestProvider { provider, attributes, expires_at: None })
            }
            _ => None,
        };
        view.records.iter().filter_map(|record| attest(&record.event)).collect()
    }
}

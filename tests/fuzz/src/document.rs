//! A manifest built from arbitrary bytes: most are valid, most of the rest nearly so.

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use undercut_sdl::Version;

use crate::pools::{self, Pick};
use crate::tree::{Change, Tree};

/// What a manifest says.
#[derive(Debug, Arbitrary)]
pub struct Document {
    version: Pick,
    service: Service,
    services: Vec<Service>,
    profile: Profile,
    profiles: Vec<Profile>,
    placement: Placement,
    placements: Vec<Placement>,
    first_use: Use,
    uses: Vec<Use>,
    denom: Pick,
    /// Whether the first service lacks the port that makes the manifest reachable.
    closed: Pick,
    window: Option<Pick>,
    /// Leased IPs that are declared although nobody uses them.
    spare: Pick,
    kind: Pick,
    changes: Vec<Change>,
}

#[derive(Debug, Arbitrary)]
struct Service {
    name: Pick,
    image: Pick,
    command: Option<Vec<Pick>>,
    args: Option<Vec<Pick>>,
    env: Option<Vec<Pick>>,
    exposes: Vec<Expose>,
    params: Option<Params>,
    credentials: Option<[Pick; 4]>,
    unknown: Pick,
}

#[derive(Debug, Arbitrary)]
struct Params {
    mounts: Vec<(Pick, Pick, Option<Pick>)>,
    read: Option<Vec<Pick>>,
    tee: Option<Pick>,
}

#[derive(Debug, Arbitrary)]
struct Expose {
    port: Pick,
    outside: Option<Pick>,
    protocol: Option<Pick>,
    to: Vec<Target>,
    accept: Option<Vec<Pick>>,
    http: Option<Http>,
}

#[derive(Debug, Arbitrary)]
enum Target {
    Global,
    Service(Pick),
    Address(Pick),
    Empty,
    Both(Pick),
    AddressInside(Pick),
    Flag(Pick),
}

#[derive(Debug, Arbitrary)]
struct Http {
    numbers: [Option<Pick>; 6],
    cases: Option<Vec<Pick>>,
}

#[derive(Debug, Arbitrary)]
struct Profile {
    name: Pick,
    cpu: Pick,
    arch: Option<Pick>,
    memory: Pick,
    volume: Volume,
    /// `None` writes the one volume as a mapping.
    volumes: Option<Vec<Volume>>,
    gpu: Option<Gpu>,
}

#[derive(Debug, Arbitrary)]
struct Volume {
    name: Option<Pick>,
    size: Pick,
    /// Whether it is persistent, and its class.
    attributes: Option<(Option<Pick>, Option<Pick>)>,
}

#[derive(Debug, Arbitrary)]
struct Gpu {
    units: Pick,
    bare: Pick,
    models: Vec<(Pick, Option<Pick>, Option<Pick>)>,
}

#[derive(Debug, Arbitrary)]
struct Placement {
    name: Pick,
    attributes: Option<Vec<(Pick, Pick)>>,
    all_of: Option<Vec<Pick>>,
    any_of: Option<Vec<Pick>>,
    /// Amounts of the profiles in turn.
    amounts: [Pick; 3],
    denom: Option<Pick>,
}

/// One service in one placement.
#[derive(Debug, Arbitrary)]
struct Use {
    service: Pick,
    placement: Pick,
    profile: Pick,
    count: Pick,
    /// Names what need not exist.
    stray: Pick,
}

/// A use with the names it has.
struct Named {
    service: &'static str,
    placement: &'static str,
    profile: &'static str,
    count: (&'static str, u64),
}

fn texts(picks: &[Pick], pool: &pools::Pool<&'static str>) -> Tree {
    Tree::List(picks.iter().map(|pick| pick.text(pool)).collect())
}

impl Document {
    fn services(&self) -> impl Iterator<Item = &Service> {
        [&self.service].into_iter().chain(self.services.iter().take(3))
    }

    fn profiles(&self) -> impl Iterator<Item = &Profile> {
        [&self.profile].into_iter().chain(self.profiles.iter().take(3))
    }

    fn placements(&self) -> impl Iterator<Item = &Placement> {
        [&self.placement].into_iter().chain(self.placements.iter().take(2))
    }

    /// Whether something was put in that the other answers know nothing of.
    pub(crate) fn is_altered(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The deployment: each service at most once in each placement.
    fn uses(&self) -> Vec<Named> {
        let services: Vec<_> = self.services().map(|one| one.name.of(&pools::SERVICE)).collect();
        let profiles: Vec<_> = self.profiles().map(|one| one.name.of(&pools::PROFILE)).collect();
        let placements: Vec<_> =
            self.placements().map(|one| one.name.of(&pools::PLACEMENT)).collect();
        let mut named: Vec<Named> = Vec::new();
        for one in [&self.first_use].into_iter().chain(self.uses.iter().take(8)) {
            let mut service = services[one.service.index(services.len())];
            let mut placement = placements[one.placement.index(placements.len())];
            let mut profile = profiles[one.profile.index(profiles.len())];
            if one.stray.is_odd() {
                service = one.service.of(&pools::SERVICE);
                placement = one.placement.of(&pools::PLACEMENT);
                profile = one.profile.of(&pools::PROFILE);
            }
            let count = one.count.of(&pools::COUNT);
            if !named.iter().any(|old| (old.service, old.placement) == (service, placement)) {
                named.push(Named { service, placement, profile, count });
            }
        }
        named
    }

    /// Placement, service and count of every use, sorted.
    pub(crate) fn replicas(&self) -> Vec<(String, String, u64)> {
        let row = |one: Named| (one.placement.to_owned(), one.service.to_owned(), one.count.1);
        let mut replicas: Vec<_> = self.uses().into_iter().map(row).collect();
        replicas.sort();
        replicas
    }

    /// How many units each group has, groups by name.
    pub(crate) fn units(&self, version: Version) -> Vec<usize> {
        let uses = self.uses();
        let names: BTreeSet<&str> = uses.iter().map(|one| one.placement).collect();
        let units = |name: &str| {
            let here = uses.iter().filter(|one| one.placement == name);
            match version {
                Version::V2_0 => here.count(),
                Version::V2_1 => here.map(|one| one.profile).collect::<BTreeSet<_>>().len(),
            }
        };
        names.into_iter().map(units).collect()
    }

    /// Leased IPs that are declared: those in use, and perhaps one more.
    fn addresses(&self) -> Vec<&'static str> {
        let deployed: Vec<&str> = self.uses().iter().map(|one| one.service).collect();
        let mut seen = BTreeSet::new();
        let mut addresses = Vec::new();
        for service in self.services() {
            // Of two services with one name, the first is written down.
            let name = service.name.of(&pools::SERVICE);
            if !seen.insert(name) || !deployed.contains(&name) {
                continue;
            }
            for target in service.exposes.iter().flat_map(|expose| &expose.to) {
                if let Target::Address(pick) | Target::AddressInside(pick) = target {
                    addresses.push(pick.of(&pools::ADDRESS));
                }
            }
        }
        if self.spare.is_odd() {
            addresses.push(self.spare.of(&pools::ADDRESS));
        }
        addresses
    }

    /// The document as a tree.
    pub(crate) fn tree(&self) -> Tree {
        let services = self.services().enumerate().map(|(number, service)| {
            let open = number == 0 && !self.closed.is_odd();
            (service.name.of(&pools::SERVICE).to_owned(), service.tree(open))
        });
        let compute =
            self.profiles().map(|one| (one.name.of(&pools::PROFILE).to_owned(), one.tree()));
        let placements = self
            .placements()
            .map(|one| (one.name.of(&pools::PLACEMENT).to_owned(), self.placement(one)));
        let kind = |name: &str| {
            (name.to_owned(), Tree::map([("kind", Some(self.kind.text(&pools::KIND)))]))
        };
        let addresses = self.addresses();
        let endpoints = Tree::named(addresses.iter().map(|name| kind(name)));
        let window = |pick: &Pick| Tree::map([("min_window", Some(pick.text(&pools::WINDOW)))]);
        let profiles = Tree::map([
            ("compute", Some(Tree::named(compute))),
            ("placement", Some(Tree::named(placements))),
        ]);
        let mut tree = Tree::map([
            ("version", Some(self.version.text(&pools::VERSION))),
            ("endpoints", (!addresses.is_empty()).then_some(endpoints)),
            ("services", Some(Tree::named(services))),
            ("profiles", Some(profiles)),
            ("deployment", Some(self.deployment())),
            ("reclamation", self.window.as_ref().map(window)),
        ]);
        self.changes.iter().take(3).for_each(|change| tree.alter(change));
        tree
    }

    fn placement(&self, placement: &Placement) -> Tree {
        let prices =
            self.profiles().zip(placement.amounts.iter().cycle()).map(|(profile, amount)| {
                let denom = placement.denom.filter(|pick| pick.is_odd()).unwrap_or(self.denom);
                let price = Tree::map([
                    ("denom", Some(denom.text(&pools::DENOM))),
                    ("amount", Some(amount.text(&pools::AMOUNT))),
                ]);
                (profile.name.of(&pools::PROFILE).to_owned(), price)
            });
        let attribute = |(key, value): &(Pick, Pick)| {
            (key.of(&pools::KEY).to_owned(), value.text(&pools::WORD))
        };
        let attributes = placement.attributes.as_ref();
        let attributes = attributes.map(|list| Tree::named(list.iter().map(attribute)));
        let signers = |picks: &Option<Vec<Pick>>| Some(texts(picks.as_ref()?, &pools::WORD));
        let signed_by = Tree::map([
            ("allOf", signers(&placement.all_of)),
            ("anyOf", signers(&placement.any_of)),
        ]);
        let is_signed = placement.all_of.is_some() || placement.any_of.is_some();
        Tree::map([
            ("attributes", attributes),
            ("signedBy", is_signed.then_some(signed_by)),
            ("pricing", Some(Tree::named(prices))),
        ])
    }

    fn deployment(&self) -> Tree {
        let uses = self.uses();
        let of = |name: &'static str| {
            let places = uses.iter().filter(move |one| one.service == name).map(|one| {
                let entry = Tree::map([
                    ("profile", Some(Tree::text(one.profile))),
                    ("count", Some(Tree::Plain(one.count.0))),
                ]);
                (one.placement.to_owned(), entry)
            });
            (name.to_owned(), Tree::named(places))
        };
        Tree::named(uses.iter().map(|one| of(one.service)))
    }
}

impl Service {
    fn tree(&self, open: bool) -> Tree {
        let list = |picks: &Option<Vec<Pick>>, pool| Some(texts(picks.as_ref()?, pool));
        let global = Tree::map([
            ("port", Some(Tree::Plain("80"))),
            ("to", Some(Tree::List(vec![Target::Global.tree()]))),
        ]);
        let exposes = open.then_some(global).into_iter();
        let exposes: Vec<Tree> = exposes.chain(self.exposes.iter().map(Expose::tree)).collect();
        let login = |[host, email, username, password]: &[Pick; 4]| {
            Tree::map([
                ("host", Some(host.text(&pools::HOST))),
                ("email", Some(email.text(&pools::WORD))),
                ("username", Some(username.text(&pools::IMAGE))),
                ("password", Some(password.text(&pools::IMAGE))),
            ])
        };
        Tree::map([
            ("image", Some(self.image.text(&pools::IMAGE))),
            ("command", list(&self.command, &pools::WORD)),
            ("args", list(&self.args, &pools::WORD)),
            ("env", list(&self.env, &pools::VARIABLE)),
            ("expose", (!exposes.is_empty()).then_some(Tree::List(exposes))),
            ("params", self.params.as_ref().map(Params::tree)),
            ("credentials", self.credentials.as_ref().map(login)),
            ("depends_on", self.unknown.is_odd().then(|| self.unknown.text(&pools::WORD))),
        ])
    }
}

impl Params {
    fn tree(&self) -> Tree {
        let mount = |(name, path, read_only): &(Pick, Pick, Option<Pick>)| {
            let mount = Tree::map([
                ("mount", Some(path.text(&pools::PATH))),
                ("readOnly", read_only.map(|flag| flag.plain(&pools::FLAG))),
            ]);
            (name.of(&pools::VOLUME).to_owned(), mount)
        };
        let storage = Tree::named(self.mounts.iter().map(mount));
        let read = |picks: &Vec<Pick>| Tree::map([("read", Some(texts(picks, &pools::READ)))]);
        Tree::map([
            ("storage", (!self.mounts.is_empty()).then_some(storage)),
            ("permissions", self.read.as_ref().map(read)),
            ("tee", self.tee.map(|tee| tee.text(&pools::TEE))),
        ])
    }
}

impl Expose {
    fn tree(&self) -> Tree {
        let to = Tree::List(self.to.iter().map(Target::tree).collect());
        Tree::map([
            ("port", Some(self.port.plain(&pools::PORT))),
            ("as", self.outside.map(|port| port.plain(&pools::OUTSIDE))),
            ("proto", self.protocol.map(|protocol| protocol.text(&pools::PROTOCOL))),
            ("to", (!self.to.is_empty()).then_some(to)),
            ("accept", self.accept.as_ref().map(|hosts| texts(hosts, &pools::HOST))),
            ("http_options", self.http.as_ref().map(Http::tree)),
        ])
    }
}

impl Target {
    fn tree(&self) -> Tree {
        let global = || Some(Tree::Plain("true"));
        let (service, global, ip) = match self {
            Self::Global => (None, global(), None),
            Self::Service(name) => (Some(name.text(&pools::SERVICE)), None, None),
            Self::Address(name) => (None, global(), Some(name.text(&pools::ADDRESS))),
            Self::Empty => (None, None, None),
            Self::Both(name) => (Some(name.text(&pools::SERVICE)), global(), None),
            Self::AddressInside(name) => (None, None, Some(name.text(&pools::ADDRESS))),
            Self::Flag(flag) => (None, Some(flag.plain(&pools::FLAG)), None),
        };
        Tree::map([("service", service), ("global", global), ("ip", ip)])
    }
}

impl Http {
    fn tree(&self) -> Tree {
        let [body, buffer, read, send, tries, wait] =
            self.numbers.map(|pick| pick.map(|pick| pick.plain(&pools::NUMBER)));
        Tree::map([
            ("max_body_size", body),
            ("proxy_buffer_size", buffer),
            ("read_timeout", read),
            ("send_timeout", send),
            ("next_tries", tries),
            ("next_timeout", wait),
            ("next_cases", self.cases.as_ref().map(|cases| texts(cases, &pools::CASE))),
        ])
    }
}

impl Profile {
    fn tree(&self) -> Tree {
        let storage = match &self.volumes {
            None => self.volume.tree(),
            Some(more) => {
                let volumes = [&self.volume].into_iter().chain(more);
                Tree::List(volumes.map(Volume::tree).collect())
            }
        };
        let arch = |pick: Pick| Tree::map([("arch", Some(pick.text(&pools::ARCH)))]);
        let cpu = Tree::map([
            ("units", Some(self.cpu.text(&pools::CPU))),
            ("attributes", self.arch.map(arch)),
        ]);
        let resources = Tree::map([
            ("cpu", Some(cpu)),
            ("memory", Some(Tree::map([("size", Some(self.memory.text(&pools::MEMORY)))]))),
            ("storage", Some(storage)),
            ("gpu", self.gpu.as_ref().map(Gpu::tree)),
        ]);
        Tree::map([("resources", Some(resources))])
    }
}

impl Volume {
    fn tree(&self) -> Tree {
        let attributes = |(persistent, class): &(Option<Pick>, Option<Pick>)| {
            Tree::map([
                ("persistent", persistent.map(|word| word.text(&pools::PERSISTENT))),
                ("class", class.map(|class| class.text(&pools::CLASS))),
            ])
        };
        Tree::map([
            ("name", self.name.map(|name| name.text(&pools::VOLUME))),
            ("size", Some(self.size.text(&pools::SIZE))),
            ("attributes", self.attributes.as_ref().map(attributes)),
        ])
    }
}

impl Gpu {
    fn tree(&self) -> Tree {
        let model = |(model, ram, interface): &(Pick, Option<Pick>, Option<Pick>)| {
            Tree::map([
                ("model", Some(model.text(&pools::MODEL))),
                ("ram", ram.map(|ram| ram.text(&pools::RAM))),
                ("interface", interface.map(|interface| interface.text(&pools::INTERFACE))),
            ])
        };
        let models = match self.models.as_slice() {
            [] => Tree::Null,
            models => Tree::List(models.iter().map(model).collect()),
        };
        let vendor = Tree::map([("vendor", Some(Tree::map([("nvidia", Some(models))])))]);
        let without = self.units.of(&pools::GPUS) == "0" || self.bare.is_odd();
        Tree::map([
            ("units", Some(self.units.text(&pools::GPUS))),
            ("attributes", (!without).then_some(vendor)),
        ])
    }
}

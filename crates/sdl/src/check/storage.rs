//! Volumes and where services mount them.

use std::collections::BTreeMap;

use super::{Checker, Place};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::short;
use crate::model::{Field, Mount, Named, Names, VolumeRequest};
use crate::suggest;

impl<'d> Checker<'d, '_> {
    /// The mounts of one service against the volumes of the profile it is placed with.
    pub(super) fn mounts(&mut self, place: Place<'d>) {
        let Some(volumes) = place.resources.and_then(|resources| resources.volumes.as_deref())
        else {
            return;
        };
        let none = Names::new();
        let mounts = place.service.params.as_ref().map_or(&none, |params| &params.storage);
        let by_name = volumes.iter().map(|volume| (volume.name.value, volume));
        let by_name: BTreeMap<&str, &VolumeRequest<'_>> = by_name.collect();
        let mut paths: BTreeMap<&str, Span> = BTreeMap::new();
        let mut all_found = true;
        for (name, mount) in mounts {
            let volume = self.find_volume(place, name, mount, &by_name);
            all_found &= volume.is_some();
            let Some(value) = &mount.value else { continue };
            self.mount_path(name, mount.span, value, &mut paths);
            let is_ram = volume.and_then(class).is_some_and(|class| class == "ram");
            let read_only = value.read_only.as_ref().filter(|flag| flag.value);
            if let Some(flag) = read_only
                && is_ram
                && self.is_2_1()
            {
                let sentence = format!("`ram` volume `{}` cannot be read-only", short(name));
                let problem = Problem::error(code::RAM_VOLUME, flag.span, sentence);
                self.problems.push(problem.help("remove `readOnly`"));
            }
        }
        // A mount of a volume that does not exist is meant for one that does.
        if all_found {
            self.unmounted(place, volumes, mounts);
        }
    }

    fn find_volume(
        &mut self,
        place: Place<'d>,
        name: &str,
        mount: &Named<Mount<'_>>,
        volumes: &BTreeMap<&str, &'d VolumeRequest<'d>>,
    ) -> Option<&'d VolumeRequest<'d>> {
        let found = volumes.get(name).copied();
        if found.is_none() {
            let profile = place.deployed.profile.value().copied().unwrap_or_default();
            let (name_shown, profile) = (short(name), short(profile));
            let sentence = format!("profile `{profile}` has no volume `{name_shown}` to mount");
            let problem = Problem::error(code::UNKNOWN_VOLUME, mount.span, sentence);
            let nearest = match self.problems.wants_help() {
                true => suggest::nearest(name, volumes.keys().copied()),
                false => None,
            };
            let nearest = nearest.and_then(|nearest| volumes.get(nearest));
            let first: Vec<&str> = volumes.keys().copied().take(8).collect();
            self.problems.push(match (nearest, first.as_slice()) {
                (Some(volume), _) => problem
                    .label(volume.name.span, "a similar name is declared here")
                    .help(format!("did you mean `{}`?", short(volume.name.value))),
                (None, []) => problem,
                (None, [only]) => problem.help(format!("its only volume is `{}`", short(only))),
                (None, first) => {
                    problem.help(format!("its volumes are {}", crate::decode::listed(first)))
                }
            });
        }
        found
    }

    fn mount_path<'v>(
        &mut self,
        name: &str,
        span: Span,
        mount: &'v Mount<'_>,
        paths: &mut BTreeMap<&'v str, Span>,
    ) {
        let name = short(name);
        let (path, span) = match &mount.path {
            Field::Bad => return,
            Field::Absent => ("", span),
            Field::Given(path) => (path.value, path.span),
        };
        if !path.starts_with('/') {
            let sentence = match path {
                "" => format!("the mount of volume `{name}` has no path"),
                path => format!("mount path `{}` of volume `{name}` is not absolute", short(path)),
            };
            let problem = Problem::error(code::MOUNT_PATH, span, sentence);
            let is_word = path.starts_with(|c: char| c.is_ascii_alphanumeric())
                && path.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
            let problem = match path {
                "" => problem.help("write `mount:` with a path that starts with `/`: `/data`"),
                path if is_word => {
                    problem.help(format!("write `/{}`", short(path))).fix(span, format!("/{path}"))
                }
                _ => problem.help("write a path that starts with `/`: `/data`"),
            };
            let slip = self.problems.slip(mount.body, "mount").filter(|_| path.is_empty());
            self.problems.push(problem.blamed_on(slip));
        } else if let Some(first) = paths.insert(path, span) {
            let sentence = format!("two volumes are mounted on `{}`", short(path));
            let problem = Problem::error(code::MOUNT_PATH, span, sentence);
            let problem = problem.saying("mounted here").label(first, "mounted here");
            self.problems.push(problem.help("give each volume a path of its own").in_order());
        }
    }

    /// Persistent volumes that the service does not mount: an error in 2.0 when it mounts nothing.
    fn unmounted(&mut self, place: Place<'d>, volumes: &[VolumeRequest], mounts: &Names<Mount>) {
        let is_error = !self.is_2_1() && mounts.is_empty();
        for volume in volumes {
            let name = volume.name.value;
            let persistent = volume.attributes.as_ref().is_some_and(|list| list.persistent);
            if !persistent || mounts.contains_key(name) {
                continue;
            }
            let (shown, service) = (short(name), short(place.name));
            let sentence =
                format!("persistent volume `{shown}` is not mounted by service `{service}`");
            let make = if is_error { Problem::error } else { Problem::warning };
            let problem = make(code::NOT_MOUNTED, volume.name.span, sentence);
            let declared = self.document.services.get(place.name).map(|named| named.span);
            let declared = declared.unwrap_or(volume.name.span);
            let params = place.service.params.as_ref();
            let slip = match params {
                Some(params) => self.problems.sure_slip(params.body, "storage"),
                None => self.problems.sure_slip(place.service.body, "params"),
            };
            let mounts_of = format!("`{shown}: {{ mount: /data }}`");
            let help = match params {
                Some(_) if !mounts.is_empty() => {
                    format!("add {mounts_of} under `params.storage` of the service")
                }
                Some(_) => format!(
                    "add `storage: {{ {shown}: {{ mount: /data }} }}` under `params` of the service"
                ),
                None => format!(
                    "add `params: {{ storage: {{ {shown}: {{ mount: /data }} }} }}` to the service"
                ),
            };
            let problem = problem.saying("persistent").help(help);
            self.problems.push(match slip {
                Some(slip) => problem.blamed_on(Some(slip)),
                None => problem.label(declared, "this service does not mount it"),
            });
        }
    }
}

fn class<'n>(volume: &VolumeRequest<'n>) -> Option<&'n str> {
    volume.attributes.as_ref()?.class
}

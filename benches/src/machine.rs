//! [`Machine`]: what the figures were taken on, as a report states it.

use std::fs::OpenOptions;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::clock::Wall;

/// Extensions of the processor that make hashing, signatures or copying faster.
const FLAGS_THAT_MATTER: [&str; 10] = [
    "sha_ni",
    "avx2",
    "avx512f",
    "avx512ifma",
    "avx512vbmi",
    "vaes",
    "bmi2",
    "adx",
    "sha2",
    "asimd",
];
/// What one flush writes.
const PAGE_BYTES: usize = 4_096;
/// How long flushes are counted.
const FLUSHING_NS: u64 = 200_000_000;

/// What the figures were taken on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Those of its extensions that matter here.
    pub flags: Vec<String>,
    /// Cores that this process may use.
    pub cores: u64,
    /// The kernel's name and version.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// Profile, target, features and flags of the build.
    pub build: String,
    /// Pages of 4 KiB that the disk makes durable in a second, one after the other; `null` when none
    /// could be written.
    pub flushes_per_second: Option<f64>,
}

impl Machine {
    /// Looks at this machine, and for a fifth of a second at the disk of `folder`.
    #[must_use]
    pub fn look(folder: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: field(&processors, "model name").unwrap_or(std::env::consts::ARCH).to_owned(),
            flags: flags(&processors),
            cores: u64::try_from(cores).unwrap_or(u64::MAX),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()).trim_end().to_owned(),
            rustc: env!("UNDERCUT_RUSTC").to_owned(),
            build: env!("UNDERCUT_BUILD").to_owned(),
            flushes_per_second: flushes_per_second(folder).ok(),
        }
    }
}

/// The first field of that name in what Linux says of its processors.
fn field<'a>(processors: &'a str, name: &str) -> Option<&'a str> {
    let lines = processors.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim()).next()
}

fn flags(processors: &str) -> Vec<String> {
    let all = field(processors, "flags").or_else(|| field(processors, "Features"));
    let all: Vec<&str> = all.unwrap_or_default().split_whitespace().collect();
    let known = FLAGS_THAT_MATTER.iter().filter(|flag| all.contains(flag));
    known.map(|flag| (*flag).to_owned()).collect()
}

/// Writes one page after the other over a file that is there already, each made durable.
fn flushes_per_second(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join(format!(".undercut-flush-{}", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let counted = count_flushes(&file);
    let removed = std::fs::remove_file(&path);
    counted.and_then(|rate| removed.map(|()| rate))
}

fn count_flushes(file: &std::fs::File) -> std::io::Result<f64> {
    let mut page = [0; PAGE_BYTES];
    file.write_all_at(&page, 0)?;
    file.sync_all()?;
    let (start, mut flushes) = (Wall::now(), 0_u32);
    while start.elapsed_nanos() < FLUSHING_NS {
        page[0] = page[0].wrapping_add(1);
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        flushes += 1;
    }
    Ok(f64::from(flushes) / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_and_only_flags_that_matter_are_told() {
        let text = "processor\t: 0\nmodel name\t: A B\nflags\t\t: fpu avx2 sha_ni mmx\n";
        assert_eq!(field(text, "model name"), Some("A B"));
        assert_eq!(flags(text), ["sha_ni", "avx2"]);
        assert_eq!(flags("Features : asimd sha2"), ["sha2", "asimd"]);
        assert_eq!((field("", "x"), flags("")), (None, vec![]));
    }

    #[test]
    fn a_look_leaves_no_file_and_a_folder_that_is_not_there_has_no_rate() {
        let folder = std::env::temp_dir().join(format!("undercut-look-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let machine = Machine::look(&folder);
        assert!(machine.flushes_per_second.is_some_and(|rate| rate > 0.0), "{machine:?}");
        assert!(machine.cores > 0 && machine.rustc.starts_with("rustc "), "{machine:?}");
        std::fs::remove_dir(&folder).unwrap();
        assert_eq!(Machine::look(&folder).flushes_per_second, None);
    }
}

//! The files of the repository, and the manifests of its members.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The repository's root: the folder above this package.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// The text of a file, by its path from the root.
///
/// # Errors
///
/// [`io::Error`] when the file cannot be read or is no text.
pub fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(root().join(path))
}

/// The names in a folder, by its path from the root, sorted.
#[must_use]
pub fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder can be listed");
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.expect("the entry can be read").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// All files of the repository by their path from the root, sorted: without what is built, what
/// version control keeps, and what proptest and fuzzers leave behind.
#[must_use]
pub fn files() -> Vec<String> {
    let mut files = Vec::new();
    collect("", &mut files);
    files.sort();
    files
}

fn collect(folder: &str, files: &mut Vec<String>) {
    for name in names(folder) {
        if ["target", ".git"].contains(&name.as_str()) {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if root().join(&path).is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The files whose path starts with `folder` and ends with `ending`, each with its text.
#[must_use]
pub fn texts(folder: &str, ending: &str) -> Vec<(String, String)> {
    let fits = |path: &String| path.starts_with(folder) && path.ends_with(ending);
    let text = |path: String| {
        let text = read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, text)
    };
    files().into_iter().filter(fits).map(text).collect()
}

/// The manifests of all members, by their path from the root.
#[must_use]
pub fn manifests() -> Vec<(String, toml::Table)> {
    let is_member = |path: &String| path.contains('/');
    let manifests = texts("", "Cargo.toml").into_iter().filter(|(path, _)| is_member(path));
    let parsed = |(path, text): (String, String)| {
        let table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, table)
    };
    manifests.map(parsed).collect()
}

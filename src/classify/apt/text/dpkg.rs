//! dpkg's own lines, which follow apt's on the same stream.

use super::super::target::PackageFile;

/// A package that dpkg unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) arch: Option<String>,
    pub(super) filename: String,
}

/// Follows dpkg's lines. In any language `Preparing to unpack` names the file and `Unpacking` the package; only
/// together they count.
#[derive(Clone, Debug, Default)]
pub(super) struct Dpkg {
    /// The file of the last `Preparing to unpack`, as far as it was printed.
    prepared: Option<String>,
    pub(super) unpacked: Vec<Unpacked>,
    /// Name and version, as printed by `Setting up`.
    pub(super) set_up: Vec<(String, String)>,
}

/// What dpkg, and the hooks that apt runs before it, print first. apt prints nothing about fetches from here on.
const BEGINNINGS: [&str; 11] = [
    "Selecting previously unselected package ",
    "Extracting templates from packages",
    "Preconfiguring packages ",
    "Preparing to unpack ",
    "Unpacking ",
    "Setting up ",
    "Removing ",
    "Purging configuration files for ",
    "Processing triggers for ",
    "Reading changelogs",
    "dpkg: ",
];

/// Whether dpkg has started when it printed this.
pub(super) fn is_beginning(line: &str) -> bool {
    // The progress of reading the database begins with a parenthesis in every language.
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
        || line.starts_with('(') && line.contains(" ... ")
        || prepared(line).is_some()
}

impl Dpkg {
    /// A line after the start.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(file) = prepared(line) {
            self.prepared = Some(file.to_owned());
        } else if let Some(rest) = line.strip_prefix("Setting up ") {
            if let Some((name, _, version)) = package(rest) {
                self.set_up.push((name.to_owned(), version.to_owned()));
            }
        } else if let Some(file) = &self.prepared
            && let Some(unpacked) = unpacked(line, file)
        {
            self.prepared = None;
            self.unpacked.push(unpacked);
        }
    }
}

/// The file in `Preparing to unpack .../archives/lab-a_1.0_all.deb ...`: dpkg shortens long paths from the left.
fn prepared(line: &str) -> Option<&str> {
    let rest = line.strip_suffix("...")?.trim_end();
    let english =
        line.strip_prefix("Preparing to unpack ").map(|_| &rest["Preparing to unpack ".len().min(rest.len())..]);
    let file = english.or_else(|| {
        let start = rest.find(" .../").or_else(|| rest.find(" /"))?;
        rest[start + 1..].split(' ').next()
    })?;
    [".deb", ".udeb", ".ddeb"].iter().any(|suffix| file.ends_with(suffix)).then_some(file)
}

/// `Unpacking NAME[:ARCH] (VERSION) ...`, or a line of another language with the name and version of the file in it.
fn unpacked(line: &str, file: &str) -> Option<Unpacked> {
    let filename = file.rsplit('/').next().unwrap_or(file);
    if let Some(rest) = line.strip_prefix("Unpacking ") {
        let (name, arch, version) = package(rest)?;
        let named = named(filename, name);
        let arch = arch.map(str::to_owned).or_else(|| named.as_ref().map(|(_, file)| file.arch.clone()));
        let filename = named.map_or(filename, |(filename, _)| filename).to_owned();
        return Some(Unpacked { name: name.to_owned(), version: version.to_owned(), arch, filename });
    }
    let words: Vec<_> = line.split(' ').collect();
    words.windows(2).find_map(|pair| {
        let name = pair[0].split(':').next().unwrap_or_default();
        let version = pair[1].strip_prefix('(')?.strip_suffix(')')?;
        let (filename, file) = named(filename, name).filter(|(_, file)| file.version == version)?;
        Some(Unpacked { name: file.name, version: file.version, arch: Some(file.arch), filename: filename.to_owned() })
    })
}

/// `NAME[:ARCH] (VERSION)`.
fn package(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (name, rest) = text.split_once(" (")?;
    let version = rest.split_once(')')?.0;
    let (name, arch) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
    (super::item::is_name(name) && super::item::is_version(version)).then_some((name, arch, version))
}

/// The file's name if it is that of this package. Of several files apt makes links with a number in front, `07-...`.
fn named<'a>(filename: &'a str, name: &str) -> Option<(&'a str, PackageFile)> {
    let bare = filename.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('-');
    [Some(filename), bare].into_iter().flatten().find_map(|filename| {
        let file = PackageFile::parse(filename)?;
        (file.name == name).then_some((filename, file))
    })
}

#[cfg(test)]
mod tests {
    use super::{Dpkg, is_beginning};

    fn unpacked(lines: &[&str]) -> Vec<(String, String, Option<String>, String)> {
        let mut dpkg = Dpkg::default();
        lines.iter().for_each(|line| dpkg.line(line));
        dpkg.unpacked.into_iter().map(|one| (one.name, one.version, one.arch, one.filename)).collect()
    }

    fn one(name: &str, version: &str, arch: Option<&str>, filename: &str) -> (String, String, Option<String>, String) {
        (name.to_owned(), version.to_owned(), arch.map(str::to_owned), filename.to_owned())
    }

    #[test]
    fn takes_a_package_from_two_lines() {
        let file = "lab-native_1%3a2.0~rc1-3+b1_amd64.deb";
        let lines = [
            &format!("Preparing to unpack .../07-{file} ..."),
            "noise",
            "Unpacking lab-native:amd64 (1:2.0~rc1-3+b1) over (1.0) ...",
        ];
        assert_eq!(unpacked(&lines), [one("lab-native", "1:2.0~rc1-3+b1", Some("amd64"), file)]);
        let local = ["Preparing to unpack /a/lab-dep9.deb ...", "Unpacking lab-localonly (9.0) ..."];
        assert_eq!(unpacked(&local), [one("lab-localonly", "9.0", None, "lab-dep9.deb")]);
        let german = [
            "Vorbereitung zum Entpacken von .../archives/lab-hello_1.0_all.deb ...",
            "Entpacken von lab-hello (1.0) ...",
        ];
        assert_eq!(unpacked(&german), [one("lab-hello", "1.0", Some("all"), "lab-hello_1.0_all.deb")]);
        assert_eq!(unpacked(&["Unpacking fake (1.0) ..."]), []);
    }

    #[test]
    fn knows_where_dpkg_starts() {
        assert!(is_beginning("(Lese Datenbank ... 5%"));
        assert!(is_beginning("Vorbereitung zum Entpacken von .../archives/lab-hello_1.0_all.deb ..."));
        assert!(!is_beginning("Get:1 http://a.example s/main amd64 lab-a all 1.0 [1 B]"));
        assert!(!is_beginning("Reading package lists..."));
    }
}

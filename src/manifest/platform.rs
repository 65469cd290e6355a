//! Platform tags of wheels: which older ones a platform takes too (PEP 600, PEP 656, and macOS's rules).
//!
//! Refuses platforms for which wheels are not published on PyPI.

/// A platform, as the tag of the newest wheel that it takes names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    family: Family,
    /// The machine, as PEP 508's `platform_machine` has it.
    pub(super) machine: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Family {
    /// glibc of version 2 and this.
    Glibc(u32),
    /// musl of this version.
    Musl(u32, u32),
    /// Linux of which nothing more is known.
    Linux,
    /// macOS of this version.
    Mac(u32, u32),
    /// Windows, with its own tag.
    Windows(String),
}

/// The names that manylinux tags had before they named glibc's version.
const LEGACY: [(&str, u32); 3] = [("manylinux2014", 17), ("manylinux2010", 12), ("manylinux1", 5)];

impl Platform {
    /// The platform of a tag.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let of = |family, machine: &str| {
            let sound = !machine.is_empty() && machine.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            sound.then(|| Platform { family, machine: machine.to_owned() })
        };
        if let Some((name, minor)) = LEGACY.iter().find(|(name, _)| tag.starts_with(&format!("{name}_"))) {
            return of(Family::Glibc(*minor), &tag[name.len() + 1..]);
        }
        if let Some(rest) = tag.strip_prefix("manylinux_2_") {
            let (minor, machine) = rest.split_once('_')?;
            return of(Family::Glibc(minor.parse().ok().filter(|minor| *minor < 1000)?), machine);
        }
        if let Some((major, minor, machine)) = tag.strip_prefix("musllinux_").and_then(versioned) {
            return of(Family::Musl(major, minor), machine);
        }
        if let Some((major, minor, machine)) = tag.strip_prefix("macosx_").and_then(versioned) {
            return of(Family::Mac(major, minor), machine);
        }
        if let Some(machine) = tag.strip_prefix("linux_") {
            return of(Family::Linux, machine);
        }
        let machine = match tag {
            "win32" => "x86",
            "win_amd64" => "AMD64",
            "win_arm64" => "ARM64",
            _ => return None,
        };
        of(Family::Windows(tag.to_owned()), machine)
    }

    /// What to give pip as `--platform`, which takes each name for just itself, macOS and manylinux2014 apart.
    pub(super) fn for_pip(&self, tag: &str) -> Vec<String> {
        let machine = &self.machine;
        match self.family {
            Family::Glibc(newest) => {
                let perennial = (17..=newest).rev().map(|minor| format!("manylinux_2_{minor}_{machine}"));
                perennial.chain([format!("manylinux2014_{machine}")]).collect()
            }
            Family::Musl(..) => self.tags(),
            Family::Linux | Family::Mac(..) | Family::Windows(_) => vec![tag.to_owned()],
        }
    }

    pub(super) fn os_name(&self) -> &'static str {
        if matches!(self.family, Family::Windows(_)) { "nt" } else { "posix" }
    }

    pub(super) fn sys_platform(&self) -> &'static str {
        match self.family {
            Family::Windows(_) => "win32",
            Family::Mac(..) => "darwin",
            Family::Glibc(_) | Family::Musl(..) | Family::Linux => "linux",
        }
    }

    pub(super) fn platform_system(&self) -> &'static str {
        match self.family {
            Family::Windows(_) => "Windows",
            Family::Mac(..) => "Darwin",
            Family::Glibc(_) | Family::Musl(..) | Family::Linux => "Linux",
        }
    }

    /// Every platform tag that this platform takes, the best first.
    pub(super) fn tags(&self) -> Vec<String> {
        let machine = &self.machine;
        let mut tags = Vec::new();
        match &self.family {
            Family::Glibc(newest) => {
                let oldest = if matches!(machine.as_str(), "x86_64" | "i686") { 5 } else { 17 };
                for minor in (oldest..=*newest).rev() {
                    tags.push(format!("manylinux_2_{minor}_{machine}"));
                    let legacy = LEGACY.iter().filter(|(_, of)| *of == minor);
                    tags.extend(legacy.map(|(name, _)| format!("{name}_{machine}")));
                }
                tags.push(format!("linux_{machine}"));
            }
            Family::Musl(major, newest) => {
                tags.extend((0..=*newest).rev().map(|minor| format!("musllinux_{major}_{minor}_{machine}")));
                tags.push(format!("linux_{machine}"));
            }
            Family::Linux => tags.push(format!("linux_{machine}")),
            Family::Mac(major, minor) => tags = mac_tags(*major, *minor, machine),
            Family::Windows(tag) => tags.push(tag.clone()),
        }
        tags
    }
}

fn versioned(rest: &str) -> Option<(u32, u32, &str)> {
    let (major, rest) = rest.split_once('_')?;
    let (minor, machine) = rest.split_once('_')?;
    let small = |number: &str| number.parse().ok().filter(|number| *number < 1000);
    Some((small(major)?, small(minor)?, machine))
}

/// Since macOS 11 the first number alone counts; 10.16 and older count by the second. Universal binaries serve both
/// machines, the older forms only Intel's.
fn mac_tags(major: u32, minor: u32, machine: &str) -> Vec<String> {
    let others: &[&str] = match machine {
        "x86_64" => &["intel", "fat64", "fat32", "universal2", "universal"],
        "arm64" => &["universal2"],
        _ => &["universal"],
    };
    let formats = || std::iter::once(machine).chain(others.iter().copied());
    let mut tags = Vec::new();
    for version in (11..=major).rev() {
        tags.extend(formats().map(|format| format!("macosx_{version}_0_{format}")));
    }
    let newest_of_10 = if major > 10 { 16 } else { minor };
    for version in (4..=newest_of_10).rev() {
        match machine {
            "arm64" if major > 10 => tags.push(format!("macosx_10_{version}_universal2")),
            "arm64" => {}
            _ => tags.extend(formats().map(|format| format!("macosx_10_{version}_{format}"))),
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::Platform;

    fn tags(tag: &str) -> Vec<String> {
        Platform::parse(tag).unwrap().tags()
    }

    #[test]
    fn a_newer_platform_takes_older_tags() {
        let glibc = tags("manylinux_2_28_x86_64");
        assert_eq!((glibc[0].as_str(), glibc.len()), ("manylinux_2_28_x86_64", 24 + 3 + 1));
        assert!(
            glibc.contains(&"manylinux1_x86_64".to_owned()) && !glibc.contains(&"manylinux_2_29_x86_64".to_owned())
        );
        assert_eq!(tags("manylinux2014_aarch64"), ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]);
        assert_eq!(tags("musllinux_1_1_x86_64"), ["musllinux_1_1_x86_64", "musllinux_1_0_x86_64", "linux_x86_64"]);
        assert_eq!(tags("win_amd64"), ["win_amd64"]);
        let mac = tags("macosx_12_0_arm64");
        assert!(
            mac.contains(&"macosx_11_0_universal2".to_owned()) && mac.contains(&"macosx_10_9_universal2".to_owned())
        );
        assert!(!mac.contains(&"macosx_10_9_arm64".to_owned()));
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for wrong in [
            "any",
            "manylinux_2_",
            "manylinux_2_x_x86_64",
            "manylinux_2_99999999_x86_64",
            "win",
            "linux_",
            "macosx_11_arm64",
        ] {
            assert_eq!(Platform::parse(wrong), None, "{wrong}");
        }
    }
}

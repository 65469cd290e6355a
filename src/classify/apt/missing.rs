//! What apt asked for in vain, by its own words at the end of a run that failed.
//!
//! Only English words are understood: of a translated text nothing follows. Refuses to take a dependency for missing that
//! apt does not say of itself that it cannot be had, as long as it says so of another.

/// Reads lines of one run, or of several, without what came from dpkg and its scripts.
#[derive(Debug, Default)]
pub struct Missing {
    named: Vec<String>,
    /// Dependencies that stand in the way for a reason that is not told.
    hindered: Vec<String>,
    /// The lines of the table of dependencies are being read.
    within: bool,
}

impl Missing {
    /// Takes a line, without its end.
    pub fn line(&mut self, line: &str) {
        if self.within && line.starts_with(' ') {
            self.dependency(line);
            return;
        }
        self.within = ["The following packages have unmet dependencies:", "Unsatisfied dependencies:"].contains(&line);
        if let Some(name) = error(line).and_then(refused) {
            add(&mut self.named, name);
        }
    }

    /// What was missing, in apt's words: `NAME`, `NAME=VERSION`, or the path of a package file.
    pub fn finish(self) -> Vec<String> {
        if self.named.is_empty() { self.hindered } else { self.named }
    }

    /// `lab-dep : Depends: lab-hello (>= 2) but it is not installable`; the second of alternatives is not named.
    fn dependency(&mut self, line: &str) {
        let line = line.strip_suffix(" or").unwrap_or(line);
        let Some((_, wanted)) = line.split_once("Depends: ") else { return };
        let Some((wanted, why)) = wanted.split_once(" but ") else { return };
        let list = match why {
            "it is not installable" => &mut self.named,
            "it is not going to be installed" => &mut self.hindered,
            why if why.ends_with(" is to be installed") || why.ends_with(" is installed") => &mut self.hindered,
            _ => return,
        };
        let (name, version) = wanted.split_once(" (= ").unwrap_or((wanted, ""));
        let name = name.split([' ', ':']).next().unwrap_or(name);
        add(
            list,
            match version.strip_suffix(')') {
                Some(version) => format!("{name}={version}"),
                None => name.to_owned(),
            },
        );
    }
}

fn add(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

/// The text of an error. Where both streams are one, apt's letter or all of it may stand behind a line that is not ended
/// yet: `Reading package lists...E`, `: Unable to locate package x`.
fn error(line: &str) -> Option<&str> {
    let of_start = line.strip_prefix("E: ").or_else(|| line.strip_prefix(": "));
    of_start.or_else(|| line.split_once("...E: ").map(|(_, error)| error))
}

/// What an error says that there is not.
fn refused(error: &str) -> Option<String> {
    let between = |start: &str, end: &str| error.strip_prefix(start)?.strip_suffix(end);
    let word = |word: &str| (!word.is_empty() && !word.contains(' ')).then(|| word.to_owned());
    let of = |start: &str| {
        let (wanted, name) = between(start, "' was not found")?.split_once("' for '")?;
        Some((word(wanted)?, word(name)?))
    };
    if let Some((version, name)) = of("Version '") {
        return Some(format!("{name}={version}"));
    }
    if let Some((release, name)) = of("Release '") {
        return Some(format!("{name}/{release}"));
    }
    let name = between("Unable to locate package ", "")
        .or_else(|| between("Package '", "' has no installation candidate"))
        .or_else(|| between("Unsupported file ", " given on commandline"))
        .or_else(|| between("Unable to find a source package for ", ""));
    name.and_then(word)
}

//! The options of a requirements line, taken apart as Python's `optparse` does for pip: abbreviations, values after a
//! space, after `=` or attached, words between options passed over.
//!
//! Refuses to act on any of them.

/// An option that a requirements file may hold, under its usual name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is named as pip's own option, and documented there")]
pub enum Flag {
    IndexUrl,
    ExtraIndexUrl,
    NoIndex,
    Constraint,
    Requirement,
    Editable,
    FindLinks,
    NoBinary,
    OnlyBinary,
    PreferBinary,
    RequireHashes,
    NoRequireHashes,
    Pre,
    AllReleases,
    OnlyFinal,
    TrustedHost,
    UseFeature,
    Hash,
    ConfigSettings,
    GlobalOption,
}

type Row = (Flag, &'static str, &'static [&'static str], Option<char>, bool);

/// Every option: its usual name, its other names, its letter, and whether it takes a value.
const FLAGS: [Row; 20] = [
    (Flag::IndexUrl, "--index-url", &["--pypi-url"], Some('i'), true),
    (Flag::ExtraIndexUrl, "--extra-index-url", &[], None, true),
    (Flag::NoIndex, "--no-index", &[], None, false),
    (Flag::Constraint, "--constraint", &[], Some('c'), true),
    (Flag::Requirement, "--requirement", &[], Some('r'), true),
    (Flag::Editable, "--editable", &[], Some('e'), true),
    (Flag::FindLinks, "--find-links", &[], Some('f'), true),
    (Flag::NoBinary, "--no-binary", &[], None, true),
    (Flag::OnlyBinary, "--only-binary", &[], None, true),
    (Flag::PreferBinary, "--prefer-binary", &[], None, false),
    (Flag::RequireHashes, "--require-hashes", &[], None, false),
    (Flag::NoRequireHashes, "--no-require-hashes", &[], None, false),
    (Flag::Pre, "--pre", &[], None, false),
    (Flag::AllReleases, "--all-releases", &[], None, true),
    (Flag::OnlyFinal, "--only-final", &[], None, true),
    (Flag::TrustedHost, "--trusted-host", &[], None, true),
    (Flag::UseFeature, "--use-feature", &[], None, true),
    (Flag::Hash, "--hash", &[], None, true),
    (Flag::ConfigSettings, "--config-settings", &[], Some('C'), true),
    (Flag::GlobalOption, "--global-option", &[], None, true),
];

impl Flag {
    /// Its usual long name.
    pub fn name(self) -> &'static str {
        FLAGS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Whether it tells pip where to look: `--index-url`, `--find-links` and their kin.
    pub fn says_where(self) -> bool {
        matches!(self, Flag::IndexUrl | Flag::ExtraIndexUrl | Flag::NoIndex | Flag::FindLinks | Flag::TrustedHost)
    }
}

/// What the options of one line are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Each option with its value, in order.
    pub(super) given: Vec<(Flag, Option<String>)>,
    /// Words that belong to no option: pip passes over them in silence.
    pub(super) stray: Vec<String>,
}

impl Options {
    pub(super) fn values(&self, flag: Flag) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(given, _)| *given == flag).filter_map(|(_, value)| value.as_deref())
    }

    pub(super) fn first(&self, flag: Flag) -> Option<&str> {
        self.values(flag).next()
    }
}

/// Takes `words` apart.
///
/// # Errors
/// What pip would refuse, in its words where they are good.
pub(super) fn parse(words: Vec<String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            options.stray.extend(words);
            break;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, attached) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let (flag, name, takes_value) = by_name(&format!("--{name}"))?;
            let value = match (takes_value, attached) {
                (true, attached) => Some(attached.or_else(|| words.next()).ok_or(needs_value(name))?),
                (false, None) => None,
                (false, Some(_)) => return Err(format!("`{name}` does not take a value")),
            };
            options.given.push((flag, value));
        } else if let Some(letter) = word.strip_prefix('-').and_then(|rest| rest.chars().next()) {
            let row = FLAGS.iter().find(|row| row.3 == Some(letter)).ok_or(format!("no such option: `-{letter}`"))?;
            let attached = Some(&word[1 + letter.len_utf8()..]).filter(|value| !value.is_empty()).map(str::to_owned);
            let value = attached.or_else(|| words.next()).ok_or(needs_value(&format!("-{letter}")))?;
            options.given.push((row.0, Some(value)));
        } else {
            options.stray.push(word);
        }
    }
    options.given.iter().try_for_each(check)?;
    Ok(options)
}

fn needs_value(name: &str) -> String {
    format!("`{name}` needs a value")
}

/// The option that `name` means: whole, or the beginning of exactly one.
fn by_name(name: &str) -> Result<(Flag, &'static str, bool), String> {
    let names = FLAGS.iter().flat_map(|row| std::iter::once(&row.1).chain(row.2).map(|&long| (row.0, long, row.4)));
    let mut meant: Vec<_> = names.filter(|(_, long, _)| long.starts_with(name)).collect();
    if let Some(exact) = meant.iter().position(|(_, long, _)| *long == name) {
        meant = vec![meant[exact]];
    }
    match *meant.as_slice() {
        [] => Err(format!("no such option: `{name}`")),
        [one] => Ok(one),
        _ => {
            let candidates: Vec<_> = meant.iter().map(|(_, long, _)| *long).collect();
            Err(format!("`{name}` may mean {}", candidates.join(", ")))
        }
    }
}

/// What pip looks at as soon as it reads a value.
fn check((flag, value): &(Flag, Option<String>)) -> Result<(), String> {
    let value = value.as_deref().unwrap_or_default();
    match flag {
        Flag::Hash => match value.split_once(':') {
            Some(("sha256" | "sha384" | "sha512", _)) => Ok(()),
            Some((other, _)) => Err(format!("`{other}` is no hash that pip accepts: sha256, sha384 and sha512 are")),
            None => Err("`--hash` needs the form `--hash=sha256:DIGEST`".to_owned()),
        },
        Flag::ConfigSettings if !value.contains('=') => {
            Err("`--config-settings` needs the form `--config-settings=KEY=VALUE`".to_owned())
        }
        Flag::NoBinary | Flag::OnlyBinary if value.starts_with('-') => Err(needs_value(flag.name())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, parse};

    fn given(line: &str) -> Result<Vec<(Flag, Option<String>)>, String> {
        parse(line.split(' ').map(str::to_owned).collect()).map(|options| options.given)
    }

    #[test]
    fn takes_values_wherever_they_stand() {
        let requirement = |value: &str| Ok(vec![(Flag::Requirement, Some(value.to_owned()))]);
        for line in
            ["-r a.txt", "-ra.txt", "--requirement a.txt", "--requirement=a.txt", "--requirem a.txt", "x -r a.txt y"]
        {
            assert_eq!(given(line), requirement("a.txt"), "{line}");
        }
        assert_eq!(given("-r --pre"), requirement("--pre"));
        assert_eq!(given("--pre").unwrap(), [(Flag::Pre, None)]);
        assert_eq!(given("-- --nothing").unwrap(), []);
    }

    #[test]
    fn refuses_what_pip_refuses() {
        for (line, message) in [
            ("-r", "needs a value"),
            ("--pre=1", "does not take a value"),
            ("--wrong", "no such option"),
            ("-x", "no such option"),
            ("--no-", "may mean --no-index, --no-binary"),
            ("--hash=md5:1", "no hash that pip accepts"),
            ("--hash=abc", "needs the form"),
            ("--no-binary -x", "needs a value"),
        ] {
            let error = given(line).unwrap_err();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}

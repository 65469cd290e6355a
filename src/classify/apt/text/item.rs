//! The lines that apt prints for each file of a fetch: `Get:1 http://repo.example/debian bookworm/main amd64 ...`.

use super::figure::Figure;

/// One such line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) word: Word,
    /// Whether the word is one of the English ones, printed as in English.
    pub(super) english: bool,
    pub(super) number: u64,
    /// Everything after the number but the size.
    pub(super) description: String,
    pub(super) subject: Subject,
    pub(super) size: Option<Figure>,
}

/// What the line says that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// What is there is current.
    Hit,
    /// A fetch begins.
    Get,
    /// A fetch failed, which apt ignores or tries again.
    Ign,
    /// A fetch failed.
    Err,
    /// A word of a language that is not known here. Only a line of a fetch that begins carries a size, in any language:
    /// so this is one of the other three.
    Foreign,
}

/// What the line is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// A binary package of a repository; a flat repository's line does not tell the architecture.
    Package { site: String, suite: String, name: String, version: String, arch: Option<String> },
    /// A `.deb` that the user named by its path.
    LocalPackage { path: String, name: String, version: String, arch: String },
    /// A file of a source package.
    Source { site: String, suite: String, name: String, version: String },
    /// An index, in apt's own words for it: `bookworm/main amd64 Packages`.
    Index { site: String, words: String },
    /// A changelog, a list of mirrors.
    Other { site: String, words: String },
}

impl Item {
    pub(super) fn parse(line: &str) -> Option<Item> {
        let (word, rest) = line.split_once(':')?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[..digits].parse().ok()?;
        let rest = rest[digits..].strip_prefix(' ')?;
        let plain = word.trim_end_matches([' ', '\u{a0}', '\u{202f}']);
        if plain.is_empty() || plain.len() > 48 || plain.starts_with(char::is_whitespace) {
            return None;
        }
        let (description, size) = split_size(rest);
        let known = match plain {
            "Hit" => Some(Word::Hit),
            "Get" => Some(Word::Get),
            "Ign" => Some(Word::Ign),
            "Err" => Some(Word::Err),
            _ => None,
        };
        let word_of = known.unwrap_or(if size.is_some() { Word::Get } else { Word::Foreign });
        let english = known.is_some() && plain.len() == word.len();
        let subject = Subject::parse(description)?;
        Some(Item { word: word_of, english, number, description: description.to_owned(), subject, size })
    }
}

/// Takes ` [884 B]` from the end.
fn split_size(text: &str) -> (&str, Option<Figure>) {
    let split = text.strip_suffix(']').and_then(|inner| {
        let (description, size) = inner.rsplit_once(" [")?;
        let (figure, unit) = Figure::parse(size)?;
        (unit.chars().count() <= 2).then_some((description, Some(figure)))
    });
    split.unwrap_or((text, None))
}

impl Subject {
    fn parse(description: &str) -> Option<Subject> {
        if description.starts_with('/') {
            let mut words = description.rsplitn(4, ' ');
            let (version, arch, name) = (words.next()?, words.next()?, words.next()?);
            let path = words.next()?.to_owned();
            return (is_name(name) && is_version(version) && path.ends_with("deb")).then(|| Subject::LocalPackage {
                path,
                name: name.to_owned(),
                version: version.to_owned(),
                arch: arch.to_owned(),
            });
        }
        let (site, rest) = split_site(description)?;
        let site = site.to_owned();
        let words: Vec<_> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        let (suite, owned) = (words.first().copied().unwrap_or_default().to_owned(), |word: &str| word.to_owned());
        Some(match words[..] {
            [_, _, name, arch, version] if is_name(name) && is_name(arch) && is_version(version) => {
                Subject::Package { site, suite, name: owned(name), version: owned(version), arch: Some(owned(arch)) }
            }
            [_, name, version] if suite.ends_with('/') && is_name(name) && is_version(version) => {
                Subject::Package { site, suite, name: owned(name), version: owned(version), arch: None }
            }
            [_, name, version, part] if is_part(part) && is_name(name) && is_version(version) => {
                Subject::Source { site, suite, name: owned(name), version: owned(version) }
            }
            [_, _, "Changelog"] | ["Mirrorlist"] | [] => Subject::Other { site, words: rest.to_owned() },
            _ => Subject::Index { site, words: words.join(" ") },
        })
    }

    /// The repository's URI as the sources list has it; `None` for a path.
    pub(crate) fn site(&self) -> Option<&str> {
        match self {
            Subject::LocalPackage { .. } => None,
            Subject::Package { site, .. }
            | Subject::Source { site, .. }
            | Subject::Index { site, .. }
            | Subject::Other { site, .. } => Some(site),
        }
    }

    /// Whether it lies on this machine.
    pub(crate) fn is_local(&self) -> bool {
        // `store:` is how a changelog comes out of an installed package.
        let local = |site: &str| ["file:", "copy:", "cdrom:", "store:"].iter().any(|scheme| site.starts_with(scheme));
        self.site().is_none_or(local)
    }

    /// Whether it is a package file, the sizes of which apt adds up before it begins.
    pub(super) fn is_package(&self) -> bool {
        matches!(self, Subject::Package { .. } | Subject::LocalPackage { .. } | Subject::Source { .. })
    }
}

/// The URI at the start; that of a `cdrom:` has its label in brackets, with blanks.
fn split_site(description: &str) -> Option<(&str, &str)> {
    let (scheme, after) = description.split_once(':')?;
    let mut characters = scheme.chars();
    let sound = characters.next()?.is_ascii_lowercase()
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let label = if after.starts_with('[') { after.find(']')? } else { 0 };
    if !sound || !after.starts_with(['/', '[']) {
        return None;
    }
    let end = after[label..].find(' ').map_or(description.len(), |blank| scheme.len() + 1 + label + blank);
    Some((&description[..end], description[end..].trim_start()))
}

/// The name of a package (Debian policy 5.6.1) or of an architecture.
pub(super) fn is_name(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
}

/// A version (deb-version(7)).
pub(super) fn is_version(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '~' | ':'))
}

fn is_part(word: &str) -> bool {
    matches!(word, "(dsc)" | "(tar)" | "(diff)" | "(asc)")
}

#[cfg(test)]
mod tests {
    use super::{Item, Subject, Word};

    fn subject(line: &str) -> Subject {
        Item::parse(line).unwrap().subject
    }

    #[test]
    fn tells_what_a_line_is_about() {
        let package =
            subject("Get:12 http://a.example/debian trixie/main amd64 lab-native amd64 1:2.0~rc1-3+b1 [892 B]");
        assert!(matches!(package, Subject::Package { arch: Some(arch), .. } if arch == "amd64"));
        assert!(matches!(subject("Get:1 http://a.example/flat ./ lab-a 1.0"), Subject::Package { arch: None, .. }));
        let source = subject("Get:2 http://a.example trixie/main hello 2.10-3 (tar) [726 kB]");
        assert!(matches!(source, Subject::Source { .. }));
        assert!(
            matches!(subject("Get:1 /a b/x.deb lab-a all 9.0 [668 B]"), Subject::LocalPackage { path, .. } if path == "/a b/x.deb")
        );
        for index in
            ["bookworm InRelease", "./ Packages", "noble/main amd64 DEP-11 64x64 Icons", "main amd64 Contents (deb)"]
        {
            let subject = subject(&format!("Hit:3 http://a.example/debian {index}"));
            assert!(matches!(subject, Subject::Index { words, .. } if words == index));
        }
        let disc =
            subject("Get:1 cdrom:[Debian 12 _Bookworm_ - DVD 20240210-11:28]/ bookworm/main amd64 hello amd64 2.10-3");
        assert!(disc.is_local() && disc.is_package());
    }

    #[test]
    fn a_size_marks_the_start_of_a_fetch_in_any_language() {
        let holen = Item::parse("Holen:1 http://a.example labsuite InRelease [1756 B]").unwrap();
        assert_eq!((holen.word, holen.english), (Word::Get, false));
        let french =
            Item::parse("Réception de\u{a0}:1 http://a.example s/main amd64 lab-a all 1.0 [3\u{a0}002\u{a0}ko]");
        assert_eq!(french.unwrap().word, Word::Get);
        assert_eq!(Item::parse("命中:1 http://a.example labsuite InRelease").unwrap().word, Word::Foreign);
        assert_eq!(Item::parse("E: Failed to fetch http://a.example/x  404"), None);
        assert_eq!(Item::parse("at main.c:12 nothing"), None);
    }
}

//! A requirements file and those that it includes, every fault collected.

use std::path::{Component, Path, PathBuf};

use super::fault::{Fault, Problem};
use super::lines::{Line, logical_lines};
use super::options::{Flag, Options};
use super::{Entry, GlobalOption, Place, Requirements, World, decode, options, requirement, words};

/// How deep files may include each other: far more than anyone writes, and far less than a stack holds.
const DEEPEST: usize = 100;

/// Reads `path` and every file that it includes. Faults do not end it: they are in the result.
pub fn read(path: &Path, world: &dyn World) -> Requirements {
    let mut reading = Reading { world, found: Requirements::default() };
    let origin = Place { file: path.to_owned(), line: 0 };
    reading.file(path.to_owned(), false, &mut Vec::new(), origin);
    reading.found
}

struct Reading<'a> {
    world: &'a dyn World,
    found: Requirements,
}

impl Reading<'_> {
    /// Reads one file, which the line at `origin` includes; `open` are the files that are being read, outermost first.
    fn file(&mut self, path: PathBuf, constraint: bool, open: &mut Vec<PathBuf>, origin: Place) {
        let fault = if open.contains(&path) {
            let circle = open.iter().skip_while(|file| **file != path).chain([&path]);
            Fault::Cycle(circle.map(|file| shown(file)).collect())
        } else if open.len() >= DEEPEST {
            Fault::Deep(DEEPEST)
        } else {
            match self.world.read(&path) {
                Err(reason) => Fault::Unreadable { path: shown(&path), reason },
                Ok(bytes) => {
                    self.found.files.push(path.clone());
                    open.push(path.clone());
                    self.content(&path, &bytes, constraint, open);
                    open.pop();
                    return;
                }
            }
        };
        self.found.errors.push(Problem { place: origin, fault });
    }

    fn content(&mut self, path: &Path, bytes: &[u8], constraint: bool, open: &mut Vec<PathBuf>) {
        let content = match decode::decode(bytes) {
            Ok(content) => content,
            Err(reason) => {
                let place = Place { file: path.to_owned(), line: 0 };
                return self.found.errors.push(Problem { place, fault: Fault::Encoding(reason) });
            }
        };
        for line in logical_lines(&content, &|name| self.world.variable(name)) {
            let place = Place { file: path.to_owned(), line: line.number };
            if let Err(fault) = self.line(&line, constraint, &place, open) {
                self.found.errors.push(Problem { place, fault });
            }
        }
    }

    fn line(&mut self, line: &Line, constraint: bool, place: &Place, open: &mut Vec<PathBuf>) -> Result<(), Fault> {
        let (body, given) = divided(line, &line.text)?;
        // The same options with their variables not filled in, for records: a variable that holds blanks or quotes may
        // divide the line otherwise, then the whole line stands for each.
        let (written_body, written) = match divided(line, &line.written) {
            Ok((body, written)) if written.given.len() == given.given.len() => (body, written),
            _ => (line.written.as_str(), given.clone()),
        };
        for word in &written.stray {
            self.odd(place, format!("pip passes over `{word}` after an option"));
        }
        if !body.is_empty() || given.first(Flag::Editable).is_some() {
            return self.entry(body, written_body, &given, &written, constraint, place);
        }
        if let Some(nested) = given.first(Flag::Requirement).or_else(|| given.first(Flag::Constraint)) {
            let is_constraint = given.first(Flag::Requirement).is_none();
            let included = given.values(Flag::Requirement).chain(given.values(Flag::Constraint)).count();
            if included > 1 {
                self.odd(place, "pip includes only one file a line: the others are passed over".to_owned());
            }
            let path = beside(&place.file, nested).ok_or_else(|| Fault::Remote(line.written.clone()))?;
            self.file(path, is_constraint, open, place.clone());
            return Ok(());
        }
        self.options(given, written, place);
        Ok(())
    }

    fn entry(
        &mut self,
        body: &str,
        written_body: &str,
        given: &Options,
        written: &Options,
        constraint: bool,
        place: &Place,
    ) -> Result<(), Fault> {
        let edited = given.first(Flag::Editable);
        let text = if body.is_empty() { edited.unwrap_or_default() } else { body };
        let shown = if body.is_empty() { written.first(Flag::Editable).unwrap_or(text) } else { written_body };
        if edited.is_some() && constraint {
            let reason = "a constraints file cannot hold one".to_owned();
            return Err(Fault::Editable { line: shown.to_owned(), reason });
        }
        let parse = if edited.is_some() { requirement::parse_editable } else { requirement::parse };
        let (requirement, oddities) = parse(text, shown, self.world)?;
        for oddity in oddities {
            self.odd(place, oddity);
        }
        let written_location = match text == shown {
            true => requirement.source.location().map(str::to_owned),
            false => parse(shown, shown, self.world)
                .ok()
                .and_then(|(unfilled, _)| unfilled.source.location().map(str::to_owned)),
        };
        let kept = |flag| matches!(flag, Flag::Hash | Flag::ConfigSettings | Flag::GlobalOption | Flag::Editable);
        for (flag, _) in given.given.iter().filter(|(flag, _)| !kept(*flag)) {
            self.odd(place, format!("pip passes over `{}` on the line of a requirement", flag.name()));
        }
        if given.first(Flag::GlobalOption).is_some() {
            self.odd(place, "pip 25 and later refuse `--global-option`".to_owned());
        }
        self.found.entries.push(Entry {
            place: place.clone(),
            written: shown.to_owned(),
            requirement,
            written_location,
            editable: edited.is_some(),
            constraint,
            hashes: given.values(Flag::Hash).map(str::to_owned).collect(),
            config_settings: given.values(Flag::ConfigSettings).map(str::to_owned).collect(),
        });
        Ok(())
    }

    fn options(&mut self, given: Options, written: Options, place: &Place) {
        for ((flag, value), (_, written)) in given.given.into_iter().zip(written.given) {
            match flag {
                Flag::Hash => self.odd(place, "`--hash` stands without a requirement: pip passes over it".to_owned()),
                Flag::ConfigSettings | Flag::GlobalOption => {
                    self.odd(place, format!("`{}` stands without a requirement: pip passes over it", flag.name()));
                }
                _ => self.found.options.push(GlobalOption { place: place.clone(), flag, value, written }),
            }
        }
    }

    fn odd(&mut self, place: &Place, what: String) {
        self.found.warnings.push(Problem { place: place.clone(), fault: Fault::Odd(what) });
    }
}

/// The requirement of a line and its options: these begin at the first word that opens with a hyphen.
fn divided<'a>(line: &Line, text: &'a str) -> Result<(&'a str, Options), Fault> {
    let at = if text.starts_with('-') { Some(0) } else { text.find(" -").map(|at| at + 1) };
    let (body, rest) = text.split_at(at.unwrap_or(text.len()));
    let wrong = |reason: String| Fault::Option { line: line.written.clone(), reason };
    let words = words::words(rest).map_err(|reason| wrong(reason.to_owned()))?;
    Ok((body.trim_matches(' '), options::parse(words).map_err(wrong)?))
}

/// The path of a file that `file` includes as `nested`: taken from the directory of the one that includes it. `None`
/// where it lies on a server.
fn beside(file: &Path, nested: &str) -> Option<PathBuf> {
    let scheme = nested.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => None,
        Some("file") => {
            let path = nested[5..].strip_prefix("//localhost").or_else(|| nested[5..].strip_prefix("//"));
            Some(PathBuf::from(path.unwrap_or(&nested[5..])))
        }
        _ => Some(plain(&file.parent().unwrap_or(Path::new("")).join(nested))),
    }
}

/// `path` without `.` and `..`, as `os.path.normpath` has it, so that a file is known again.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if plain.components().next_back().is_some_and(|last| matches!(last, Component::Normal(_))) =>
            {
                plain.pop();
            }
            Component::ParentDir if plain.has_root() => {}
            other => plain.push(other),
        }
    }
    plain
}

fn shown(path: &Path) -> String {
    crate::event::text(path.as_os_str().as_encoded_bytes())
}

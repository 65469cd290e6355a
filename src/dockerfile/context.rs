//! What a step's layer is made of, as far as a Dockerfile tells: its text up to the end of the step, and what that takes
//! from the build's context.
//!
//! Refuses to expand anything: a source that a builder would expand may be anything in the context, and stands for all
//! of it.

use std::ops::Range;

use parse_dockerfile::{Flag, Instruction, Source};

use super::instructions::instructions;
use super::{heredoc, inject};

/// A `RUN` instruction with what comes before it.
#[derive(Debug, PartialEq, Eq)]
pub struct Above {
    /// The line on which the instruction begins, from 1.
    pub line: usize,
    /// Where it ends in the text, here documents included.
    pub end: usize,
    /// What it and the instructions above, of all stages, take from the context: paths without a slash at either end, in
    /// which there may be wildcards; the empty one is the context itself.
    pub sources: Vec<String>,
}

/// Each `RUN` of the Dockerfile `text` of which that can be told. What an instruction takes from a stage that stands below
/// it stands there as well, so that nothing is told from there on.
pub fn above(text: &str) -> Vec<Above> {
    let Ok((escape, _)) = inject::directives(text) else { return Vec::new() };
    let documents = heredoc::find(text, escape);
    let covered = heredoc::cover(text, &documents);
    let Ok(parsed) = parse_dockerfile::parse(&covered) else { return Vec::new() };
    let stages: Vec<String> = parsed.instructions.iter().filter_map(stage).collect();
    let begins: Vec<usize> = instructions(text).into_iter().map(|(line, _)| line).collect();
    let markers = documents.into_iter().map(|document| document.marker).collect();
    let mut taken = Taken { stages: &stages, begun: 0, markers, sources: Vec::new() };
    let mut found = Vec::new();
    for instruction in &parsed.instructions {
        if taken.take(instruction).is_none() {
            break;
        }
        if let Instruction::Run(run) = instruction {
            let line = 1 + text.bytes().take(run.run.span.start).filter(|byte| *byte == b'\n').count();
            let next = begins.iter().find(|next| **next > line);
            let end = next.map_or(text.len(), |next| text.split_inclusive('\n').take(next - 1).map(str::len).sum());
            found.push(Above { line, end, sources: taken.sources.clone() });
        }
    }
    found
}

/// The name of a stage, in lower case; empty if it has none.
fn stage(instruction: &Instruction<'_>) -> Option<String> {
    let Instruction::From(from) = instruction else { return None };
    Some(from.as_.as_ref().map_or_else(String::new, |(_, name)| name.value.to_lowercase()))
}

/// What was taken from the context up to an instruction.
struct Taken<'a> {
    stages: &'a [String],
    /// How many stages have begun.
    begun: usize,
    /// Sources that stand in the Dockerfile.
    markers: Vec<Range<usize>>,
    sources: Vec<String>,
}

impl Taken<'_> {
    /// Takes an instruction; nothing if it depends on what stands below it.
    fn take(&mut self, instruction: &Instruction<'_>) -> Option<()> {
        match instruction {
            Instruction::From(_) => self.begun += 1,
            Instruction::Copy(copy) => self.take_all(&copy.options, &copy.src)?,
            Instruction::Add(add) => self.take_all(&add.options, &add.src)?,
            Instruction::Run(run) => {
                for mount in run.options.iter().filter(|flag| flag.name.value == "mount") {
                    self.mount(mount.value.as_ref().map_or("", |value| value.value.as_ref()))?;
                }
            }
            // A later stage may begin with this one.
            Instruction::Onbuild(onbuild) => self.take(&onbuild.instruction)?,
            _ => {}
        }
        Some(())
    }

    fn take_all(&mut self, options: &[Flag<'_>], sources: &[Source<'_>]) -> Option<()> {
        if let Some(from) = options.iter().find(|flag| flag.name.value == "from") {
            return self.is_above(from.value.as_ref().map_or("", |value| value.value.as_ref())).then_some(());
        }
        for source in sources {
            if let Source::Path(path) = source
                && !self.markers.iter().any(|marker| marker.start <= path.span.start && path.span.end <= marker.end)
                && !is_remote(&path.value)
            {
                self.source(&path.value);
            }
        }
        Some(())
    }

    /// A mount binds files of the context, unless it says otherwise.
    fn mount(&mut self, value: &str) -> Option<()> {
        let field = |names: &[&str]| {
            let mut fields = value.split(',').filter_map(|field| field.split_once('='));
            fields.find_map(|(name, value)| names.contains(&name.to_ascii_lowercase().as_str()).then_some(value))
        };
        if value.contains(['"', '$']) {
            self.source("$");
        }
        match field(&["from"]) {
            Some(from) => return self.is_above(from).then_some(()),
            None if field(&["type"]).is_none_or(|kind| kind.eq_ignore_ascii_case("bind")) => {
                self.source(field(&["source", "src"]).unwrap_or_default());
            }
            None => {}
        }
        Some(())
    }

    /// Whether what `from` names is no stage that begins later.
    fn is_above(&self, from: &str) -> bool {
        let later = &self.stages[self.begun.min(self.stages.len())..];
        let is_later = from.parse().is_ok_and(|number: usize| number >= self.begun && number < self.stages.len());
        !from.contains('$') && !is_later && !later.contains(&from.to_lowercase())
    }

    fn source(&mut self, path: &str) {
        let mut parts = Vec::new();
        if !path.contains(['$', '"', '\'', '\\', '`']) {
            for part in path.split('/') {
                match part {
                    "" | "." => {}
                    ".." => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
        }
        let source = parts.join("/");
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }
}

/// What `ADD` fetches.
fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn a_step_depends_on_what_stands_above_it() {
        let text = "FROM a AS one\nCOPY --chown=1:1 ./r*.txt sub/../x/ /\nRUN one\n# c\nCOPY <<E [\"b c\", \"/\"] /\nb\nE\n\
                    ADD https://x.invalid/y git@x.invalid:y z.tar /\nRUN <<E\n two\nE\n\nFROM one\nCOPY --from=one /q /\n\
                    RUN --mount=type=cache,target=/c --mount=source=m,target=/m three\n\
                    RUN --mount=type=bind,target=/m --mount=type=bind,from=one,target=/o four\nCOPY late /\n";
        let found = above(text);
        let told: Vec<_> = found.iter().map(|step| (step.line, step.sources.join(" "))).collect();
        let expected = [(3, "r*.txt x"), (9, "r*.txt x  z.tar"), (15, "r*.txt x  z.tar m"), (16, "r*.txt x  z.tar m")];
        assert_eq!(told, expected.map(|(line, sources)| (line, sources.to_owned())));
        let ends: Vec<_> = found.iter().map(|step| text[..step.end].trim_end().lines().last().unwrap()).collect();
        assert_eq!(ends[..2], ["# c", "E"]);
        assert!(ends[3].ends_with("four"), "{ends:?}");
    }

    #[test]
    fn what_a_builder_would_expand_may_be_all_of_the_context() {
        for line in ["COPY $X /", "COPY a\\b /", "ONBUILD ADD . /", "COPY ../.. /", "RUN --mount=type=bind,target=/x a"]
        {
            let found = above(&format!("FROM a\n{line}\nRUN x\n"));
            assert_eq!(found.last().unwrap().sources, [""], "{line}");
        }
    }

    #[test]
    fn what_comes_from_a_stage_below_is_not_told() {
        for from in ["Late", "1", "$X"] {
            let found = above(&format!("FROM a\nRUN x\nCOPY --from={from} /a /\nRUN y\nFROM b AS late\nRUN z\n"));
            assert_eq!(found.iter().map(|step| step.line).collect::<Vec<_>>(), [2], "{from}");
        }
        assert_eq!(above("FROM a AS x\nCOPY --from=python:3 a /\nRUN a\nFROM b\nCOPY --from=0 a /\nRUN b\n").len(), 2);
        assert_eq!(above("no Dockerfile\n"), []);
    }
}

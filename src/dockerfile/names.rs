//! The names that the user's own Dockerfile gives to wrapped steps, wherever a builder shows them.
//!
//! A builder shows an instruction in the name of its step, a command in the reason for which it failed, and lines of the
//! Dockerfile around the one that failed. Refuses to touch anything else: what a step printed is its own.

use std::borrow::Cow;

use super::words;
use super::wrapping::{Injected, Wrapped};

/// Translates what a builder shows back.
#[derive(Clone, Debug)]
pub struct Names {
    /// One for each Dockerfile.
    files: Vec<File>,
    /// The words before a command, as a builder joins them.
    wrapper: String,
}

#[derive(Clone, Debug)]
struct File {
    /// What is built of it, where there are several builds: builders put it before the stage.
    target: Option<String>,
    steps: Vec<Wrapped>,
    /// Each line as it was, and as it is now.
    lines: Vec<(String, String)>,
    names_stage: bool,
    escape: char,
}

impl Names {
    /// For the text `original`, of which `injected` was made with the words `wrapper`.
    pub fn new(original: &str, injected: &Injected, wrapper: &[&str]) -> Names {
        let head: String = original.lines().take_while(|line| line.trim_start().starts_with('#')).collect();
        let head: String = head.to_ascii_lowercase().split_whitespace().collect();
        let lines = original.lines().zip(injected.text.lines());
        let file = File {
            target: None,
            steps: injected.wrapped.clone(),
            lines: lines.map(|(original, line)| (original.to_owned(), line.to_owned())).collect(),
            names_stage: injected.names_stage,
            escape: if head.contains("escape=`") { '`' } else { '\\' },
        };
        Names { files: vec![file], wrapper: wrapper.iter().map(|word| format!("{word} ")).collect() }
    }

    /// Adds those of the Dockerfile of which `target` is built, one among several.
    pub fn add(&mut self, target: &str, other: Names) {
        self.files.extend(other.files.into_iter().map(|file| File { target: Some(target.to_owned()), ..file }));
    }

    /// For several builds, wrapped with the words `wrapper`, that are to be [added](Names::add).
    pub fn of_several(wrapper: &[&str]) -> Names {
        Names { files: Vec::new(), wrapper: wrapper.iter().map(|word| format!("{word} ")).collect() }
    }

    /// The files that what is in brackets may be of.
    fn files<'a>(&'a self, head: &str) -> impl Iterator<Item = &'a File> {
        let first = head.trim_start_matches('[').split(' ').next().map(str::to_owned);
        let is_named = first.is_some() && self.files.iter().any(|file| file.target == first);
        self.files.iter().filter(move |file| !is_named || file.target == first)
    }

    /// The name of a vertex (`[2/3] RUN ...`).
    pub fn vertex<'a>(&self, shown: &'a str) -> Cow<'a, str> {
        let Some((head, instruction)) = shown.split_once("] ").filter(|_| shown.starts_with('[')) else {
            return self.warning(shown);
        };
        let original = self.instruction(head, instruction);
        let names_stage = self.files(head).next().is_some_and(|file| file.names_stage);
        let head = match names_stage && head.contains("stage-0 ") {
            true => Cow::Owned(head.replacen("stage-0 ", "", 1)),
            false => Cow::Borrowed(head),
        };
        match (&head, original) {
            (Cow::Borrowed(_), None) => Cow::Borrowed(shown),
            (_, original) => Cow::Owned(format!("{head}] {}", original.as_deref().unwrap_or(instruction))),
        }
    }

    /// What a builder warns of in an instruction (`Empty continuation line found in: RUN ...`).
    fn warning<'a>(&self, shown: &'a str) -> Cow<'a, str> {
        let quoted = shown.find(" found in: ").map(|at| at + " found in: ".len());
        match quoted.and_then(|at| Some((at, self.instruction("", &shown[at..])?))) {
            Some((at, original)) => Cow::Owned(format!("{}{original}", &shown[..at])),
            None => Cow::Borrowed(shown),
        }
    }

    /// The instruction that is shown as `shown`; `None` if none of the wrapped ones is.
    fn instruction(&self, head: &str, shown: &str) -> Option<String> {
        let arguments = shown.strip_prefix("RUN ")?;
        let by_variables = |file: &File| {
            file.steps.iter().find_map(|step| {
                let rewritten = step.rewritten.split_once(char::is_whitespace)?.1.trim();
                let original = step.original.split_once(char::is_whitespace)?.1.trim();
                let values = words::learn(rewritten, arguments, file.escape)?;
                Some(format!("RUN {}", words::show(original, &values, file.escape)))
            })
        };
        self.files(head).find_map(by_variables).or_else(|| self.by_structure(arguments))
    }

    /// What can be told without knowing the step: the words in the list that follows our wrapper.
    fn by_structure(&self, shown: &str) -> Option<String> {
        let at = shown.find("[\"").filter(|_| shown.starts_with("--mount="))?;
        let words: Vec<String> = serde_json::from_str(&shown[at..]).ok()?;
        let command = words.join(" ");
        let command = command.strip_prefix(&self.wrapper)?;
        let flags: Vec<&str> = shown[..at].split_whitespace().skip(1).collect();
        Some(["RUN"].into_iter().chain(flags).chain([command]).collect::<Vec<_>>().join(" "))
    }

    /// A text of the builder's own, such as the reason for which a step failed.
    pub fn reason<'a>(&self, shown: &'a str) -> Cow<'a, str> {
        match shown.contains(&self.wrapper) {
            true => Cow::Owned(shown.replace(&self.wrapper, "")),
            false => Cow::Borrowed(shown),
        }
    }

    /// The line, counted from 0, of the file that now has this text there.
    fn original(&self, line: usize, text: &str) -> Option<&str> {
        let mut lines = self.files.iter().filter_map(|file| file.lines.get(line));
        let found = match self.files.len() {
            1 => lines.next(),
            _ => lines.find(|(_, now)| now == text),
        };
        found.map(|(original, _)| original.as_str())
    }

    /// A line that a builder prints after the last step: the name of the one that failed (` > [2/3] RUN ...:`), lines of
    /// the Dockerfile (`   3 | >>> RUN ...`), the reason.
    pub fn epilogue<'a>(&self, shown: &'a str) -> Cow<'a, str> {
        if let Some(name) = shown.strip_prefix(" > ").and_then(|rest| rest.strip_suffix(':')) {
            return Cow::Owned(format!(" > {}:", self.vertex(name)));
        }
        if let Some((number, text)) = shown.split_once(" | ")
            && let Ok(line) = number.trim().parse::<usize>()
            && let Some((mark, text)) = text.split_at_checked(4)
            && let Some(original) = line.checked_sub(1).and_then(|line| self.original(line, text))
        {
            return Cow::Owned(format!("{number} | {mark}{original}"));
        }
        if let warned @ Cow::Owned(_) = self.warning(shown) {
            return warned;
        }
        self.reason(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::{Injection, inject};

    const WRAPPER: [&str; 3] = ["/w", "step", "--"];

    fn names(original: &str) -> (Names, Injected) {
        let injected = inject(
            original,
            &Injection {
                mount: "type=bind,from=w",
                wrapper: &WRAPPER,
                here_documents: true,
                argument: &|_| None,
                shell: &|_| Ok(vec!["/bin/sh".into(), "-c".into()]),
            },
        )
        .unwrap();
        (Names::new(original, &injected, &WRAPPER), injected)
    }

    #[test]
    fn names_are_those_of_the_original() {
        let original = "FROM x\nrun a && \\\n  # why\n  b\nRUN <<E\none\ntwo\nE\nRUN --mount=type=cache,target=/c c\n";
        let (names, injected) = names(original);
        assert!(!injected.names_stage);
        let mut names = names;
        names.files[0].names_stage = true;
        let original = ["RUN a &&   b", "RUN <<E (one...)", "RUN --mount=type=cache,target=/c c"];
        for (step, original) in injected.wrapped.iter().zip(original) {
            let shown = format!("[stage-0 2/4] RUN {}", &step.rewritten[4..]);
            assert_eq!(names.vertex(&shown), format!("[2/4] {original}"));
        }
        assert_eq!(names.vertex("[stage-0 1/4] FROM x"), "[1/4] FROM x");
        assert_eq!(names.vertex("[internal] load metadata for x"), "[internal] load metadata for x");
        let unknown =
            "[2/4] RUN --mount=type=bind,from=w --network=none [\"/w\",\"step\",\"--\",\"/bin/sh\",\"-c\",\"other\"]";
        assert_eq!(names.vertex(unknown), "[2/4] RUN --network=none /bin/sh -c other");
    }

    #[test]
    fn each_of_several_builds_has_names_of_its_own() {
        let mut several = Names::of_several(&WRAPPER);
        let (api, injected) = names("FROM x AS b\n\nRUN a\n");
        let (other, other_injected) = names("FROM x\nRUN \\\n  a\n");
        several.add("api", api);
        several.add("other", Names { files: vec![File { names_stage: true, ..other.files[0].clone() }], ..other });
        let run = |injected: &Injected| injected.wrapped[0].rewritten.clone();
        assert_eq!(several.vertex(&format!("[api b 2/2] {}", run(&injected))), "[api b 2/2] RUN a");
        let shown = format!("[other stage-0 2/2] {}", run(&other_injected));
        assert_eq!(several.vertex(&shown), "[other 2/2] RUN a");
        assert_eq!(several.vertex("[other stage-0 1/2] FROM x"), "[other 1/2] FROM x");
        assert_eq!(several.vertex("[other] exporting to image"), "[other] exporting to image");
        for (injected, original) in [(injected, "RUN a"), (other_injected, "  a")] {
            let now = injected.text.lines().nth(2).unwrap();
            assert_eq!(several.epilogue(&format!("   3 | >>> {now}")), format!("   3 | >>> {original}"));
        }
    }

    #[test]
    fn stages_that_have_names_keep_them() {
        for text in ["FROM x\nCOPY --from=y /a /b\nRUN a\n", "FROM x\nRUN a\nFROM y\nRUN b\n", "FROM x AS y\nRUN a\n"] {
            assert!(!names(text).1.names_stage, "{text}");
        }
        assert!(names("FROM x\nRUN echo --from=x\nCOPY a b\n").1.names_stage);
        assert!(!names("FROM x\nRUN --mount=type=tmpfs,target=/t a\n").1.names_stage);
    }

    #[test]
    fn the_epilogue_is_that_of_the_original() {
        let (names, injected) = names("FROM x\nRUN a \\\n  b\nCOPY c d\n");
        let lines: Vec<&str> = injected.text.lines().collect();
        let shown = format!(" > [stage-0 2/3] {}:", injected.wrapped[0].rewritten);
        assert_eq!(names.epilogue(&shown), " > [2/3] RUN a   b:");
        assert_eq!(names.epilogue(&format!("   2 | >>> {}", lines[1])), "   2 | >>> RUN a \\");
        assert_eq!(names.epilogue(&format!("   3 | >>> {}", lines[2])), "   3 | >>>   b");
        let warned = format!("WARN: Empty continuation line found in: {}", injected.wrapped[0].rewritten);
        assert_eq!(names.vertex(&warned), "WARN: Empty continuation line found in: RUN a   b");
        assert_eq!(names.epilogue("   4 |     COPY c d"), "   4 |     COPY c d");
        assert_eq!(
            names.epilogue("ERROR: process \"/w step -- /bin/sh -c a   b\" did not complete"),
            "ERROR: process \"/bin/sh -c a   b\" did not complete"
        );
    }
}

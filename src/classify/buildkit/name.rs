//! What a vertex is called: `[linux/arm64 builder 3/12] RUN pip install six`.

/// The name of a vertex, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The platform, where a build is for several.
    pub platform: Option<String>,
    /// The stage, lower case, where the log names one; where it is of several builds (compose, bake), what is built comes
    /// before it: `api builder`, or `api` alone for a nameless stage.
    pub stage: Option<String>,
    /// The step's number in its stage; `None` for what is not a step: internal work, exports.
    pub index: Option<u32>,
    /// How many steps its stage has.
    pub total: Option<u32>,
    /// The instruction as printed; the whole name of what is not a step.
    pub instruction: String,
}

impl Name {
    /// Takes a name apart (BuildKit's `frontend/dockerfile/dockerfile2llb`, `prefixCommand`): platform and stage are
    /// optional, the number is padded to the width of the total.
    pub fn parse(name: &str) -> Name {
        let whole = || Name { instruction: name.to_owned(), ..Name::default() };
        let Some((head, instruction)) = name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
            return whole();
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        let Some((last, before)) = words.split_last() else { return whole() };
        let Some((index, total)) = last.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)))
        else {
            return whole();
        };
        // No name of a stage, a service or a target has a slash, and every platform has one.
        let (platforms, stage): (Vec<&str>, Vec<&str>) = before.iter().partition(|word| word.contains('/'));
        if platforms.len() > 1 || stage.len() > 2 {
            return whole();
        }
        Name {
            platform: platforms.first().map(|platform| (*platform).to_owned()),
            stage: (!stage.is_empty()).then(|| stage.join(" ")),
            index: Some(index),
            total: Some(total),
            instruction: instruction.to_owned(),
        }
    }

    /// Whether the step counts for the share of cached steps: a numbered one that is no `FROM`, whose `CACHED` says
    /// nothing of reuse.
    pub fn counts(&self) -> bool {
        self.index.is_some() && !self.has_keyword("FROM")
    }

    /// Whether the step runs a command.
    pub fn is_run(&self) -> bool {
        self.index.is_some() && self.has_keyword("RUN")
    }

    /// Whether the step adds files, which may come from elsewhere than the context.
    pub fn is_add(&self) -> bool {
        self.index.is_some() && self.has_keyword("ADD")
    }

    /// BuildKit makes capitals of what stands before the first blank, a tab being none; the builder before it prints the
    /// word as it was typed.
    fn has_keyword(&self, keyword: &str) -> bool {
        self.instruction.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(keyword))
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn takes_names_apart() {
        let parts = |name| {
            let Name { platform, stage, index, total, instruction } = Name::parse(name);
            (platform.unwrap_or_default(), stage.unwrap_or_default(), index, total, instruction)
        };
        let expected = |platform: &str, stage: &str, index, total, instruction: &str| {
            (platform.to_owned(), stage.to_owned(), index, total, instruction.to_owned())
        };
        assert_eq!(parts("[1/4] RUN a"), expected("", "", Some(1), Some(4), "RUN a"));
        assert_eq!(parts("[many  2/12] RUN [x] y"), expected("", "many", Some(2), Some(12), "RUN [x] y"));
        assert_eq!(parts("[linux/arm64 b 3/5] RUN a"), expected("linux/arm64", "b", Some(3), Some(5), "RUN a"));
        assert_eq!(parts("[linux/arm64 3/5] RUN a"), expected("linux/arm64", "", Some(3), Some(5), "RUN a"));
        assert_eq!(parts("[api b 3/5] RUN a"), expected("", "api b", Some(3), Some(5), "RUN a"));
        assert_eq!(parts("[api linux/arm64 b 3/5] RUN a"), expected("linux/arm64", "api b", Some(3), Some(5), "RUN a"));
        for run in ["[1/4] RUN a", "[1/4] RUN\ta", "[1/4] run\ta", "[1/4] run a"] {
            let name = Name::parse(run);
            assert!(name.is_run() && name.counts() && !name.is_add(), "{run:?}");
        }
        assert!(Name::parse("[1/4] add\tx /y").is_add());
        for other in ["RUN a", "[internal] RUN a", "[1/4] RUNX a", "[1/4] COPY RUN /x", "[1/4] FROM run"] {
            assert!(!Name::parse(other).is_run(), "{other:?}");
        }
        for other in ["[internal] load .dockerignore", "exporting to image", "[auth] x/y:pull token", "[", ""] {
            assert_eq!(parts(other), expected("", "", None, None, other));
        }
    }
}

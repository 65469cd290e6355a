//! On which line of a Dockerfile an instruction stands that a builder names.
//!
//! Refuses to guess: an instruction that stands there twice, where the builder's stage does not tell them apart, is on no
//! line.

use super::instructions;

/// The instructions of a Dockerfile, each with its line and stage.
#[derive(Clone, Debug, Default)]
pub struct Places {
    instructions: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    line: usize,
    /// As [`same`] has it.
    text: String,
    /// As BuildKit calls it.
    stage: String,
    /// What is built of it, in lower case, where there are several builds.
    target: Option<String>,
}

impl Places {
    /// Of this text.
    pub fn of(dockerfile: &str) -> Self {
        let (mut stage, mut stages) = (String::new(), 0);
        let place = |(line, text): (usize, String)| {
            let text = same(&text);
            if let Some(from) = text.strip_prefix("from ") {
                let name = from.split(' ').skip_while(|word| *word != "as").nth(1);
                stage = name.map_or_else(|| format!("stage-{stages}"), str::to_owned);
                stages += 1;
            }
            Place { line, text, stage: stage.clone(), target: None }
        };
        Places { instructions: instructions(dockerfile).into_iter().map(place).collect() }
    }

    /// Adds those of the Dockerfile of which `target` is built, one among several.
    pub fn add(&mut self, target: &str, other: Places) {
        let target = Some(target.to_ascii_lowercase());
        let theirs = other.instructions.into_iter().map(|place| Place { target: target.clone(), ..place });
        self.instructions.extend(theirs);
    }

    /// The line, from 1, on which the instruction of this stage begins. A builder shows variables replaced, so that the
    /// beginning up to the first of them has to do where there is no such text.
    pub fn line(&self, stage: Option<&str>, instruction: &str) -> Option<usize> {
        let (named, wanted) = (stage.unwrap_or_default().to_ascii_lowercase(), same(instruction));
        let (first, rest) = named.split_once(' ').unwrap_or((&named, ""));
        let is_target = self.instructions.iter().any(|place| place.target.as_deref() == Some(first));
        let (target, stage) = if is_target { (Some(first), rest) } else { (None, named.as_str()) };
        let of_target =
            || self.instructions.iter().filter(|place| target.is_none() || place.target.as_deref() == target);
        // What stands before the first stage is in none, and a builder may name none.
        let knows_stage = !stage.is_empty() && of_target().any(|place| place.stage == stage);
        let of_stage = || of_target().filter(|place| !knows_stage || place.stage == stage);
        let begins = |place: &&Place| {
            let beginning = place.text.split(['$', '"', '\'']).next().unwrap_or_default();
            beginning.len() > "run pip ".len() && wanted.starts_with(beginning)
        };
        let exact: Vec<_> = of_stage().filter(|place| place.text == wanted).collect();
        let found = if exact.is_empty() { of_stage().filter(begins).collect() } else { exact };
        match found[..] {
            [place] => Some(place.line),
            _ => None,
        }
    }

    /// Whether the instruction may stand there, as far as its beginning tells, and is none that a base image brings.
    pub fn has(&self, instruction: &str) -> bool {
        let wanted = same(instruction);
        let begins = |place: &Place| {
            let beginning = place.text.split(['$', '"', '\'', '\\']).next().unwrap_or_default();
            !beginning.is_empty() && wanted.starts_with(beginning)
        };
        self.instructions.iter().any(begins)
    }
}

/// A text by which instructions are compared: case and the breaks of lines aside.
fn same(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn an_instruction_is_found_in_the_file_of_what_is_built() {
        let mut places = Places::default();
        places.add("Api", Places::of("FROM a AS base\nRUN true\nFROM base\nRUN false\n"));
        places.add("other", Places::of("FROM a\n\nRUN true\n"));
        let line = |stage, text| places.line(Some(stage), text);
        assert_eq!((line("api base", "RUN true"), line("other", "RUN true")), (Some(2), Some(3)));
        assert_eq!((line("other stage-0", "RUN true"), line("api stage-1", "RUN true")), (Some(3), None));
        assert_eq!((line("base", "RUN true"), places.line(None, "RUN true")), (Some(2), None));
    }

    #[test]
    fn what_a_base_image_brings_stands_nowhere() {
        let places =
            Places::of("FROM a\nCOPY a  b\nONBUILD COPY c d\nADD $X /\nCOPY [\"e\", \"f\"]\nCOPY <<E /x\ny\nE\n");
        for (instruction, stands) in [
            ("COPY a b", true),
            ("COPY c d", false),
            ("ADD x /", true),
            ("COPY [e, f]", true),
            ("COPY <<E /x", true),
            ("COPY z /", false),
        ] {
            assert_eq!(places.has(instruction), stands, "{instruction}");
        }
    }

    #[test]
    fn an_instruction_is_found_by_its_text_and_stage() {
        let places = Places::of(
            "FROM a AS Build\nRUN apt-get update \\\n && apt-get install x\nRUN pip install y\n\nFROM b\nRUN pip install y\nRUN pip install y\n\
             RUN pip download \"$Z\" w\nFROM c AS last\nRUN true\n",
        );
        let line = |stage, text| places.line(stage, text);
        assert_eq!(line(Some("build"), "RUN apt-get update  && apt-get install x"), Some(2));
        assert_eq!(line(None, "RUN apt-get update && apt-get install x"), Some(2));
        assert_eq!(line(Some("build"), "RUN pip install y"), Some(4));
        assert_eq!(line(Some("stage-1"), "RUN pip install y"), None, "it stands there twice");
        assert_eq!(line(None, "RUN pip install y"), None);
        assert_eq!(line(Some("stage-1"), "RUN pip download \"1.0\" w"), Some(9));
        assert_eq!((line(Some("last"), "RUN true"), line(Some("build"), "RUN true")), (Some(11), None));
        assert_eq!(line(Some("an unknown stage"), "RUN true"), Some(11));
        let nameless = Places::of("ARG BASE\nFROM $BASE\nRUN true\n");
        assert_eq!(nameless.line(None, "RUN true"), Some(3));
    }
}

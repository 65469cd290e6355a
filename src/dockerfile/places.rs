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
            Place { line, text, stage: stage.clone() }
        };
        Places { instructions: instructions(dockerfile).into_iter().map(place).collect() }
    }

    /// The line, from 1, on which the instruction of this stage begins. A builder shows variables replaced, so that the
    /// beginning up to the first of them has to do where there is no such text.
    pub fn line(&self, stage: Option<&str>, instruction: &str) -> Option<usize> {
        let (stage, wanted) = (stage.map(str::to_ascii_lowercase), same(instruction));
        let is_known = |name: &String| self.instructions.iter().any(|place| place.stage == *name);
        let stage = stage.filter(is_known);
        let of_stage =
            || self.instructions.iter().filter(|place| stage.as_ref().is_none_or(|stage| place.stage == *stage));
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
}

/// A text by which instructions are compared: case and the breaks of lines aside.
fn same(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Places;

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
    }
}

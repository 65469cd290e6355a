//! What a vertex does while it runs: `transferring context: 219.84kB 0.1s done`.

/// One of the things that a vertex does.
#[derive(Debug, PartialEq)]
pub(super) struct Status {
    /// What it is.
    pub(super) what: String,
    /// How much of it is done, as printed: `5.81kB / 12.3MB`.
    pub(super) amount: Option<String>,
    pub(super) began: f64,
    /// How long it took, once it is done.
    pub(super) took: Option<f64>,
}

impl Status {
    /// Takes a line apart that came at `at` (BuildKit's `util/progress/progressui/printer.go`): what, how much, the time
    /// unless it is next to nothing, and whether it is done.
    pub(super) fn parse(line: &str, at: f64) -> Status {
        let (rest, is_done) = match line.strip_suffix(" done") {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let timed = rest.rsplit_once(' ').and_then(|(rest, word)| Some((rest, seconds(word)?)));
        let (rest, seconds) = timed.unwrap_or((rest, 0.0));
        let words: Vec<&str> = rest.rsplitn(4, ' ').collect();
        let amount = match words.as_slice() {
            [total, "/", done, _] if is_size(total) && is_size(done) => total.len() + 3 + done.len(),
            [done, _, ..] if is_size(done) => done.len(),
            _ => 0,
        };
        let (what, amount) = rest.split_at(rest.len() - amount);
        Status {
            what: what.trim_end().to_owned(),
            amount: (!amount.is_empty()).then(|| amount.to_owned()),
            began: at - seconds,
            took: is_done.then_some(seconds),
        }
    }
}

/// `0.1s`.
fn seconds(word: &str) -> Option<f64> {
    let number = word.strip_suffix('s')?;
    number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| number.parse().ok())?
}

/// `34B`, `219.84kB`.
fn is_size(word: &str) -> bool {
    let number = word.strip_suffix('B').map(|word| word.trim_end_matches(['k', 'M', 'G', 'T', 'P']));
    number.is_some_and(|number| number.parse::<f64>().is_ok() && number.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn tells_what_from_how_much() {
        for (line, what, amount, began, took) in [
            ("transferring context: 219.84kB 0.2s done", "transferring context:", Some("219.84kB"), 9.8, Some(0.2)),
            ("sha256:00 5.81kB / 12.3MB 0.3s", "sha256:00", Some("5.81kB / 12.3MB"), 9.7, None),
            ("sha256:00 0B / 12.3MB", "sha256:00", Some("0B / 12.3MB"), 10.0, None),
            ("exporting layers done", "exporting layers", None, 10.0, Some(0.0)),
            ("exporting layers 1.5s done", "exporting layers", None, 8.5, Some(1.5)),
            ("exporting layers", "exporting layers", None, 10.0, None),
            ("naming to docker.io/library/x:2B done", "naming to docker.io/library/x:2B", None, 10.0, Some(0.0)),
            ("done", "done", None, 10.0, None),
        ] {
            let amount = amount.map(str::to_owned);
            let status = Status { what: what.to_owned(), amount, began, took };
            assert_eq!(Status::parse(line, 10.0), status, "{line}");
        }
    }
}

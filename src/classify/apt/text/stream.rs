//! The text of one or several runs of apt, line by line.

use super::super::lines::Lines;
use super::clean::clean;
use super::dpkg::{Dpkg, is_beginning};
use super::error::FetchError;
use super::figure::Figure;
use super::item::Item;
use super::outcome::{Outcome, Taken};
use super::plan::Heading;
use super::run::Run;
use crate::classify::Channel;
use crate::classify::apt::missing::Missing;
use crate::event::Evidence;

/// Follows the streams.
#[derive(Debug)]
pub(crate) struct Text {
    stdout: Lines,
    stderr: Lines,
    printed: Printed,
    errors: Errors,
    seen: Vec<Channel>,
}

/// What the text amounts to.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) taken: Vec<Taken>,
    /// All that dpkg unpacked, fetched or not.
    pub(crate) unpacked: Vec<Taken>,
    pub(crate) skipped: Vec<String>,
    pub(crate) installed: Vec<(String, String)>,
    pub(crate) failures: Vec<(String, String)>,
    /// What was asked for in vain.
    pub(crate) missing: Vec<String>,
    pub(crate) blind_spots: Vec<String>,
}

/// What standard error adds.
#[derive(Debug, Default)]
struct Errors {
    fetches: Vec<FetchError>,
    /// apt printed an error: it has come to its end.
    any: bool,
    unnamed: bool,
    within: bool,
    missing: Missing,
}

#[derive(Debug, Default)]
struct Printed {
    runs: Vec<Run>,
    run: Run,
    context: Option<Context>,
    /// Lines like those about files, after dpkg had started or the fetches were over.
    late: u64,
    /// A run that may have begun after another one's dpkg, until a line shows that it was one.
    tentative: Option<Run>,
    several: bool,
    /// Anything that apt prints unless it is told to be silent.
    spoke: bool,
    missing: Missing,
}

/// What indented lines belong to.
#[derive(Clone, Copy, Debug)]
enum Context {
    Item(usize),
    Plan(Heading),
    Error,
}

impl Text {
    /// `several` runs in one text are told apart even where one follows another one's dpkg.
    pub(crate) fn new(several: bool) -> Self {
        let printed = Printed { several, ..Printed::default() };
        Text {
            stdout: Lines::of_text(),
            stderr: Lines::of_text(),
            printed,
            errors: Errors::default(),
            seen: Vec::new(),
        }
    }

    pub(crate) fn feed(&mut self, channel: Channel, bytes: &[u8]) {
        let Text { stdout, stderr, printed, errors, seen } = self;
        if !seen.contains(&channel) {
            seen.push(channel);
        }
        match channel {
            Channel::Stderr => stderr.feed(bytes, |line| errors.own_line(&clean(line))),
            _ => stdout.feed(bytes, |line| printed.line(&clean(line), errors)),
        }
    }

    /// Whether any text was given.
    pub(crate) fn given(&self) -> bool {
        !self.seen.is_empty()
    }

    pub(crate) fn finish(mut self) -> Summary {
        let Text { stdout, stderr, printed, errors, .. } = &mut self;
        stdout.finish(|line| printed.line(&clean(line), errors));
        stderr.finish(|line| errors.own_line(&clean(line)));
        let evidence = if self.seen.contains(&Channel::Both) { Evidence::TEXT } else { Evidence::STDOUT };
        self.printed.finish(self.errors, &evidence, self.seen.iter().any(|channel| *channel != Channel::Stderr))
    }
}

impl Printed {
    fn line(&mut self, line: &str, errors: &mut Errors) {
        if line.is_empty() || is_progress(line) {
            return;
        }
        // Afterwards a maintainer script may say the same.
        if self.run.dpkg.is_none() {
            self.missing.line(line);
        }
        if line.starts_with("  ") {
            match self.context {
                Some(Context::Item(at)) => self.run.detail(at, line),
                Some(Context::Plan(heading)) => self.run.plan.detail(heading, line),
                Some(Context::Error) => errors.line(line),
                None => {}
            }
            return;
        }
        self.context = None;
        if Errors::is_one(line) {
            errors.line(line);
            self.context = Some(Context::Error);
            return;
        }
        if let Some(item) = Item::parse(line) {
            self.item(item);
        } else if self.run.dpkg.is_some() || is_beginning(line) {
            if self.several && line.starts_with("Reading package lists...") {
                self.next_run();
            } else {
                self.run.dpkg.get_or_insert_with(Dpkg::default).line(line);
                self.accept_tentative(line);
            }
        } else {
            self.announcement(line);
        }
    }

    fn item(&mut self, item: Item) {
        if self.run.dpkg.is_none() && !self.run.fetches_over {
            self.spoke = true;
            self.context = Some(Context::Item(self.run.item(item)));
        } else if self.several {
            self.tentative.get_or_insert_with(Run::default).item(item);
        } else {
            self.late += 1;
        }
    }

    fn announcement(&mut self, line: &str) {
        if line.starts_with("Reading package lists...") {
            self.spoke = true;
            if self.tentative.is_some() || self.run.has_items() || !self.run.plan.is_empty() {
                self.next_run();
            }
        } else if let Some(total) = fetched(line) {
            self.run.fetched = total;
            self.run.fetches_over = true;
            self.accept_tentative(line);
        } else if line.starts_with("Download complete and in download only mode") {
            (self.run.download_only, self.run.fetches_over) = (true, true);
        } else if let Some(file) = line.strip_prefix("Skipping already downloaded file '") {
            self.run.skipped.push(file.trim_end_matches('\'').to_owned());
        } else {
            self.context = self.run.plan.line(line).map(Context::Plan);
        }
    }

    /// The line shows that what came after a dpkg was another run.
    fn accept_tentative(&mut self, line: &str) {
        if let Some(total) = fetched(line)
            && let Some(mut run) = self.tentative.take()
        {
            (run.fetched, run.fetches_over) = (total, true);
            self.runs.push(std::mem::replace(&mut self.run, run));
        }
    }

    fn next_run(&mut self) {
        self.run.fetches_over = true;
        self.runs.push(std::mem::take(&mut self.run));
        if let Some(mut run) = self.tentative.take() {
            run.fetches_over = true;
            self.runs.push(run);
        }
    }

    fn finish(mut self, errors: Errors, evidence: &Evidence, stdout: bool) -> Summary {
        self.late += u64::from(self.tentative.is_some());
        self.runs.push(self.run);
        let mut summary = Summary { missing: self.missing.finish(), ..Summary::default() };
        let mut explained = vec![false; errors.fetches.len()];
        for (error, explained) in errors.fetches.iter().zip(&mut explained) {
            *explained = self.runs.iter_mut().any(|run| run.explain(error));
        }
        let last = self.runs.len() - 1;
        for (at, run) in self.runs.iter().enumerate() {
            summary.outcomes.extend(run.outcomes(at < last || errors.any, evidence));
            summary.taken.extend(run.taken());
            summary.unpacked.extend(run.unpacked_packages());
            summary.skipped.extend(run.skipped.iter().cloned());
            summary.installed.extend(run.installed().map(|(name, version)| (name.clone(), version.clone())));
        }
        let unheard = errors.missing.finish().into_iter().filter(|name| !summary.missing.contains(name));
        summary.missing.extend(unheard.collect::<Vec<_>>());
        let failures = self.runs.iter().any(Run::has_failures);
        let translated = self.runs.iter().any(|run| run.translated);
        let silent = stdout && !self.spoke;
        if !self.runs.iter().any(Run::has_items) {
            let unexplained = errors.fetches.iter().zip(explained).filter(|(_, explained)| !explained);
            summary.failures.extend(unexplained.map(|(error, _)| (error.url.clone(), error.reason.clone())));
        }
        let mut blind = |when: bool, what: &str| {
            if when {
                summary.blind_spots.push(what.to_owned());
            }
        };
        blind(translated, "apt's text is not in English: what it says of packages in its archives was not read");
        blind(
            silent,
            "apt printed nothing about what it fetched (so with -qq, in another language, or where there was nothing to fetch)",
        );
        blind(
            self.late > 0,
            "lines like apt's own about fetches were printed after its fetches were over, by a maintainer script or another run: they were not counted",
        );
        blind(
            errors.unnamed && !failures && errors.fetches.is_empty(),
            "apt could not get some archives and did not name them",
        );
        summary
    }
}

impl Errors {
    /// Whether a line is one of apt's errors, warnings and notices.
    fn is_one(line: &str) -> bool {
        ["E: ", "W: ", "N: "].iter().any(|start| line.starts_with(start))
    }

    /// A line of a stream that is apt's own.
    fn own_line(&mut self, line: &str) {
        self.missing.line(line);
        self.line(line);
    }

    fn line(&mut self, line: &str) {
        if !Self::is_one(line) {
            let detail = line.starts_with("   ") && self.within;
            if let Some(error) = self.fetches.last_mut().filter(|_| detail) {
                error.details.push(line.trim().to_owned());
            }
            return;
        }
        self.any |= line.starts_with("E: ");
        self.unnamed |= line.contains("--fix-missing");
        let error = FetchError::parse(line);
        self.within = error.is_some();
        self.fetches.extend(error);
    }
}

/// The total at the end of the fetches: `Fetched 1760 B in 0s (36.8 kB/s)`, in any language a figure and a rate.
fn fetched(line: &str) -> Option<Option<Figure>> {
    let rate = line.trim_end_matches('.').strip_suffix(')')?;
    let (before, rate) = rate.rsplit_once('(')?;
    let unit = rate.rsplit_once('/')?.1;
    let rated = rate.starts_with(|c: char| c.is_ascii_digit()) && unit.chars().count() <= 2;
    let at = before.find(|c: char| c.is_ascii_digit())?;
    rated.then(|| Figure::parse(&before[at..]).map(|(figure, _)| figure))
}

/// The line that a terminal shows while apt waits: `13% [1 lab-big 500 kB/3002 kB 17%]`.
fn is_progress(line: &str) -> bool {
    line.split_once("% [").is_some_and(|(percent, _)| percent.len() <= 3 && percent.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{Figure, fetched, is_progress};

    #[test]
    fn reads_the_total_in_any_language() {
        let exact = |bytes| Some(Some(Figure { low: bytes, high: bytes }));
        assert_eq!(fetched("Fetched 1760 B in 0s (36.8 kB/s)"), exact(1760));
        assert_eq!(fetched("Es wurden 884 B in 0 s geholt (0 B/s)."), exact(884));
        assert_eq!(fetched("3 188 o réceptionnés en 0s (22,6 ko/s)"), exact(3188));
        assert_eq!(fetched("Unpacking lab-hello (2.0) over (1.0)"), None);
        assert!(is_progress("13% [1 lab-big 500 kB/3002 kB 17%]") && !is_progress("100 % [x]"));
    }
}

//! Joins the channels of one run of pip.
//!
//! Refuses to depend on how the bytes are cut, and to mix the texts: each channel is read in its own order, the log by
//! itself, the streams by themselves, and what they say meets in the table.

use super::super::{Channel, End, Finding, shown};
use super::lines::Lines;
use super::log::{indented, record, stamp};
use super::run::Run;
use super::table::Side;
use super::verdict;
use super::voice::Voice;
use crate::event::Evidence;

/// What the caller knows beside the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A log will be fed: tries to reach the network that the streams tell are held back until the end, and told then
    /// only if the log did not.
    pub log: bool,
    /// pip's HTTP cache is off (`--no-cache-dir`, `PIP_NO_CACHE_DIR`): each page that came was downloaded.
    pub no_cache: bool,
    /// pip's version, where it is known before the text tells it.
    pub version: Option<String>,
    /// URLs that the user named, without fragments: pip tells of such a file little more than its name.
    pub urls: Vec<Vec<u8>>,
}

/// Classifies one run of pip.
///
/// [`Finding::Artifact`]s are refined as the text goes on; after [`Classifier::finish`] the last finding of each number
/// is final.
#[derive(Debug)]
pub struct Classifier {
    run: Run,
    log: (Lines, Voice),
    streams: [(Lines, Voice); 3],
    unstamped: u64,
    stamped: u64,
}

impl Classifier {
    /// For one run of pip, or several that the caller does not want apart.
    pub fn new(options: Options) -> Self {
        let voice = |side, evidence| Voice::new(side, evidence, options.no_cache, &options.urls);
        let stream = |evidence| (Lines::of_terminal(), voice(Side::Streams, evidence));
        Classifier {
            run: Run::new(options.log, options.version),
            log: (Lines::of_records(), voice(Side::Log, Evidence::LOG)),
            streams: [stream(Evidence::STDOUT), stream(Evidence::STDERR), stream(Evidence::STDOUT)],
            unstamped: 0,
            stamped: 0,
        }
    }

    /// Takes the next bytes of a channel.
    pub fn feed(&mut self, channel: Channel, bytes: &[u8], sink: &mut impl FnMut(Finding)) {
        let run = &mut self.run;
        let (lines, voice) = match channel {
            Channel::Log => {
                let (lines, voice) = &mut self.log;
                let (stamped, unstamped) = (&mut self.stamped, &mut self.unstamped);
                lines.feed(bytes, &mut |line| {
                    let Some((indent, text)) = record(line) else {
                        *unstamped += u64::from(!line.is_empty());
                        return;
                    };
                    *stamped += 1;
                    voice.stamp = stamp(line);
                    voice.read(run, indent, text);
                    run.tell(false, sink);
                });
                return;
            }
            Channel::Stdout => &mut self.streams[0],
            Channel::Stderr => &mut self.streams[1],
            Channel::Both => &mut self.streams[2],
        };
        lines.feed(bytes, &mut |line| {
            let line = shown(line);
            let (indent, text) = indented(&line);
            voice.read(run, indent, text);
            run.tell(false, sink);
        });
    }

    /// Whether anything so far was pip's without doubt: text of which nothing is, was not written by pip.
    pub fn has_understood(&self) -> bool {
        std::iter::once(&self.log).chain(&self.streams).any(|(_, voice)| voice.has_understood)
    }

    /// The texts have ended, and pip with them.
    pub fn finish(mut self, end: End, sink: &mut impl FnMut(Finding)) {
        let well = matches!(end, End::Code(0));
        for (_, voice) in std::iter::once(&mut self.log).chain(&mut self.streams) {
            if well && voice.page.is_some() {
                voice.page_arrived(&mut self.run);
            }
        }
        verdict::settle(&mut self.run, Side::Log, end);
        verdict::settle(&mut self.run, Side::Streams, end);
        verdict::discard(&mut self.run, end);
        self.run.attempts.finish();
        self.run.tell_missing();
        if self.stamped == 0 && self.unstamped > 0 {
            self.run.tell_blind_spot("the log holds no record of pip's");
        }
        if self.run.any(|facts| facts.needs_build) && !self.run.any(|facts| facts.has_build) && self.stamped == 0 {
            self.run.tell_blind_spot("what pip installed for a build is told by its log only");
        }
        if self.run.table.is_full() {
            self.run.tell_blind_spot("the text mentions more files than are kept apart");
        }
        self.run.tell(true, sink);
    }
}

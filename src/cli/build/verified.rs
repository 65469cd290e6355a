//! What a verification adds to an image build: the cut, and what is known of steps that nobody watched.

use std::ffi::OsString;

use super::command::{Command, Kind};
use super::fetched::{self, Fetch};
use crate::classify::buildkit::{Build, State, Vertex};
use crate::cli::Hint as _;
use crate::event::{Attempt, AttemptKind, Event, Moment, Redactor, Unavailable, Watch, Watched};
use crate::shim::watch;
use crate::supervise::End;

/// The command line of a build whose steps have no network.
pub(super) fn cut_off(words: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let command = Command::parse(words);
    if !matches!(command.kind, Kind::Build | Kind::Buildx) {
        return Err(anyhow::anyhow!("cannot cut the network off from several builds at once"))
            .hint("verify each with `docker build`");
    }
    match command.cut_off() {
        Ok(command) => Ok(command.words),
        Err(network) => Err(anyhow::anyhow!("cannot verify with `--network {}`", network.display()))
            .hint("leave it out: an offline build has `--network=none`"),
    }
}

/// A verified build that has ended.
pub(super) struct Ended<'a> {
    pub(super) build: Option<&'a Build>,
    pub(super) command: &'a Command,
    pub(super) end: Option<End>,
    /// Whether its log was read to the end.
    pub(super) is_read: bool,
}

impl Ended<'_> {
    /// What is to be said of it beside what its steps told: `told` has their witnesses. `has_image` says whether the
    /// builder has an image of that name at hand.
    pub(super) fn events(
        &self,
        told: &[Event],
        has_image: &dyn Fn(&str) -> bool,
        redactor: &Redactor,
        at: Moment,
    ) -> Vec<Event> {
        let heard = |vertex: &Vertex| {
            told.iter().any(|event| match event {
                Event::InvocationStarted { record, .. } => {
                    record.step.as_ref().is_some_and(|step| step.id == vertex.id)
                }
                _ => false,
            })
        };
        let watched = |vertex: &Vertex| {
            told.iter().any(|event| match event {
                // Of the other processes of a step whoever watched one of its tools says nothing.
                Event::Watched { record, .. } if record.watch.invocation.is_none() => {
                    record.watch.step.as_ref().is_some_and(|step| step.id == vertex.id)
                }
                _ => false,
            })
        };
        let mut events = Vec::new();
        for vertex in self.steps().iter().filter(|vertex| vertex.name.is_run()) {
            if !watched(vertex) {
                events.push(unwatched(vertex, heard(vertex), at));
            }
            let doubts = self.not_told(vertex);
            if !doubts.is_empty() {
                let step = Some(vertex.step());
                events.push(Event::Watched { at, record: whole(Watch { step, doubts, ..of_steps() }) });
            }
        }
        let mut doubts = Vec::new();
        for (fetch, vertex) in self.fetched() {
            let (host, wanted) = match fetch {
                Fetch::File { host, wanted } => (host, wanted),
                Fetch::Image { reference, pulled } if pulled || self.command.pulls => {
                    (Some(fetched::registry(&reference).to_owned()), reference)
                }
                Fetch::Image { reference, .. } if has_image(&reference) => continue,
                Fetch::Image { reference, .. } => {
                    doubts.push(format!(
                        "the builder does not have {reference}, so that it may have asked a registry: `docker pull` it before"
                    ));
                    continue;
                }
            };
            let record = Attempt { host, wanted: Some(wanted), ..Attempt::new(Attempt::BUILDER, AttemptKind::Fetch) };
            let record = Attempt { step: vertex.map(Vertex::step), ..redactor.attempt(&record) };
            events.push(Event::Attempt { at, record: Box::new(record) });
        }
        for (name, value) in self.silent_contexts() {
            let reason = format!("whether the builder fetched the context {name} ({value}) is not seen");
            events.push(Event::BlindSpot { at, invocation: None, reason: redactor.text(&reason) });
        }
        if self.build.is_none() {
            doubts.push("docker printed no log of a build: its steps are not known".to_owned());
        } else if !self.is_read {
            doubts.push("the log of the build was not read to its end".to_owned());
        }
        let command = Some(watch::command(&self.command.words, self.end, redactor));
        events.push(Event::Watched { at, record: whole(Watch { command, doubts, ..of_steps() }) });
        events
    }

    fn steps(&self) -> &[Vertex] {
        self.build.map(|build| build.steps.as_slice()).unwrap_or_default()
    }

    /// What of a step's own words did not arrive: any of it could have spoken against it.
    fn not_told(&self, vertex: &Vertex) -> Vec<String> {
        let mut doubts = Vec::new();
        if vertex.clipped {
            doubts.push("the builder held a part of its output back".to_owned());
        }
        if self.build.is_some_and(|build| vertex.senders.iter().any(|sender| build.lost.contains(sender))) {
            doubts.push("a part of what was recorded was lost on its way through the log".to_owned());
        }
        doubts
    }

    /// What the builder itself fetched, each once, with the vertex that shows it best.
    fn fetched(&self) -> Vec<(Fetch, Option<&Vertex>)> {
        let context = self.command.context().and_then(|context| fetched::remote(context.to_str()?));
        let mut all: Vec<(Fetch, Option<&Vertex>)> = context.into_iter().map(|context| (context, None)).collect();
        for vertex in self.steps() {
            for fetch in fetched::by(vertex) {
                match all.iter_mut().find(|(other, _)| other.is_of_same(&fetch)) {
                    Some(known) if fetch.is_pulled() || known.1.is_none() => *known = (fetch, Some(vertex)),
                    Some(_) => {}
                    None => all.push((fetch, Some(vertex))),
                }
            }
        }
        all
    }

    /// Contexts that lie elsewhere, of which the log says nothing.
    fn silent_contexts(&self) -> Vec<&(String, String)> {
        let shows = |name: &str| {
            self.steps().iter().any(|vertex| vertex.name.instruction.contains(&format!("[context {name}")))
        };
        let is_elsewhere = |value: &str| !value.starts_with("oci-layout://") && fetched::remote(value).is_some();
        self.command.contexts.iter().filter(|(name, value)| is_elsewhere(value) && !shows(name)).collect()
    }
}

fn whole(watch: Watch) -> Box<Watched> {
    Box::new(Watched { watch, ..Watched::default() })
}

/// A statement about steps that watched for themselves.
fn of_steps() -> Watch {
    let word = |word: &str| word.to_owned();
    Watch { mode: word("observe"), method: word("steps"), boundary: word("kernel-netns"), ..Watch::default() }
}

fn unwatched(vertex: &Vertex, heard: bool, at: Moment) -> Event {
    let reason = match vertex.state {
        State::Cached => "its layer came from the cache, so that nothing ran: `docker build --no-cache` runs it",
        State::Done | State::Error if heard => {
            "only its pips and apts were heard, not every process: `verify --inject` watches every step"
        }
        State::Done | State::Error => "nothing was heard from it: `verify --inject` watches every step",
        _ => "it did not run to its end",
    };
    let unavailable = vec![Unavailable { method: "seccomp-notify".to_owned(), reason: reason.to_owned() }];
    let watch = Watch { step: Some(vertex.step()), method: "none".to_owned(), unavailable, ..of_steps() };
    Event::Watched { at, record: Box::new(Watched { watch, ..Watched::default() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::buildkit::Reader;
    use crate::event::InvocationId;
    use crate::event::marked::mark;

    /// What is said of a build with this log, of whose steps nothing was told.
    fn said(log: &str) -> Vec<Event> {
        let mut reader = Reader::default();
        reader.feed(log.as_bytes());
        let build = reader.finish().unwrap();
        let redactor = Redactor::learn(std::iter::empty(), std::iter::empty());
        let command = Command::parse(["docker", "build", "."].map(OsString::from).to_vec());
        let ended = Ended { build: Some(&build), command: &command, end: Some(End::Code(0)), is_read: true };
        ended.events(&[], &|name| name.ends_with("/local:1"), &redactor, Moment::from_microseconds(0))
    }

    fn watches(log: &str) -> Vec<Watch> {
        let watch = |event: Event| match event {
            Event::Watched { record, .. } => Some(record.watch),
            _ => None,
        };
        said(log).into_iter().filter_map(watch).collect()
    }

    fn wanted(log: &str) -> Vec<(String, String)> {
        let attempt = |event: Event| match event {
            Event::Attempt { record, .. } => Some((record.host.unwrap_or_default(), record.wanted.unwrap_or_default())),
            _ => None,
        };
        said(log).into_iter().filter_map(attempt).collect()
    }

    #[test]
    fn a_step_that_nobody_watched_is_said_however_it_is_written() {
        for log in [
            "#5 [2/2] RUN x\n#5 CACHED\n",
            "#5 [2/2] RUN\tx\n#5 CACHED\n",
            "Step 1/2 : FROM x\n ---> 0123456789ab\nStep 2/2 : run x\n ---> Using cache\n ---> 0123456789ab\n",
        ] {
            let unwatched = watches(log).into_iter().filter(|watch| watch.method == "none").count();
            assert_eq!(unwatched, 1, "{log}");
        }
        assert_eq!(watches("#5 [2/2] RUNNER x\n#5 CACHED\n").len(), 1, "only the whole");
    }

    #[test]
    fn what_add_fetches_is_an_attempt() {
        let one = |host: &str, wanted: &str| vec![(host.to_owned(), wanted.to_owned())];
        for (step, expected) in [
            ("ADD https://a.invalid/x /x\n#5 DONE 0.1s", one("a.invalid", "https://a.invalid/x")),
            ("ADD\thttps://a.invalid/x /x\n#5 DONE 0.1s", one("a.invalid", "https://a.invalid/x")),
            // The builder asks the server whether what it has is current.
            ("ADD https://a.invalid/x /x\n#5 CACHED", one("a.invalid", "https://a.invalid/x")),
            ("ADD --checksum=sha256:0 https://a.invalid/x /x\n#5 CACHED", vec![]),
            ("ADD --checksum=sha256:0 https://a.invalid/x /x\n#5 DONE 0.1s", one("a.invalid", "https://a.invalid/x")),
            ("ADD [\"https://a.invalid/x\", \"/x\"]\n#5 DONE 0.1s", one("a.invalid", "https://a.invalid/x")),
            ("ADD git@b.invalid:org/repo.git#v1 /x\n#5 DONE 0.1s", one("b.invalid", "git@b.invalid:org/repo.git#v1")),
            ("ADD --keep-git-dir git://b.invalid/r /x\n#5 CACHED", one("b.invalid", "git://b.invalid/r")),
            ("ADD a.tar b@c:d/ /x\n#5 DONE 0.1s", one("c", "b@c:d/")),
            ("ADD --chown=a:b files/a@b.tar /x\n#5 DONE 0.1s", vec![]),
            ("COPY https://a.invalid/x /x\n#5 DONE 0.1s", vec![]),
        ] {
            assert_eq!(wanted(&format!("#5 [2/2] {step}\n")), expected, "{step}");
        }
    }

    #[test]
    fn what_was_lost_on_its_way_through_the_log_may_have_been_anything() {
        let sender = InvocationId("a".into());
        let (at, reason) = (Moment::from_microseconds(0), String::new());
        let messages = [mark(&sender, 0, &[Event::Degraded { at, invocation: None, reason }]), mark(&sender, 1, &[])];
        let log = |messages: &[Vec<u8>]| {
            let pieces: String =
                messages.iter().map(|piece| format!("#5 0.1 {}", String::from_utf8_lossy(piece))).collect();
            format!("#5 [2/2] RUN x\n{pieces}#5 DONE 0.1s\n")
        };
        let doubts = |log: &str| watches(log).iter().map(|watch| watch.doubts.len()).sum::<usize>();
        assert_eq!(doubts(&log(&messages)), 0);
        assert_eq!(doubts(&log(&messages[1..])), 1);
    }

    #[test]
    fn what_was_not_read_may_have_been_anything() {
        let command = Command::parse(["docker", "build", "."].map(OsString::from).to_vec());
        let redactor = Redactor::learn(std::iter::empty(), std::iter::empty());
        let mut reader = Reader::default();
        reader.feed(b"#5 [2/2] COPY x /x\n#5 DONE 0.1s\n");
        let build = reader.finish();
        for (build, is_read, doubts) in [(build.as_ref(), true, 0), (build.as_ref(), false, 1), (None, true, 1)] {
            let ended = Ended { build, command: &command, end: Some(End::Code(0)), is_read };
            let events = ended.events(&[], &|_| true, &redactor, Moment::from_microseconds(0));
            let [Event::Watched { record, .. }] = &events[..] else { panic!("{events:?}") };
            assert_eq!(record.watch.doubts.len(), doubts, "{record:?}");
        }
    }

    #[test]
    fn a_context_that_lies_elsewhere_was_fetched() {
        let command = |line: &str| Command::parse(line.split(' ').map(OsString::from).collect());
        let said = |line: &str, log: &str| {
            let mut reader = Reader::default();
            reader.feed(log.as_bytes());
            let (build, command) = (reader.finish(), command(line));
            let ended = Ended { build: build.as_ref(), command: &command, end: None, is_read: true };
            let redactor = Redactor::learn(std::iter::empty(), std::iter::empty());
            let events = ended.events(&[], &|_| true, &redactor, Moment::from_microseconds(0));
            let attempts = events.iter().filter(|event| matches!(event, Event::Attempt { .. })).count();
            (attempts, events.iter().filter(|event| matches!(event, Event::BlindSpot { .. })).count())
        };
        let loads = "#1 [internal] load git source https://g.invalid/x.git\n";
        assert_eq!(said("docker build https://g.invalid/x.git", loads), (1, 0), "once");
        assert_eq!(said("docker build https://g.invalid/x.tar", "#1 [internal] load remote build context\n"), (1, 0));
        assert_eq!(said("docker build .", "#1 [internal] load build context\n"), (0, 0));
        let named = "docker build --build-context y=https://g.invalid/y.git --build-context z=../z .";
        assert_eq!(said(named, "#1 [internal] load build context\n"), (0, 1), "nothing is said of it");
        assert_eq!(said(named, "#1 [context y] load git source https://g.invalid/y.git\n"), (1, 0));
        assert_eq!(
            said("docker build --pull .", "#1 [internal] load metadata for x.invalid/y\n"),
            (1, 0),
            "asked to ask"
        );
    }

    #[test]
    fn an_image_that_the_builder_does_not_have_is_a_doubt_and_one_that_it_pulled_an_attempt() {
        let digest = "0123456789abcdef".repeat(4);
        let log = |image: &str, more: &str| {
            format!("#2 [internal] load metadata for {image}\n#2 DONE 0.1s\n#3 [1/2] FROM {image}\n{more}#3 CACHED\n")
        };
        let doubts = |log: &str| watches(log).iter().map(|watch| watch.doubts.clone()).collect::<Vec<_>>().concat();
        let local = log("docker.io/library/local:1", "");
        assert_eq!((doubts(&local).len(), wanted(&local)), (0, vec![]));
        let remote = log("r.invalid/x:1", "");
        assert_eq!((doubts(&remote).len(), wanted(&remote)), (1, vec![]));
        assert!(doubts(&remote)[0].contains("r.invalid/x:1"), "{:?}", doubts(&remote));
        let pulled = log("r.invalid/x:1", &format!("#3 sha256:{digest} 5.81kB / 5.81kB 0.3s done\n"));
        let expected = vec![("r.invalid".to_owned(), "r.invalid/x:1".to_owned())];
        assert_eq!((doubts(&pulled).len(), wanted(&pulled)), (0, expected));
    }
}

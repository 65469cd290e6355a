//! Builds handed to the builder with their steps wrapped.
//!
//! The rewritten Dockerfiles lie in a temporary directory. Refuses, with the reason, whatever could make another build
//! of it: then the build runs as it was typed, and of several builds the one that is concerned.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::bases::Bases;
use super::carrier::{Carrier, Executable, WATCHING, WRAPPER};
use super::command::{Command, Kind};
use super::engine::{Carriage, Client, Engine, is_other_platform};
use super::source::Source;
use super::subject::{Several, Subject, Terms};
use super::target::{Target, Wrapped};
use crate::classify::buildkit::{Build, State, Vertex};
use crate::dockerfile::{Injected, Injection, Left, Names, Places, inject};
use crate::event::{Event, Moment, Redactor};

/// A build whose steps are wrapped.
pub(super) struct Rewritten {
    /// The command line.
    pub(super) words: Vec<OsString>,
    /// The names that the steps have for the user.
    pub(super) names: Names,
    /// What was left as it stands.
    left: Vec<Left>,
    /// What the user is to know of that.
    pub(super) notes: Vec<String>,
    /// What base images have run, with the image that brings it.
    triggers: Vec<(String, String)>,
    /// What steps are wrapped in, by words that another wrapping does not have.
    wrapping: String,
    /// Where the instructions stand in the user's file.
    pub(super) places: Places,
    /// Whether BuildKit has to be asked for by variable, since the client would use the builder before it.
    pub(super) asks_for_buildkit: bool,
    /// Whether what builds is the engine's own, which has its images.
    pub(super) builds_itself: bool,
    /// Holds the rewritten Dockerfile while the build runs.
    _place: TempDir,
}

/// Rewrites the build.
///
/// # Errors
/// The reason why it is left as it stands.
pub(super) fn rewrite(command: &Command, watches: bool) -> anyhow::Result<Rewritten> {
    anyhow::ensure!(
        !command.draws(),
        "`--progress=tty` has docker draw, so that what the steps tell would be drawn as well"
    );
    anyhow::ensure!(command.kind != Kind::Other, "it is no `docker build`");
    let variable = std::env::var_os("DOCKER_BUILDKIT").filter(|value| !value.is_empty());
    if let Some(value) = variable.as_deref().filter(|value| is_no(value))
        && matches!(command.kind, Kind::Build | Kind::Compose)
    {
        let value = value.display();
        anyhow::bail!(
            "DOCKER_BUILDKIT={value} asks for the builder before BuildKit, which cannot mount our executable"
        );
    }
    let wanted = command.platform();
    if let Some(platform) = wanted.as_deref().filter(|platform| is_other_platform(platform)) {
        anyhow::bail!("it builds for {}, and this executable is not of that platform", platform.display());
    }
    let client = Client::of(command);
    let (engine, executable, subject) = std::thread::scope(|scope| {
        let engine = scope.spawn(|| Engine::of(&client));
        let executable = scope.spawn(|| Executable::find(&client));
        let subject = Subject::find(command).map(|subject| (Bases::of(&client, subject.images(command)), subject));
        (engine.join(), executable.join(), subject)
    });
    let unasked = |_| anyhow::anyhow!("the engine could not be asked");
    let (engine, executable) = (engine.map_err(unasked)?, executable.map_err(unasked)?);
    if let Some(reason) = engine.lacks_buildkit().filter(|_| command.kind == Kind::Build) {
        anyhow::bail!("{reason}");
    }
    let is_buildx = command.kind != Kind::Build;
    let platform = match (wanted, engine.platform(is_buildx)) {
        (Some(wanted), _) => wanted.to_string_lossy().into_owned(),
        (None, Some(platform)) if is_other_platform(OsStr::new(platform)) => {
            anyhow::bail!("its builder is of {platform}, and this executable is not")
        }
        (None, Some(platform)) => platform.to_owned(),
        (None, None) => anyhow::bail!("the platform of its builder is not known before that is started"),
    };
    let (mut bases, subject) = subject?;
    let executable = executable?;
    if engine.has_buildx() {
        bases.ask_registries(&platform);
    }
    let place = tempfile::Builder::new().prefix("wheeltap-build-").tempdir()?;
    let carriage = engine.carriage(is_buildx);
    let wrapping = Wrapping {
        carrier: match carriage {
            Carriage::NamedContext => Carrier::by_context(&executable, place.path())?,
            Carriage::LocalImage => Carrier::by_image(&client, &executable)?,
        },
        wrapper: if watches { &WATCHING } else { &WRAPPER },
        here_documents: carriage == Carriage::NamedContext || engine.knows_here_documents(),
        command,
        bases: &bases,
        place: place.path(),
    };
    let parts = match &subject {
        Subject::One(source) => wrapping.one(source)?,
        Subject::Several(several, targets) => wrapping.several(several, targets)?,
    };
    let asks_for_buildkit = command.kind == Kind::Build && variable.is_none();
    let triggers = bases.triggers();
    let mut notes = parts.notes;
    if asks_for_buildkit && engine.may_be_legacy() {
        notes.push(OTHER_BUILDER.to_owned());
    }
    notes.extend(
        triggers.iter().map(|(image, run)| format!("`{run}` was left as it stands: it comes with `{image}` (ONBUILD)")),
    );
    Ok(Rewritten {
        words: parts.words,
        names: parts.names,
        left: parts.left,
        notes,
        triggers,
        wrapping: format!("{} {}", wrapping.wrapper.join(" "), env!("CARGO_PKG_VERSION")),
        places: parts.places,
        asks_for_buildkit,
        builds_itself: engine.builds_itself(),
        _place: place,
    })
}

/// What of a build is another for a client that would have had another builder.
const OTHER_BUILDER: &str = "BuildKit was asked for, by DOCKER_BUILDKIT=1, which was unset: the builder before it, to \
which this client keeps without, has its log on standard output, and ends with the status of the step that failed";

/// Whether the client reads a variable as a no (Go's `strconv.ParseBool`).
fn is_no(value: &OsStr) -> bool {
    ["0", "f", "F", "false", "False", "FALSE"].iter().any(|no| value == *no)
}

/// Where the instructions of a build that is left as it stands are; nowhere, if its Dockerfile cannot be read beforehand.
pub(super) fn places(command: &Command) -> Places {
    match command.kind {
        Kind::Build | Kind::Buildx if !command.reads_input() => {
            Source::find(command).map_or_else(|_| Places::default(), |source| Places::of(&source.text))
        }
        _ => Places::default(),
    }
}

impl Rewritten {
    /// What is to be said of the steps that ran and of which nothing was heard.
    pub(super) fn unheard(&self, build: &Build, redactor: &Redactor, at: Moment) -> Vec<Event> {
        let ran = |vertex: &&Vertex| matches!(vertex.state, State::Done | State::Error);
        let steps = build.steps.iter().filter(|vertex| vertex.name.is_run() && vertex.senders.is_empty());
        let said = steps.filter(ran).map(|vertex| {
            let reason = match self.why_left(&vertex.name.instruction, redactor) {
                Some(reason) => format!("step {}: it was left as it stands: {reason}", vertex.id),
                None => format!("step {}: nothing was heard from it", vertex.id),
            };
            Event::BlindSpot { at, invocation: None, reason: redactor.text(&reason) }
        });
        said.collect()
    }

    /// What a step is wrapped in.
    pub(super) fn wrapping(&self, vertex: &Vertex, redactor: &Redactor) -> Option<&str> {
        self.why_left(&vertex.name.instruction, redactor).is_none().then_some(&self.wrapping)
    }

    /// Why a step of that name, in which there is no secret, was left as it stands; `None` if it was not.
    fn why_left(&self, instruction: &str, redactor: &Redactor) -> Option<String> {
        let is_shown = |begun: &str| has_command_of(instruction, &redactor.text(begun));
        let trigger = self.triggers.iter().find(|(_, run)| is_shown(run));
        let left = || self.left.iter().find(|left| is_shown(&left.instruction));
        trigger
            .map(|(image, _)| format!("it comes with `{image}` (ONBUILD)"))
            .or_else(|| left().map(|left| left.reason.clone()))
    }
}

/// Whether an instruction, as it is shown, has the command whose first line is `begun`.
fn has_command_of(instruction: &str, begun: &str) -> bool {
    let begun = begun.lines().next().unwrap_or_default().trim_end_matches(['\\', '`']).trim();
    let command = begun.split_once(char::is_whitespace).map_or("", |(_, command)| command.trim());
    !command.is_empty() && instruction.contains(command)
}

/// What steps are wrapped with.
struct Wrapping<'a> {
    carrier: Carrier,
    wrapper: &'static [&'static str],
    here_documents: bool,
    command: &'a Command,
    bases: &'a Bases<'a>,
    place: &'a Path,
}

/// What the wrapped build consists of.
struct Parts {
    words: Vec<OsString>,
    names: Names,
    places: Places,
    left: Vec<Left>,
    notes: Vec<String>,
}

impl Wrapping<'_> {
    fn one(&self, source: &Source) -> anyhow::Result<Parts> {
        let injected = self.inject(source, None)?;
        let file = source.write(&injected.text, &self.place.join("dockerfile"))?;
        let context = source.context(self.place)?;
        let mut more = Vec::new();
        if let Some((name, directory)) = self.carrier.context() {
            let mut value = OsString::from(format!("{name}="));
            value.push(directory);
            more.extend(["--build-context".into(), value]);
        }
        Ok(Parts {
            words: self.command.rewritten(file.as_os_str(), context.as_deref().map(Path::as_os_str), &more),
            names: Names::new(&source.text, &injected, self.wrapper),
            places: Places::of(&source.text),
            notes: injected.left.iter().map(note).collect(),
            left: injected.left,
        })
    }

    fn several(&self, several: &Several, targets: &[(Target, anyhow::Result<Source>)]) -> anyhow::Result<Parts> {
        let (names, places) = (Names::of_several(self.wrapper), Places::default());
        let mut parts = Parts { words: Vec::new(), names, places, left: Vec::new(), notes: Vec::new() };
        let mut wrapped = Vec::new();
        for (number, (target, source)) in targets.iter().enumerate() {
            let directory = self.place.join(format!("dockerfile-{number}"));
            let one = source.as_ref().map_err(ToString::to_string);
            match one.and_then(|source| self.target(target, source, directory, &mut parts).map_err(|e| e.to_string())) {
                Ok(one) => wrapped.push(one),
                Err(reason) => parts.notes.push(format!("`{}` was left as it stands: {reason}", target.name)),
            }
        }
        anyhow::ensure!(!wrapped.is_empty(), "{}", parts.notes.first().map_or("it builds nothing", String::as_str));
        parts.words = match several {
            Several::Compose(project) => project.words(&wrapped, self.carrier.context(), self.place)?,
            Several::Bake(definition) => definition.words(&wrapped, self.carrier.context()),
        };
        Ok(parts)
    }

    /// Wraps the steps of one of several builds.
    fn target(
        &self,
        target: &Target,
        source: &Source,
        directory: PathBuf,
        parts: &mut Parts,
    ) -> anyhow::Result<Wrapped> {
        parts.places.add(&target.name, Places::of(&source.text));
        let injected = self.inject(source, Some(target))?;
        let file = source.write(&injected.text, &directory)?;
        parts.names.add(&target.name, Names::new(&source.text, &injected, self.wrapper));
        parts.notes.extend(injected.left.iter().map(|left| format!("`{}`: {}", target.name, note(left))));
        parts.left.extend(injected.left);
        Ok(Wrapped { name: target.name.clone(), file, inline: target.inline.is_some().then_some(injected.text) })
    }

    /// Wraps the steps of one Dockerfile, of which `target` is built.
    fn inject(&self, source: &Source, target: Option<&Target>) -> anyhow::Result<Injected> {
        let terms = Terms { command: self.command, target };
        let injection = Injection {
            mount: &self.carrier.mount,
            wrapper: self.wrapper,
            here_documents: self.here_documents || source.has_frontend(),
            argument: &|name| terms.argument(name),
            shell: &|image| {
                let image = terms.image(image).ok_or("its base image is a build context")?;
                let unknown = || format!("the shell of its base image is not known: `docker pull {image}` makes it so");
                self.bases.shell(&image).ok_or_else(unknown)
            },
        };
        let injected = inject(&source.text, &injection).map_err(|error| anyhow::anyhow!("{error}"))?;
        anyhow::ensure!(!injected.wrapped.is_empty(), "{}", nothing_to_wrap(&injected));
        Ok(injected)
    }
}

fn note(left: &Left) -> String {
    format!("line {} was left as it stands: `{}`: {}", left.line, left.instruction, left.reason)
}

fn nothing_to_wrap(injected: &Injected) -> String {
    match injected.left.first() {
        Some(left) => format!("no step can be wrapped: line {}: {}", left.line, left.reason),
        None => "it has no RUN".to_owned(),
    }
}

//! One thing to do with pip, in one world, and what cannot be read off the server's requests: what came from where else.

use serde_json::{Value, json};

use super::support::index::Index;
use super::support::place::{Place, Run};
use super::support::streams::Streams;

/// Where an artifact comes from that the server was not asked for.
pub(crate) struct Unasked {
    /// The origin's word in the document.
    pub(crate) origin: &'static str,
    /// The file's name.
    pub(crate) filename: &'static str,
}

/// See the module.
pub(crate) struct Scenario {
    /// Its name, unique.
    pub(crate) name: &'static str,
    /// Whether it runs with this pip.
    pub(crate) concerns: fn(&str, (u32, u32)) -> bool,
    /// Whether one of the pips that it concerns is enough: there are more scenarios than there is time.
    pub(crate) dealt: bool,
    /// How the server behaves in the run that is judged; as PyPI in the runs before.
    pub(crate) rules: Value,
    /// Lays things out before anything runs.
    pub(crate) prepare: fn(&Place, &Index),
    /// Bare runs before; each ends with success.
    pub(crate) before: Vec<Run>,
    /// Whether what they installed stays.
    pub(crate) installed: bool,
    /// The run that is judged.
    pub(crate) run: Run,
    /// Whether it ends well; `None` where that depends on the version.
    pub(crate) succeeds: Option<bool>,
    /// What came from elsewhere.
    pub(crate) unasked: Vec<Unasked>,
    /// Files whose bytes came whole and were refused.
    pub(crate) refused: Vec<&'static str>,
    /// Files obtained to build with.
    pub(crate) build: Vec<&'static str>,
    /// Files obtained and not used.
    pub(crate) discarded: Vec<&'static str>,
    /// Pages and files that no line tells of.
    pub(crate) unseen: Vec<&'static str>,
    /// Whether a session document is expected at all.
    pub(crate) recorded: bool,
    /// Whether the document must tell of a try to reach the network that got no answer.
    pub(crate) unanswered: bool,
}

impl Scenario {
    /// `pip` with these arguments, in a world like PyPI's, from nothing.
    pub(crate) fn new(name: &'static str, arguments: &[&str]) -> Scenario {
        Scenario {
            name,
            concerns: |wanted, _| matches!(wanted, "24.0" | "newest"),
            dealt: true,
            rules: json!([]),
            prepare: |_, _| (),
            before: Vec::new(),
            installed: false,
            run: Run::pip(arguments),
            succeeds: Some(true),
            unasked: Vec::new(),
            refused: Vec::new(),
            build: vec!["tiny_backend-1.0-py3-none-any.whl"],
            discarded: Vec::new(),
            unseen: Vec::new(),
            recorded: true,
            unanswered: false,
        }
    }

    /// With every pip, not only two of them.
    pub(crate) fn everywhere(mut self) -> Self {
        self.concerns = |_, _| true;
        self.dealt = false;
        self
    }

    /// With these pips.
    pub(crate) fn with(mut self, concerns: fn(&str, (u32, u32)) -> bool) -> Self {
        self.concerns = concerns;
        self.dealt = false;
        self
    }

    pub(crate) fn rules(mut self, rules: Value) -> Self {
        self.rules = rules;
        self
    }

    pub(crate) fn prepare(mut self, prepare: fn(&Place, &Index)) -> Self {
        self.prepare = prepare;
        self
    }

    /// After this run of pip; the environment is new again afterwards, the caches are not.
    pub(crate) fn after(mut self, arguments: &[&str]) -> Self {
        self.before.push(Run::pip(arguments));
        self
    }

    /// Keeps what the runs before installed.
    pub(crate) fn installed(mut self) -> Self {
        self.installed = true;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.run.env.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    pub(crate) fn no_env(mut self, name: &str) -> Self {
        self.run.env.push((name.to_owned(), None));
        self
    }

    pub(crate) fn streams(mut self, streams: Streams) -> Self {
        self.run.streams = streams;
        self
    }

    pub(crate) fn cwd(mut self, cwd: &str) -> Self {
        self.run.cwd = cwd.to_owned();
        self
    }

    /// Under another name than `pip`.
    pub(crate) fn program(mut self, program: &str) -> Self {
        self.run.argv[0] = program.to_owned();
        self
    }

    /// These files come from `origin`, and the server is not asked for them.
    pub(crate) fn from(mut self, origin: &'static str, filenames: &[&'static str]) -> Self {
        self.unasked.extend(filenames.iter().map(|filename| Unasked { origin, filename }));
        self
    }

    pub(crate) fn refused(mut self, filenames: &[&'static str]) -> Self {
        self.refused.extend(filenames);
        self
    }

    /// pip tells of these nowhere.
    pub(crate) fn unseen(mut self, names: &[&'static str]) -> Self {
        self.unseen.extend(names);
        self
    }

    pub(crate) fn build(mut self, filenames: &[&'static str]) -> Self {
        self.build.extend(filenames);
        self
    }

    pub(crate) fn discarded(mut self, filenames: &[&'static str]) -> Self {
        self.discarded.extend(filenames);
        self
    }

    /// It ends with an error.
    pub(crate) fn fails(mut self) -> Self {
        self.succeeds = Some(false);
        self
    }

    /// Whether it ends well depends on the version.
    pub(crate) fn may_fail(mut self) -> Self {
        self.succeeds = None;
        self
    }

    /// A command that obtains nothing: no document.
    pub(crate) fn unrecorded(mut self) -> Self {
        self.recorded = false;
        self
    }

    pub(crate) fn unanswered(mut self) -> Self {
        self.unanswered = true;
        self
    }
}

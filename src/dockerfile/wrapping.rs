//! What steps are wrapped with, and what comes of it.

/// What to wrap the steps with.
pub struct Injection<'a> {
    /// The value of the `--mount` flag that each step is given.
    pub mount: &'a str,
    /// The words before the words of a step.
    pub wrapper: &'a [&'a str],
    /// Whether the builder knows here documents (BuildKit 0.9, or an external frontend); one that does not reads their
    /// lines as instructions.
    pub here_documents: bool,
    /// The value of a build argument, if one is given on the command line.
    pub argument: &'a dyn Fn(&str) -> Option<String>,
    /// The shell of a base image, or why it is not known.
    pub shell: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
}

/// A Dockerfile whose steps are wrapped.
#[derive(Debug, PartialEq, Eq)]
pub struct Injected {
    /// Its text.
    pub text: String,
    /// The steps that are wrapped, in their order.
    pub wrapped: Vec<Wrapped>,
    /// Whether a builder names the stages of this text although it names none of the original: it does so where there
    /// are several, and an image that something is taken from counts as one.
    pub names_stage: bool,
    /// What was left as it stands.
    pub left: Vec<Left>,
}

/// A step that is wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The instruction on one line, as it was.
    pub original: String,
    /// The same, as it is now.
    pub rewritten: String,
}

/// An instruction that was left as it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its first line.
    pub instruction: String,
    /// Why it was left.
    pub reason: String,
}

/// Why a Dockerfile cannot be wrapped at all.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// It does not parse; the builder will say so in its own words.
    #[error("{0}")]
    Syntax(String),
    /// It is written in another language.
    #[error("`# syntax={0}` is not a frontend for Dockerfiles")]
    Frontend(String),
}

//! Lines about building from source, version control and the other programs that pip runs.
//!
//! Refuses to read what those programs print.

use memchr::memmem;

use super::line::Line;
use super::words::{after, last_word, number, word};

pub(super) fn source(text: &[u8]) -> Option<Line<'_>> {
    if let Some(command) = text.strip_prefix(b"Running command ") {
        return Some(Line::Running { command });
    }
    for kind in [&b"Installing build dependencies"[..], b"Installing backend dependencies"] {
        if let Some(rest) = text.strip_prefix(kind) {
            let rest = rest.trim_ascii_end();
            let ended = || [&b"finished"[..], b"done", b"error"].iter().any(|word| memmem::find(rest, word).is_some());
            return match rest {
                b" ..." | b": started" => Some(Line::Dependencies),
                _ => ended().then_some(Line::DependenciesDone),
            };
        }
    }
    if let Some(rest) = text.strip_prefix(b"Source in ") {
        return Some(Line::Source { path: word(rest).0 });
    }
    if text.starts_with(b"Discarding ") {
        return Some(Line::Discarding);
    }
    if let Some(rest) = text.strip_prefix(b"Created wheel for ") {
        let filename = word(after(rest, b": filename=")?).0;
        let size = number(word(after(rest, b" size=")?).0);
        return Some(Line::Built { filename, size, sha256: word(after(rest, b" sha256=")?).0 });
    }
    if let Some(path) = text.strip_prefix(b"Stored in directory: ") {
        return Some(Line::Stored { path });
    }
    for verb in [&b"Cloning hg "[..], b"Cloning ", b"Checking out "] {
        if let Some(rest) = text.strip_prefix(verb) {
            let (url, rest) = word(rest);
            return after(rest, b"to ").map(|_| Line::Clone { url, path: last_word(rest) });
        }
    }
    if let Some(rest) = text.strip_prefix(b"Updating ") {
        let (path, rest) = word(rest);
        let known = [&b"clone"[..], b"checkout", b"branch", b"repository"].contains(&word(rest).0);
        return known.then_some(Line::Clone { url: path, path });
    }
    if text.starts_with(b"Resolved ") && memmem::find(text, b" to commit ").is_some() {
        return Some(Line::Resolved { commit: last_word(text) });
    }
    is_step(text).then_some(Line::Step)
}

/// `Getting requirements to build wheel: started`, `Building wheel for X (...): finished with status 'done'`, and the same
/// on a terminal: `... done`.
fn is_step(text: &[u8]) -> bool {
    let steps: [&[u8]; 5] = [
        b"Getting requirements to build ",
        b"Preparing ",
        b"Checking if build backend supports",
        b"Building wheel for ",
        b"Building editable for ",
    ];
    let begun = || text.ends_with(b": started") || memmem::find(text, b" ...").is_some();
    (text.ends_with(b"'") && memmem::find(text, b": finished with status '").is_some())
        || (steps.iter().any(|step| text.starts_with(step)) && begun())
}

/// Whether a command is pip's own, installing what a build needs: named by its purpose since pip 22, by its words before.
pub(in crate::classify::pip) fn is_pip(command: &[u8]) -> bool {
    let named = |name: &[u8]| {
        command.starts_with(b"pip subprocess to install ")
            || (command.starts_with(b"installing ") && memmem::find(command, name).is_some())
    };
    named(b" dependencies")
        || [&b"/pip install "[..], b"__env_pip__.zip/pip install ", b"__pip-runner__.py install ", b" -m pip install "]
            .iter()
            .any(|words| memmem::find(command, words).is_some())
}

/// Whether a command is one of the version control systems.
pub(in crate::classify::pip) fn is_version_control(command: &[u8]) -> bool {
    [&b"git"[..], b"hg", b"svn", b"bzr"].contains(&crate::classify::pip::url::last_component(word(command).0))
}

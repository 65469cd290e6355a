//! The sessions that a verb was asked about: read one by one, what cannot be read named and passed over.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::path::PathBuf;

use anyhow::Context as _;

use super::{Cannot as _, Console, Hint as _, Status, Tone, explained};
use crate::event::SessionId;
use crate::ledger::{Directory, Extent, Loaded, Source};
use crate::report::History;

/// What to do where there is no session.
pub(super) const NO_SESSION: &str =
    "`wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one";

/// Which sessions are meant.
pub(super) fn sources(wanted: &[PathBuf], extent: Extent) -> anyhow::Result<Vec<Source>> {
    let sources = Source::list(&Directory::from_environment(), wanted, extent).cannot().hint(NO_SESSION)?;
    Ok(sources)
}

/// Hands each session to `with`, and says of those that cannot be read why. The same session in two files is taken
/// once. Answers with [`Status::Incomplete`] if any was passed over.
///
/// # Errors
/// When none could be read, with what is wrong with the first; and those of `with`.
pub(super) fn each<T, I: Hash>(
    sources: &[Source],
    console: &mut Console,
    read: impl Fn(&Source) -> Result<T, crate::ledger::Error>,
    identity: impl Fn(&T) -> I,
    mut with: impl FnMut(T, &mut Console) -> anyhow::Result<()>,
) -> anyhow::Result<Status> {
    // Of ten thousand sessions a digest of each is kept, not its name.
    let (mut seen, digests, mut first_fault, mut status) = (HashSet::new(), RandomState::new(), None, Status::Ok);
    for source in sources {
        match read(source).cannot() {
            Ok(session) => {
                if seen.insert(digests.hash_one(identity(&session))) {
                    with(session, console)?;
                } else {
                    console.say(
                        Tone::Doubtful,
                        "warning",
                        &format!("`{}` is a session that was read already", source.name()),
                    );
                }
            }
            Err(fault) if sources.len() == 1 => return Err(fault).hint(NO_SESSION),
            Err(fault) => {
                console.say(Tone::Doubtful, "warning", &format!("{}; passed over", explained(&fault)));
                first_fault.get_or_insert(fault);
                status = Status::Incomplete;
            }
        }
    }
    match first_fault {
        Some(fault) if seen.is_empty() => Err(fault).hint(NO_SESSION),
        _ => Ok(status),
    }
}

/// All the sessions at once, for verbs that compare them.
pub(super) fn whole(sources: &[Source], console: &mut Console) -> anyhow::Result<(Vec<Loaded>, Status)> {
    let mut loaded = Vec::new();
    let status = each(sources, console, Source::read, key, |session, _| {
        loaded.push(session);
        Ok(())
    })?;
    Ok((loaded, status))
}

/// The one session that a verb was asked to `act` upon, the last one if none was named.
///
/// # Errors
/// When there is none that can be read.
pub(super) fn one(wanted: Option<PathBuf>, act: &str, console: &mut Console) -> anyhow::Result<(Loaded, Status)> {
    let wanted: Vec<_> = wanted.into_iter().collect();
    let (loaded, status) = whole(&sources(&wanted, Extent::Latest)?, console)?;
    let first = loaded.into_iter().next();
    let first = first.with_context(|| format!("cannot {act}: there is no session")).hint(NO_SESSION)?;
    Ok((first, status))
}

/// What tells sessions apart: machines that open one in the same second share its name.
pub(super) fn key(loaded: &Loaded) -> String {
    let session = &loaded.session;
    format!("{} {:?} {:?}", session.session_id, session.build_info.hostname, session.started_at)
}

/// What the sessions before `loaded` in its directory had; those that cannot be read tell nothing.
pub(super) fn before(loaded: &Loaded) -> History {
    let directory = loaded.files.document.parent().unwrap_or(std::path::Path::new(""));
    earlier(&Directory::new(directory), &loaded.session.session_id)
}

/// What the sessions of `directory` before this one had.
pub(super) fn earlier(directory: &Directory, before: &SessionId) -> History {
    let (mut history, mut buffer) = (History::default(), Vec::new());
    for id in directory.sessions().unwrap_or_default().into_iter().filter(|id| id < before) {
        // What cannot be read tells nothing.
        let _ = Source::Stamp(directory.clone(), id).past(&mut buffer, |past| history.add_past(past));
    }
    history
}

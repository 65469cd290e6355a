//! The document and the text logs of a session, made of its journal and replaced atomically, without a lock.
//!
//! Many processes may publish the same session at once. Each reads the journal, folds it and puts its files in place;
//! whoever then finds that the journal has grown since it read may have covered a newer fold with an older one, and
//! does it again. So the last file put in place is always of a journal that had not grown when that was done.

use super::fold::Fold;
use super::replacement::Replacement;
use super::{Error, Files, Journal, fold, read, text};
use crate::event::{Ecosystem, Session, json};

/// How often a fold is begun again because others append meanwhile, before it is left to them.
const ROUNDS: usize = 3;

/// From so many artifacts on, the logs are written beside the document.
const WORTH_A_THREAD: u64 = 1000;

impl Journal {
    /// Folds the journal and puts the document and the logs in place.
    pub(super) fn publish(&mut self) -> Result<Session, Error> {
        let files = self.files();
        let mut round = 0;
        loop {
            round += 1;
            let (session, length) = match self.remembered() {
                Some((events, length)) => (fold(self.id(), events), length),
                None => {
                    let mut fold = Fold::default();
                    let (length, _) = read::each(&self.file, &files.journal, &mut |event| fold.take(event))?;
                    (fold.session(self.id()), length)
                }
            };
            // Whoever has appended since then folds later than this: its own fold holds what this one does. After some
            // rounds in a journal that never rests this one is superfluous.
            if self.length()? != length {
                match round < ROUNDS {
                    true => continue,
                    false => return Ok(session),
                }
            }
            put_in_place(&session, &files)?;
            if self.length()? == length {
                return Ok(session);
            }
        }
    }
}

/// Replaces the document and the logs of `session`.
fn put_in_place(session: &Session, files: &Files) -> Result<(), Error> {
    if session.summary.total_artifacts < WORTH_A_THREAD {
        return replace_document(session, files).and_then(|()| replace_logs(session, files));
    }
    std::thread::scope(|scope| {
        // Where no thread can be had, one does both.
        let logs = std::thread::Builder::new().spawn_scoped(scope, || replace_logs(session, files));
        let document = replace_document(session, files);
        let logs = match logs {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => replace_logs(session, files),
        };
        document.and(logs)
    })
}

fn replace_document(session: &Session, files: &Files) -> Result<(), Error> {
    let mut document = Replacement::of(&files.document)?;
    document.write(|file| json::document(file, session))?;
    document.put_in_place()
}

fn replace_logs(session: &Session, files: &Files) -> Result<(), Error> {
    let mut all = Replacement::of(&files.log)?;
    let (mut wheels, mut apt) = (None, None);
    text::lines(session, |line, ecosystem| {
        all.add(line)?;
        let (log, path) = match ecosystem {
            Some(Ecosystem::Pypi) => (&mut wheels, &files.wheels),
            Some(Ecosystem::Deb) => (&mut apt, &files.apt),
            Some(Ecosystem::Other) | None => return Ok(()),
        };
        let log = match log {
            Some(log) => log,
            None => log.insert(Replacement::of(path)?),
        };
        log.add(line)
    })?;
    [Some(all), wheels, apt].into_iter().flatten().try_for_each(Replacement::put_in_place)
}

//! The journal of a session as one process writes it.
//!
//! A line is appended by a single `write` to a file opened with `O_APPEND`, which the kernel keeps whole among any
//! number of writers. Only a writer that is killed in the middle of a `write`, or a full disk, tears a line: whoever
//! joins then begins on a new line, and the reader finds the next event wherever it begins.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use rustix::fs::{FlockOperation, flock};

use super::{Directory, Error, Files};
use crate::event::{self, BuildInfo, Event, Moment, SCHEMA, SessionId, json};

/// The environment variable that names the session to join.
pub const SESSION_VARIABLE: &str = "WHEELTAP_SESSION";

/// How many bytes of lines that could not be written are kept for the next try.
const KEPT: usize = 1 << 20;

/// Up to this length a journal that nobody else writes to is remembered by its writer.
const REMEMBERED: u64 = 64 << 10;

/// A session's journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    directory: Directory,
    id: SessionId,
    pub(super) file: File,
    /// Lines that are not in the file yet.
    pending: Vec<u8>,
    /// How many bytes of lines were given up.
    lost: usize,
    standing: Standing,
    /// What this process has written, as long as that is all there is: it need not be read again to be folded.
    remembered: Option<Remembered>,
}

/// The whole of a short journal.
#[derive(Debug, Default)]
struct Remembered {
    events: Vec<Event>,
    length: u64,
}

/// What this process is to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It opened the session.
    Opener,
    /// It opened the session and has promised to fold it.
    Holder,
    /// It joined a session.
    Guest,
}

impl Journal {
    /// Opens a new session. Its stamp is that of `now`, or of the next second that no other session has; the first
    /// event is written together with the next ones.
    ///
    /// # Errors
    /// When the directory or the journal cannot be made.
    pub fn open(directory: &Directory, now: Moment, build_info: &BuildInfo) -> Result<Self, Error> {
        let (id, file) = directory.create(now)?;
        let journal = Journal::new(directory, id, file, Standing::Opener);
        Ok(Journal { remembered: Some(Remembered::default()), ..journal }.started(now, build_info))
    }

    /// Joins the session `id`, and begins it if it has no journal yet.
    ///
    /// # Errors
    /// When the journal can be neither opened nor made.
    pub fn join(directory: &Directory, id: &SessionId, now: Moment, build_info: &BuildInfo) -> Result<Self, Error> {
        let (file, new) = directory.create_or_open(id)?;
        let mut journal = Journal::new(directory, id.clone(), file, Standing::Guest);
        if new {
            return Ok(journal.started(now, build_info));
        }
        let length = journal.length()?;
        let mut last = [b'\n'];
        if length > 0 {
            // An unreadable end is treated as a torn one: an empty line hurts nobody.
            let _ = journal.file.read_at(&mut last, length - 1).inspect_err(|_| last = [0]);
        }
        if last != [b'\n'] {
            journal.pending.push(b'\n');
        }
        Ok(journal)
    }

    /// Joins the session that `session` (the value of `WHEELTAP_SESSION`) names; opens one if it is unset or empty, and
    /// also, `degraded`, if it is no stamp.
    ///
    /// # Errors
    /// As [`Journal::open`] and [`Journal::join`].
    pub fn join_or_open(
        directory: &Directory,
        session: Option<&OsStr>,
        now: Moment,
        build_info: &BuildInfo,
    ) -> Result<Self, Error> {
        let Some(session) = session.filter(|session| !session.is_empty()) else {
            return Journal::open(directory, now, build_info);
        };
        if let Some(id) = session.to_str().and_then(SessionId::parse) {
            return Journal::join(directory, &id, now, build_info);
        }
        let mut journal = Journal::open(directory, now, build_info)?;
        let reason = format!("{SESSION_VARIABLE} is not a stamp YYYYMMDD_HHMMSS: this session stands alone");
        journal.stage(&Event::Degraded { at: now, invocation: None, reason });
        Ok(journal)
    }

    fn new(directory: &Directory, id: SessionId, file: File, standing: Standing) -> Self {
        let (directory, pending) = (directory.clone(), Vec::with_capacity(4096));
        Journal { directory, id, file, pending, lost: 0, standing, remembered: None }
    }

    fn started(mut self, at: Moment, build_info: &BuildInfo) -> Self {
        self.stage(&Event::SessionStarted {
            at,
            schema: SCHEMA,
            session: self.id.clone(),
            build_info: build_info.clone(),
        });
        self
    }

    /// The session's name, the value of `WHEELTAP_SESSION` for those who are to join.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The log directory, as it was given.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Where the session's files are.
    pub fn files(&self) -> Files {
        self.directory.files(&self.id)
    }

    /// Promises to fold the session at its end, so that those who join only append; they notice by themselves when
    /// this process is killed before it keeps the promise. Returns whether the promise is on record.
    pub fn hold(&mut self) -> bool {
        let held = flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if held {
            self.standing = Standing::Holder;
        }
        held
    }

    /// Appends `events` with a single `write`.
    ///
    /// # Errors
    /// When they cannot be written. They are kept, within bounds, and written by the next call that can.
    pub fn append(&mut self, events: &[Event]) -> Result<(), Error> {
        if self.lost > 0
            && let Some(at) = events.iter().find_map(Event::at)
        {
            let reason = format!("{} bytes of events could not be written to the journal", self.lost);
            self.stage(&Event::Degraded { at, invocation: None, reason });
            self.lost = 0;
        }
        for event in events {
            self.stage(event);
        }
        self.flush()
    }

    /// Writes what is not written yet, then folds the session and publishes its document and logs; unless a process
    /// that is alive has promised to do so, then `None`.
    ///
    /// # Errors
    /// When the journal cannot be read or a file cannot be written. Files that stand remain as they were.
    pub fn finish(&mut self) -> Result<Option<event::Session>, Error> {
        let flushed = self.flush();
        let promised = match self.standing {
            Standing::Opener => false,
            // The promise is given up before the journal is read: an event that is appended too late for this fold
            // has a writer who finds no promise.
            Standing::Holder => {
                let _ = flock(&self.file, FlockOperation::NonBlockingUnlock);
                false
            }
            // Shared, since several guests may ask at once; where locks do not work nobody can have promised.
            Standing::Guest => {
                flock(&self.file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
            }
        };
        let published = if promised { None } else { Some(self.publish()?) };
        flushed.map(|()| published)
    }

    /// All events, if every one of them was written by this process, and how long the journal is with them.
    pub(super) fn remembered(&mut self) -> Option<(Vec<Event>, u64)> {
        let Remembered { events, length } = self.remembered.take()?;
        (self.length().ok()? == length && self.pending.is_empty()).then_some((events, length))
    }

    /// How long the journal is now, whoever wrote it.
    pub(super) fn length(&self) -> Result<u64, Error> {
        let length = self.file.metadata().map(|metadata| metadata.len());
        length.map_err(|error| Error::io("read", &self.files().journal)(error))
    }

    /// Puts an event among the lines to write.
    fn stage(&mut self, event: &Event) {
        let start = self.pending.len();
        match json::line(&mut self.pending, event) {
            Ok(()) => {
                self.pending.push(b'\n');
                if let Some(remembered) = &mut self.remembered {
                    remembered.events.push(event.clone());
                }
            }
            Err(_) => {
                self.lost += self.pending.len() - start;
                self.pending.truncate(start);
            }
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        while !self.pending.is_empty() {
            match (&self.file).write(&self.pending) {
                Ok(0) => return self.keep(io::ErrorKind::WriteZero.into()),
                Ok(written) if written == self.pending.len() => {
                    self.pending.clear();
                    self.remembered.iter_mut().for_each(|all| all.length += written as u64);
                    self.remembered.take_if(|all| all.length > REMEMBERED);
                }
                Ok(written) => {
                    // The disk is full in the middle of a line, which is written again on a line of its own.
                    let whole =
                        self.pending[..written].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
                    self.pending.drain(..whole);
                    if whole < written {
                        self.pending.insert(0, b'\n');
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.keep(error),
            }
        }
        Ok(())
    }

    /// Keeps what could not be written, unless it has become too much.
    fn keep(&mut self, error: io::Error) -> Result<(), Error> {
        if self.pending.len() > KEPT {
            self.lost += self.pending.len();
            self.pending.clear();
            // It may have followed a torn line.
            self.pending.push(b'\n');
        }
        Err(Error::io("append to", &self.files().journal)(error))
    }
}

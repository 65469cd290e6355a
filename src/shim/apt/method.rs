//! Our binary in the place of an acquire method: starts the real one and stands between it and apt.
//!
//! Every message is recorded by a single `write` before it is passed on, so that the record knows all that apt knows.
//! The configuration (601) is never recorded: it may hold credentials. Only what it says about the programs of the
//! methods is, because it tells whether any of them is not us.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::classify::apt::{Direction, entry};
use crate::shim::FileId;
use crate::supervise::{self, End, Listen, Program};

/// A message that is longer is passed on and not recorded.
const LONGEST: usize = 1 << 20;

/// Relays between apt and the method at `argv0`, which is the path of the real one.
pub(super) fn relay(argv0: OsString, record: &Path) -> End {
    let path = PathBuf::from(&argv0);
    if FileId::of(&path).is_none_or(|file| FileId::of(Path::new("/proc/self/exe")) == Some(file)) {
        return End::Code(127);
    }
    let program = Program { path: path.clone(), arguments: vec![argv0], environment: Vec::new() };
    if let Ok(file) = OpenOptions::new().append(true).open(record) {
        let method = path.file_name().unwrap_or_default().as_bytes().to_vec();
        let mut scribe = Scribe { file, method, to_method: Messages::default(), from_method: Messages::default() };
        scribe.write(&scribe.line(Direction::Started, path.as_os_str().as_bytes()));
        if let Ok(end) = supervise::converse(&program, &mut scribe) {
            scribe.write(&scribe.line(Direction::Ended, b"exit"));
            return end;
        }
    }
    // Without a record the real method takes our place.
    supervise::exec(&program);
    End::Code(126)
}

/// Records the messages.
struct Scribe {
    file: File,
    method: Vec<u8>,
    to_method: Messages,
    from_method: Messages,
}

impl Listen for Scribe {
    fn request(&mut self, bytes: &[u8]) {
        let mut lines = Vec::new();
        for message in self.to_method.complete(bytes) {
            if message.starts_with(b"601") {
                programs(&message).for_each(|program| lines.extend(self.line(Direction::Configured, program)));
            } else {
                lines.extend(self.line(Direction::ToMethod, &message));
            }
        }
        self.write(&lines);
    }

    fn answer(&mut self, bytes: &[u8]) {
        let mut lines = Vec::new();
        for message in self.from_method.complete(bytes) {
            if !message.starts_with(b"601") {
                lines.extend(self.line(Direction::FromMethod, &message));
            }
        }
        self.write(&lines);
    }
}

impl Scribe {
    fn line(&self, direction: Direction, message: &[u8]) -> Vec<u8> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        entry(since.as_micros() as i64, std::process::id(), &self.method, direction, message)
    }

    fn write(&mut self, lines: &[u8]) {
        if !lines.is_empty() {
            // What cannot be recorded is lost: the shim finds requests without answers.
            let _ = self.file.write_all(lines);
        }
    }
}

/// The lines `Dir::Bin::Methods::http=/path` of a configuration.
fn programs(configuration: &[u8]) -> impl Iterator<Item = &[u8]> {
    configuration.split(|byte| *byte == b'\n').filter_map(|line| {
        let item = line.strip_prefix(b"Config-Item: ")?;
        let name = item.get(..b"dir::bin::methods::".len())?;
        name.eq_ignore_ascii_case(b"dir::bin::methods::").then_some(item)
    })
}

/// Cuts one direction into messages, each of which ends with an empty line.
#[derive(Default)]
struct Messages {
    held: Vec<u8>,
}

impl Messages {
    fn complete(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.held.extend_from_slice(bytes);
        let (mut complete, mut start) = (Vec::new(), 0);
        while let Some(end) = memchr::memmem::find(&self.held[start..], b"\n\n") {
            let message = self.held[start..start + end].trim_ascii_start();
            if !message.is_empty() && message.len() <= LONGEST {
                complete.push(message.to_vec());
            }
            start += end + 2;
        }
        self.held.drain(..start);
        // An endless message keeps its first line only, which is enough to be passed over.
        self.held.truncate(2 * LONGEST);
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::{Messages, programs};

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let text = b"100 Capabilities\nVersion: 1.2\n\n\n600 URI Acquire\nURI: http://a.example/x\n\n601 Con";
        for size in 1..text.len() {
            let mut messages = Messages::default();
            let found: Vec<_> = text.chunks(size).flat_map(|piece| messages.complete(piece)).collect();
            assert_eq!(found.len(), 2, "in pieces of {size}");
            assert_eq!(found[1], b"600 URI Acquire\nURI: http://a.example/x");
        }
    }

    #[test]
    fn of_the_configuration_only_the_programs_are_taken() {
        let text = b"601 Configuration\nConfig-Item: Acquire::http::Proxy=http://u:p@a.example\n\
            Config-Item: Dir::Bin::methods::http=/proc/7/exe\nConfig-Item: Dir::Bin::methods=/usr/lib";
        assert_eq!(programs(text).collect::<Vec<_>>(), [b"Dir::Bin::methods::http=/proc/7/exe"]);
    }
}

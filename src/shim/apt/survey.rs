//! Asking afterwards: packages that apt had, and said nothing of to anybody.
//!
//! In a run that goes no further than the archives (`--download-only`, `download`, `source`, a fetch that failed) what
//! lay there already is mentioned neither in messages nor to the hook. apt itself tells it when it is asked again
//! (`--print-uris`, with archives that do not exist), and the state that the answer depends on is the same as before.
//! Only asked where the disk holds files that could be meant.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use super::command::{Command, Verb};
use super::disk::{ARCHIVES, Disk, LISTS, names};
use super::hook::digest;
use crate::classify::apt::{Classifier, Found, Planned};
use crate::event::{Evidence, Origin, text};
use crate::supervise::{End, Setting};

/// A run that has ended.
pub(super) struct Survey<'a> {
    pub(super) command: Command,
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [OsString],
    pub(super) disk: &'a Disk,
    pub(super) end: End,
}

/// Suffixes of files of packages.
const PACKAGES: [&str; 3] = [".deb", ".udeb", ".ddeb"];

impl Survey<'_> {
    /// Tells the classifier of the files that nothing else tells of.
    pub(super) fn tell(&self, classifier: &mut Classifier, messages: &[u8], handed_over: &[u8]) {
        let whole = classifier.is_complete();
        match self.command.verb {
            Verb::Update if !whole => self.lists(classifier),
            Verb::Update | Verb::Changelog => {}
            Verb::Download | Verb::Source => {
                self.packages(classifier, self.disk.directory(), whole);
            }
            Verb::Install => {
                let fetched = memchr::memmem::find(messages, b" 600 URI Acquire").is_some();
                let ended = matches!(self.end, End::Code(0 | 100));
                let short =
                    handed_over.is_empty() && (self.command.download_only || fetched || self.command.no_download);
                if ended && short || !whole {
                    self.packages(classifier, Path::new(ARCHIVES), whole);
                }
            }
        }
        classifier.surveyed();
    }

    /// Files of the plan in `directory`.
    fn packages(&self, classifier: &mut Classifier, directory: &Path, whole: bool) {
        let wanted = |path: &Path| !whole || self.disk.was_there(path) == Some(true);
        let named = |name: &OsString| {
            self.command.verb == Verb::Source
                || PACKAGES.iter().any(|suffix| name.as_bytes().ends_with(suffix.as_bytes()))
        };
        let candidates: Vec<_> =
            names(directory).into_iter().filter(|name| named(name) && wanted(&directory.join(name))).collect();
        if candidates.is_empty() {
            return;
        }
        for planned in self.plan() {
            let path = directory.join(&planned.filename);
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if metadata.len() != planned.size || !wanted(&path) {
                continue;
            }
            let (origin, reason) = self.origin(&planned, &path);
            classifier.found(Found {
                path: path.as_os_str().as_bytes().to_vec(),
                url: Some(planned.url),
                size: planned.size,
                sha256: digest(&path),
                origin,
                reason,
                evidence: vec![Evidence::PRINT_URIS, Evidence::LISTING],
            });
        }
    }

    fn origin(&self, planned: &Planned, path: &Path) -> (Origin, Option<String>) {
        let there = self.disk.was_there(path) == Some(true);
        let local = ["file:", "copy:", "cdrom:"].iter().any(|scheme| planned.url.starts_with(scheme.as_bytes()));
        match self.command.verb {
            _ if !there && local => (Origin::Local, None),
            _ if !there && self.disk.was_partial(&planned.filename) => (
                Origin::Unknown,
                Some("a part of it had been fetched before, and no message about the rest was heard".to_owned()),
            ),
            _ if !there => (Origin::Downloaded, None),
            Verb::Download | Verb::Source => (Origin::Destination, None),
            _ => (Origin::ArchiveCache, None),
        }
    }

    /// Indexes that the run put in their places, where no messages tell of them.
    fn lists(&self, classifier: &mut Classifier) {
        for name in names(Path::new(LISTS)) {
            let path = Path::new(LISTS).join(&name);
            let Some(there) = path.is_file().then(|| self.disk.was_there(&path)).flatten() else { continue };
            // The name is the URI without its scheme: that of a local repository begins with its path's first slash.
            let (origin, reason) = match (there, name.as_bytes().starts_with(b"_")) {
                _ if name == "lock" => continue,
                (true, _) => {
                    (Origin::Unknown, Some("it was not replaced: whether it was current was not heard".to_owned()))
                }
                (false, true) => (Origin::Local, None),
                (false, false) => (Origin::Downloaded, None),
            };
            let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
            let path = path.as_os_str().as_bytes().to_vec();
            let evidence = vec![Evidence::LISTING];
            classifier.found(Found { path, url: None, size, sha256: None, origin, reason, evidence });
        }
    }

    /// What apt says that it would fetch if it had nothing.
    fn plan(&self) -> Vec<Planned> {
        let options =
            ["-qq", "--print-uris", "-o", "Dir::Cache::archives=/nonexistent/", "-o", "Acquire::ForceHash=sha256"];
        // Where there is nothing, nothing is left out because it is there.
        let answer = self.ask(self.program).current_dir("/").args(options).args(&self.arguments[1..]).output();
        let stdout = answer.map(|output| output.stdout).unwrap_or_default();
        stdout.split(|byte| *byte == b'\n').filter_map(Planned::parse).collect()
    }

    /// Whether apt starts our binary as its methods.
    pub(super) fn is_in_force(&self, settings: &[Setting]) -> bool {
        let tool: PathBuf = self.program.with_file_name("apt-config");
        let mut question = self.ask(&tool);
        for (name, value) in settings {
            if let Some(value) = value {
                question.env(name, value);
            }
        }
        question.args(self.configuring()).args(["dump", "--format", "%F=%v%n"]);
        let Ok(answer) = question.output() else { return false };
        let expected = super::memory::of_ours("exe");
        let in_force = |scheme: &str| {
            let mut lines = answer.stdout.split(|byte| *byte == b'\n').map(text);
            let found = lines.find_map(|line| {
                let (key, value) = line.split_once('=')?;
                key.eq_ignore_ascii_case(&format!("Dir::Bin::Methods::{scheme}")).then(|| value.to_owned())
            });
            found.is_some_and(|found| Path::new(&found) == expected)
        };
        in_force("http") && in_force("https")
    }

    /// The options by which the command line changes the configuration.
    fn configuring(&self) -> Vec<OsString> {
        let mut options = Vec::new();
        let mut arguments = self.arguments.iter().skip(1);
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_bytes();
            if [&b"-c"[..], b"-o", b"--config-file", b"--option"].contains(&bytes) {
                options.push(argument.clone());
                options.extend(arguments.next().cloned());
            } else if [&b"-c"[..], b"-o", b"--config-file=", b"--option="].iter().any(|start| bytes.starts_with(start))
            {
                options.push(argument.clone());
            }
        }
        options
    }

    fn ask(&self, program: &Path) -> Process {
        let mut process = Process::new(program);
        process.stdin(Stdio::null()).stderr(Stdio::null());
        process
    }
}

//! What pip is told by its environment and its configuration files, each with the place that says so.
//!
//! pip's order: variables over files; a section named for the command over `[global]`; a later file over an earlier one;
//! what has no value is passed over.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::event::{Redactor, text};
use crate::shim::pip::{Environment, Inherited, files, lines};

/// The commands that use the cache.
const COMMANDS: [&str; 3] = ["install", "download", "wheel"];

/// Everything that configures the pip of an environment.
pub(super) struct Settings {
    files: Vec<(PathBuf, Vec<u8>)>,
    redactor: Redactor,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: OsString,
    /// `PIP_X=value`, or the line of a file, without secrets.
    pub(super) evidence: String,
    /// What takes it back.
    pub(super) remedy: String,
}

impl Settings {
    /// Reads them for the pip at `tool`.
    pub(super) fn read(tool: &Path, redactor: Redactor) -> Self {
        let files = files(false, tool, &Inherited).into_iter();
        let files = files.filter_map(|file| std::fs::read(&file).ok().map(|content| (file, content)));
        let mut files: Vec<_> = files.collect();
        files.dedup_by(|later, earlier| later.0 == earlier.0);
        Settings { files, redactor }
    }

    /// What says `option` to any command that downloads.
    pub(super) fn get(&self, option: &str) -> Option<Setting> {
        let variable = format!("PIP_{}", option.to_uppercase().replace('-', "_"));
        if let Some(value) = Inherited.given(&variable) {
            let shown = self.redactor.text(&format!("{variable}={}", text(value.as_encoded_bytes())));
            return Some(Setting { value, evidence: format!("`{shown}`"), remedy: format!("unset `{variable}`") });
        }
        let sections = COMMANDS.into_iter().chain(["global"]);
        sections.into_iter().find_map(|section| self.in_files(section, option))
    }

    fn in_files(&self, section: &str, option: &str) -> Option<Setting> {
        let mut last = None;
        for (file, content) in &self.files {
            for line in lines(content).filter(|line| line.section == section.as_bytes() && line.key == option) {
                let shown = self.redactor.text(&text(&line.value).replace('\n', " "));
                let place = format!("{}:{}", file.display(), line.number);
                last = Some(Setting {
                    evidence: format!("`{option} = {shown}` in [{section}], {place}"),
                    remedy: format!("remove line {} of `{}`", line.number, file.display()),
                    value: OsString::from_vec(line.value),
                });
            }
        }
        last.filter(|setting| !setting.value.is_empty())
    }

    /// Text as a record may show it.
    pub(super) fn shown(&self, value: &str) -> String {
        self.redactor.text(value)
    }
}

//! pip's cache on this machine: cold, disabled, broken or bypassed, as pip itself would find it.
//!
//! Refuses to read more of a body than its length: a cache may hold many gigabytes.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::check::{Check, Verdict};
use super::settings::{Setting, Settings};
use crate::cli::counted;
use crate::event::CacheState::{Broken, Bypassed, Cold, Disabled};
use crate::event::{
    PLAIN_INDEX, WHEELHOUSE_BESIDE_INDEX, directory_of_links, is_plain_index, shell_word, text, truth_value,
};
use crate::shim::pip::{Entries, Environment, Inherited, expand};

const CACHE: &str = "pip-cache";
const WHEELHOUSE: &str = "wheelhouse";

/// Looks at the cache that the pip at `tool` would use, and at what leads past it.
pub(super) fn checks(tool: &Path, settings: &Settings) -> Vec<Check> {
    let mut checks = vec![cache(tool, settings)];
    checks.extend(plain_index(settings));
    checks.extend(links(settings));
    checks
}

fn cache(tool: &Path, settings: &Settings) -> Check {
    if let Some(setting) = settings.get("no-cache-dir") {
        return disabled(&setting);
    }
    let Some((directory, evidence)) = directory(settings) else {
        return Verdict::Note.of(CACHE, "pip's cache: neither `HOME` nor `PIP_CACHE_DIR` says where it is");
    };
    let shown = settings.shown(&directory.display().to_string());
    let place = format!("pip's cache `{shown}`");
    if let Some(unusable) = not_owned(&directory, &place) {
        return unusable;
    }
    if let Some(other) = of_the_caller(&directory) {
        let text = format!("{place} is root's: under sudo pip does not look into `{}`", other.display());
        let evidence = "`SUDO_UID` is set, and pip's cache is below the home of whoever runs it";
        return Verdict::Cache(Bypassed)
            .of(CACHE, text)
            .seen_by(evidence)
            .hint("run pip without sudo, in a virtual environment");
    }
    let entries = Entries::of(&directory);
    if let Some((path, reason)) = entries.unsound.first() {
        let count = counted(entries.unsound.len(), "entry", "entries");
        let consequence = match entries.unsound.iter().any(|(_, reason)| reason.is_fatal()) {
            true => "pip fails where it needs such a one",
            false => "pip passes over such a one and downloads again",
        };
        return Verdict::Cache(Broken)
            .of(CACHE, format!("{place}: {count} of {} cannot be used; {consequence}", entries.responses))
            .seen_by(format!("`{}`: {reason}", path.display()))
            .hint(format!("`{} cache purge`", tool.file_name().unwrap_or(OsStr::new("pip")).display()));
    }
    match (entries.responses, entries.wheels) {
        (0, 0) => {
            let filled = format!("{place}: empty; the first run that downloads fills it");
            Verdict::Cache(Cold).of(CACHE, filled).seen_by(evidence)
        }
        (responses, wheels) => {
            let responses = counted(responses, "response", "responses");
            let wheels = counted(wheels, "built wheel", "built wheels");
            Verdict::Ok.of(CACHE, format!("{place}: {responses}, {wheels}")).seen_by(evidence)
        }
    }
}

/// Any value disables, those for no included; what is no truth value at all, pip refuses.
fn disabled(setting: &Setting) -> Check {
    let value = text(setting.value.as_encoded_bytes()).to_lowercase();
    if truth_value(&value).is_none() {
        return Verdict::Cache(Broken)
            .of(CACHE, "pip's cache: pip refuses to start, since `no-cache-dir` has no truth value")
            .seen_by(&setting.evidence)
            .hint(&setting.remedy);
    }
    let says_no = ["n", "no", "f", "false", "off", "0"].contains(&value.as_str());
    let why = if says_no { ": to pip a no disables it as well" } else { "" };
    Verdict::Cache(Disabled)
        .of(CACHE, format!("pip's cache: nothing is kept, so that everything is downloaded every time{why}"))
        .seen_by(&setting.evidence)
        .hint(&setting.remedy)
}

/// Where the cache is, and what says so.
fn directory(settings: &Settings) -> Option<(PathBuf, String)> {
    if let Some(setting) = settings.get("cache-dir") {
        let path = expand(setting.value.as_encoded_bytes(), &Inherited);
        return Some((std::path::absolute(path).ok()?, setting.evidence));
    }
    if let Some(base) = Inherited.given("XDG_CACHE_HOME") {
        return Some((Path::new(&base).join("pip"), "`XDG_CACHE_HOME`".to_owned()));
    }
    let home = Inherited.given("HOME")?;
    Some((Path::new(&home).join(".cache/pip"), "pip's default".to_owned()))
}

/// pip's own test (`check_path_owner`): for root the directory, or the nearest one above it that exists, must be root's
/// own; others must be able to write there. Below, pip fails to write without a word.
fn not_owned(directory: &Path, place: &str) -> Option<Check> {
    let euid = rustix::process::geteuid();
    let existing = directory.ancestors().find(|above| above.symlink_metadata().is_ok())?;
    let writable = access(existing, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let owner = existing.metadata().ok().map(|metadata| metadata.uid());
    let usable = if euid.is_root() { owner == Some(0) } else { writable };
    let broken = |text: String, evidence: String, remedy: String| {
        Some(Verdict::Cache(Broken).of(CACHE, text).seen_by(evidence).hint(remedy))
    };
    let (owner, uid) = (owner.map_or("nobody".to_owned(), |owner| owner.to_string()), euid.as_raw());
    if !usable {
        let text = format!("{place}: pip warns, and keeps nothing: it is not owned or not writable");
        let evidence = format!("`{}` belongs to user {owner}, and this is user {uid}", existing.display());
        return match euid.is_root() {
            true => broken(text, evidence, "`sudo -H`, or `PIP_CACHE_DIR` with a directory of root's own".to_owned()),
            false => broken(text, evidence, format!("as root: {}", chown(existing, uid))),
        };
    }
    if !existing.is_dir() {
        let text = format!("{place}: pip keeps nothing and does not say so: it is no directory");
        let remedy = format!("remove `{}`, or name a directory with `PIP_CACHE_DIR`", existing.display());
        return broken(text, format!("`{}` is a file", existing.display()), remedy);
    }
    let below = ["http-v2", "http", "wheels"].map(|name| directory.join(name));
    let closed =
        below.iter().find(|part| part.exists() && access(*part, Access::WRITE_OK | Access::EXEC_OK).is_err())?;
    let owner = closed.metadata().map_or("nobody".to_owned(), |metadata| metadata.uid().to_string());
    broken(
        format!("{place}: pip keeps nothing and does not say so: `{}` is not writable", closed.display()),
        format!("it belongs to user {owner}, and this is user {uid}: an earlier run as another user made it"),
        format!("as root: {}", chown(directory, uid)),
    )
}

fn chown(path: &Path, uid: u32) -> String {
    format!("`chown -R {uid} {}`", shell_word(&text_of(path)))
}

fn text_of(path: &Path) -> String {
    text(path.as_os_str().as_encoded_bytes())
}

/// Under sudo: the cache of the user who called, where it holds something and is another one.
fn of_the_caller(directory: &Path) -> Option<PathBuf> {
    let uid = Inherited.given("SUDO_UID").filter(|uid| uid != "0")?.into_string().ok()?;
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let home = users.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        (fields.get(2) == Some(&uid.as_str())).then(|| fields.get(5).map(PathBuf::from))?
    })?;
    let cache = home.join(".cache/pip");
    (cache != directory && (cache.join("http-v2").exists() || cache.join("http").exists())).then_some(cache)
}

/// Over plain HTTP pip keeps nothing, unless the host is trusted.
fn plain_index(settings: &Settings) -> Option<Check> {
    let index = settings.get("index-url")?;
    let url = text(index.value.as_encoded_bytes());
    let trusted = settings.get("trusted-host").map(|hosts| text(hosts.value.as_encoded_bytes())).unwrap_or_default();
    is_plain_index(&url, trusted.split_whitespace()).then(|| {
        Verdict::Cache(Bypassed)
            .of(CACHE, format!("pip's cache: {PLAIN_INDEX}"))
            .seen_by(index.evidence)
            .hint("name the index by `https:`")
    })
}

/// A wheelhouse beside an index: pip takes the newest of both, and of two alike that of the index.
fn links(settings: &Settings) -> Option<Check> {
    let links = settings.get("find-links")?;
    let value = text(links.value.as_encoded_bytes());
    let directory = value.split_whitespace().find(|place| directory_of_links(place).is_some())?;
    let no_index =
        settings.get("no-index").filter(|setting| truth_value(&text(setting.value.as_encoded_bytes())) == Some(true));
    Some(match no_index {
        Some(no_index) => Verdict::Ok
            .of(WHEELHOUSE, format!("`{}` serves alone: no index is asked", settings.shown(directory)))
            .seen_by(format!("{}, {}", links.evidence, no_index.evidence)),
        None => Verdict::Cache(Bypassed).of(WHEELHOUSE, WHEELHOUSE_BESIDE_INDEX).seen_by(links.evidence).hint(
            "`PIP_NO_INDEX=1`; `wheeltap wheelhouse check --requirements FILE` says whether the wheelhouse suffices",
        ),
    })
}

//! apt's archives on this machine: whether a package that was fetched is still there when it is wanted again.
//!
//! What is configured is what `apt-config` says of it, `APT_CONFIG` and all files read; only the file that says it is
//! searched for by its text. Refuses to run apt itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::check::{Check, Verdict};
use crate::cli::counted;
use crate::event::CacheState::{Broken, Bypassed, Cold, Disabled};
use crate::event::{is_no_of_apt, shell_word, text};
use crate::store::{Collection, package_fault};

const CACHE: &str = "apt-cache";
/// Where apt's archives are on every Debian, where nothing else is configured.
const USUAL: &str = "/var/cache/apt/archives";

/// What apt-get is configured to do.
struct Configuration {
    settings: Vec<Setting>,
    archives: PathBuf,
    /// `Dir::Cache`.
    cache: PathBuf,
    /// The directory of configuration files.
    parts: PathBuf,
    /// Every configuration file.
    files: Vec<PathBuf>,
}

/// A key and its value; a list has one for each of its members, under a key of its own below the list's.
struct Setting {
    /// As it is written.
    key: String,
    /// The key that is meant, in small letters: apt makes no difference.
    name: String,
    value: String,
}

impl Setting {
    /// A line of `apt-config dump`. What is said to the program apt-get alone counts for it as if it were said to all.
    fn of(line: &str) -> Option<Self> {
        let (key, value) = line.split_once(" \"")?;
        let lower = key.to_ascii_lowercase();
        let name = lower.strip_prefix("binary::apt-get::").unwrap_or(&lower).to_owned();
        Some(Setting { key: key.to_owned(), name, value: value.strip_suffix("\";")?.to_owned() })
    }

    fn is_of_apt_get_alone(&self) -> bool {
        self.name.len() < self.key.len()
    }
}

/// Looks at the archives of the apt whose `apt-config` is at `tool`.
pub(super) fn checks(tool: &Path) -> Vec<Check> {
    let Some(configuration) = Configuration::ask(tool) else {
        let cannot = "apt's archives: `apt-config` does not answer, so that nothing is known of them";
        return vec![Verdict::Note.of(CACHE, cannot)];
    };
    let mut checks: Vec<Check> = configuration.refused().into_iter().collect();
    checks.extend(configuration.removing());
    checks.extend(configuration.forgetting());
    if checks.is_empty() {
        checks.extend(configuration.moved());
    }
    if checks.is_empty() {
        checks.push(contents(&configuration.archives));
    }
    checks
}

impl Configuration {
    fn ask(tool: &Path) -> Option<Self> {
        let ask = |arguments: &[&str]| {
            let output = Command::new(tool).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
            output.status.success().then(|| text(&output.stdout))
        };
        let settings = ask(&["dump"])?.lines().filter_map(Setting::of).collect();
        let wanted =
            ["A", "Dir::Cache::archives/d", "B", "Dir::Etc::parts/d", "C", "Dir::Etc::main/f", "D", "Dir::Cache/d"];
        let paths = ask(&[&["shell"], &wanted[..]].concat())?;
        // Without the slash at the end: a file is there without it alone.
        let path = |name: &str| {
            let line = paths.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("='"))?;
            Some(line.strip_suffix('\'')?.trim_end_matches('/'))
                .map(|path| PathBuf::from(if path.is_empty() { "/" } else { path }))
        };
        let parts = path("B").unwrap_or_default();
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&parts).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort_unstable();
        files.extend(path("C"));
        files.extend(std::env::var_os("APT_CONFIG").map(PathBuf::from));
        Some(Configuration { settings, archives: path("A")?, cache: path("D").unwrap_or_default(), parts, files })
    }

    /// The file in which something is said, by its text.
    fn said_in(&self, what: &str) -> Option<&Path> {
        let what = what.to_ascii_lowercase();
        let says = |file: &&PathBuf| {
            std::fs::read(file).is_ok_and(|content| {
                let content = text(&content).to_ascii_lowercase();
                let mut lines = content.lines().map(str::trim).filter(|line| !line.starts_with(['#', '/']));
                // What is said to the program apt alone is nothing to apt-get.
                lines.any(|line| line.contains(&what) && !line.starts_with("binary::apt::"))
            })
        };
        self.files.iter().find(says).map(PathBuf::as_path)
    }

    /// What apt takes for no directory of archives: it makes those below `Dir::Cache`, and no others.
    fn refused(&self) -> Option<Check> {
        let archives = &self.archives;
        let refuses =
            |why: &str| format!("apt's archives `{}`: apt refuses to install anything: {why}", archives.display());
        let partial = archives.join("partial");
        if let Some(file) = [archives, &partial].into_iter().find(|path| path.exists() && !path.is_dir()) {
            let check = Verdict::Cache(Broken).of(CACHE, refuses("it is no directory"));
            let remedy = format!("`rm {}`", shell_word(&shown(file)));
            return Some(check.seen_by(format!("`{}` is a file", file.display())).hint(remedy));
        }
        let base = if self.cache.ends_with("apt") { self.cache.parent()? } else { &self.cache };
        if archives.is_dir() || (archives.starts_with(base) && base.is_dir()) {
            return None;
        }
        let check = Verdict::Cache(Broken).of(CACHE, refuses("it is missing, and apt makes none there"));
        let remedy = format!("`mkdir -p {}`, or take that setting out", shell_word(&shown(archives)));
        Some(check.seen_by(self.place_of_archives()).hint(remedy))
    }

    /// The commands that remove packages, after each installation or each update.
    fn removing(&self) -> Vec<Check> {
        let removes = |value: &str| {
            ["rm ", "-delete", "unlink "].iter().any(|by| value.contains(by))
                && (value.contains(".deb") || value.contains("/archives"))
        };
        let hooks = [
            (
                "dpkg::post-invoke::",
                "each package is deleted once it is installed, so that it is downloaded every time",
            ),
            ("apt::update::post-invoke::", "all packages are deleted by each `apt-get update`"),
        ];
        let mut files = Vec::new();
        let mut checks = Vec::new();
        for (list, consequence) in hooks {
            let hook = self.settings.iter().find(|one| one.name.starts_with(list) && removes(&one.value));
            let Some(Setting { key, value, .. }) = hook else { continue };
            let file = self.said_in(value);
            // docker-clean says both, and is taken away once.
            if file.is_some() && files.contains(&file) {
                continue;
            }
            files.push(file);
            let key = key.trim_end_matches(':');
            let remedy = match file {
                // Nothing else stands in it.
                Some(file) if file.ends_with("docker-clean") => format!("`rm {}`", shell_word(&shown(file))),
                Some(file) => format!("take that out of `{}`", file.display()),
                None => format!("take `{key}` out of apt's configuration"),
            };
            let check = Verdict::Cache(Disabled).of(CACHE, format!("apt's archives: {consequence}"));
            checks.push(check.seen_by(format!("`{key} {{ \"{value}\" }}`{}", place(file))).hint(remedy));
        }
        checks
    }

    /// The setting that makes apt-get remove packages itself.
    fn forgetting(&self) -> Option<Check> {
        let named = || self.settings.iter().filter(|one| one.name == "apt::keep-downloaded-packages");
        let setting = named().find(|one| one.is_of_apt_get_alone()).or_else(|| named().next())?;
        if !is_no_of_apt(&setting.value) {
            return None;
        }
        let Setting { key, value, .. } = setting;
        let file = self.said_in("Keep-Downloaded-Packages");
        let later = self.parts.join("zz-keep-packages");
        let remedy = match file {
            // The files of that directory are read in the order of their names, and the one file after them.
            Some(file) if !file.starts_with(&self.parts) => format!("take it out of `{}`", file.display()),
            _ => format!("`echo '{key} \"true\";' > {}`", shell_word(&shown(&later))),
        };
        let check =
            Verdict::Cache(Disabled).of(CACHE, "apt's archives: apt is told to keep no package that it has installed");
        Some(check.seen_by(format!("`{key} \"{value}\";`{}", place(file))).hint(remedy))
    }

    /// What says where the archives are.
    fn place_of_archives(&self) -> String {
        let keys = ["Dir::Cache::archives", "Dir::Cache", "Dir"];
        let said = keys.iter().find_map(|key| self.said_in(key).map(|file| format!("`{key}` in `{}`", file.display())));
        said.unwrap_or_else(|| "`apt-config shell X Dir::Cache::archives/d`".to_owned())
    }

    /// Archives that are elsewhere, while packages lie where they usually are.
    fn moved(&self) -> Option<Check> {
        let usual = Path::new(USUAL);
        if self.archives == usual {
            return None;
        }
        let left = Collection::AptArchives.members(usual).map_or(0, |members| members.len());
        let has = Collection::AptArchives.members(&self.archives).map_or(0, |members| members.len());
        let archives = shown(&self.archives);
        let bypassed = left > 0 && has == 0;
        bypassed.then(|| {
            let lie = if left == 1 { "lies" } else { "lie" };
            let left = counted(left, "package", "packages");
            let check = Verdict::Cache(Bypassed).of(
                CACHE,
                format!("apt's archives: apt looks into `{archives}`, which has none; {left} {lie} in `{USUAL}`"),
            );
            let into = shell_word(&archives);
            // apt makes what is missing only when it comes to it.
            let remedy = format!("`mkdir -p {into} && mv {USUAL}/*.deb {into}`, or take that setting out");
            check.seen_by(self.place_of_archives()).hint(remedy)
        })
    }
}

fn shown(path: &Path) -> String {
    text(path.as_os_str().as_encoded_bytes())
}

fn place(file: Option<&Path>) -> String {
    file.map_or(String::new(), |file| format!(" in `{}`", file.display()))
}

/// What lies there.
fn contents(archives: &Path) -> Check {
    let place = format!("apt's archives `{}`", archives.display());
    let members = Collection::AptArchives.members(archives).unwrap_or_default();
    let faults: Vec<_> = members.iter().filter_map(|member| Some((member, package_fault(&member.path)?))).collect();
    match (faults.first(), members.len()) {
        (Some((member, reason)), count) => {
            let files: Vec<_> = faults.iter().map(|(member, _)| shell_word(&shown(&member.path))).collect();
            Verdict::Cache(Broken)
                .of(CACHE, format!("{place}: {} of {count} packages cannot be used", faults.len()))
                .seen_by(format!("`{}`: {reason}", member.filename))
                .hint(format!("`rm {}`", files.join(" ")))
        }
        (None, 0) => Verdict::Cache(Cold).of(CACHE, format!("{place}: empty; the first installation fills it")),
        (None, count) => Verdict::Ok.of(CACHE, format!("{place}: {}", counted(count, "package", "packages"))),
    }
}

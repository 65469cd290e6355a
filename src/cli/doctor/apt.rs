//! apt's archives on this machine: whether a package that was fetched is still there when it is wanted again.
//!
//! What is configured is what `apt-config` says of it, `APT_CONFIG` and all files read; only the file that says it is
//! searched for by its text. Refuses to run apt itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::check::{Check, Verdict};
use crate::cli::counted;
use crate::event::CacheState::{Broken, Bypassed, Cold, Disabled};
use crate::event::{shell_word, text};
use crate::store::{Collection, package_fault};

const CACHE: &str = "apt-cache";
/// Where apt's archives are on every Debian, where nothing else is configured.
const USUAL: &str = "/var/cache/apt/archives";

/// What apt is configured to do.
struct Configuration {
    /// Keys and values; a list has one line for each of its values, under a key that ends in `::`.
    values: Vec<(String, String)>,
    archives: PathBuf,
    /// The directory of configuration files, and the one file.
    files: Vec<PathBuf>,
}

/// Looks at the archives of the apt whose `apt-config` is at `tool`.
pub(super) fn checks(tool: &Path) -> Vec<Check> {
    let Some(configuration) = Configuration::ask(tool) else {
        let cannot = "apt's archives: `apt-config` does not answer, so that nothing is known of them";
        return vec![Verdict::Note.of(CACHE, cannot)];
    };
    let mut checks: Vec<Check> = configuration.removing().collect();
    checks.extend(configuration.moved());
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
        let dump = ask(&["dump"])?;
        let values = dump.lines().filter_map(|line| {
            let (key, value) = line.split_once(" \"")?;
            Some((key.to_owned(), value.strip_suffix("\";")?.to_owned()))
        });
        let paths = ask(&["shell", "A", "Dir::Cache::archives/d", "B", "Dir::Etc::parts/d", "C", "Dir::Etc::main/f"])?;
        let path = |name: &str| {
            let line = paths.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("='"))?;
            Some(PathBuf::from(line.strip_suffix('\'')?))
        };
        let parts = path("B").into_iter().flat_map(|directory| std::fs::read_dir(directory).into_iter().flatten());
        let mut files: Vec<PathBuf> = parts.flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.extend(path("C"));
        files.extend(std::env::var_os("APT_CONFIG").map(PathBuf::from));
        Some(Configuration { values: values.collect(), archives: path("A")?, files })
    }

    /// The file in which something is said, by its text.
    fn said_in(&self, what: &str) -> Option<PathBuf> {
        let says = |file: &&PathBuf| {
            std::fs::read(file).is_ok_and(|content| {
                let content = text(&content);
                let mut lines = content.lines().map(str::trim).filter(|line| !line.starts_with(['#', '/']));
                lines.any(|line| line.contains(what))
            })
        };
        self.files.iter().find(says).cloned()
    }

    /// What makes apt remove a package once it is installed.
    fn removing(&self) -> impl Iterator<Item = Check> {
        let after = |key: &str| matches!(key, "DPkg::Post-Invoke::" | "APT::Update::Post-Invoke::");
        let removes = |value: &str| value.contains("rm ") && (value.contains(".deb") || value.contains("/archives"));
        let hook = self.values.iter().find(|(key, value)| after(key) && removes(value));
        let hook = hook.map(|(key, value)| {
            let key = key.trim_end_matches(':');
            let file = self.said_in(value);
            let place = file.as_ref().map_or(String::new(), |file| format!(" in `{}`", file.display()));
            let remedy = match &file {
                Some(file) => format!("rm {}", shell_word(&text(file.as_os_str().as_encoded_bytes()))),
                None => format!("take `{key}` out of apt's configuration"),
            };
            Verdict::Cache(Disabled)
                .of(
                    CACHE,
                    "apt's archives: each package is deleted once it is installed, so that it is downloaded every time",
                )
                .seen_by(format!("`{key} {{ \"{value}\" }}`{place}"))
                .hint(format!("`{remedy}`"))
        });
        let option = "APT::Keep-Downloaded-Packages";
        let is_no = |value: &str| {
            ["0", "no", "false", "without", "off", "disable"].contains(&value.to_ascii_lowercase().as_str())
        };
        let told = self.values.iter().find(|(key, value)| key == option && is_no(value)).map(|(_, value)| {
            let file = self.said_in("Keep-Downloaded-Packages");
            let place = file.map_or(String::new(), |file| format!(" in `{}`", file.display()));
            Verdict::Cache(Disabled)
                .of(CACHE, "apt's archives: apt is told to keep no package that it has installed")
                .seen_by(format!("`{option} \"{value}\";`{place}"))
                .hint(format!("`{option} \"true\";` in a file of /etc/apt/apt.conf.d that comes last"))
        });
        hook.into_iter().chain(told)
    }

    /// Archives that are elsewhere, while packages lie where they usually are.
    fn moved(&self) -> Option<Check> {
        let archives = self.archives.to_string_lossy();
        let archives = archives.trim_end_matches('/');
        if archives == USUAL {
            return None;
        }
        let left = Collection::AptArchives.members(Path::new(USUAL)).map_or(0, |members| members.len());
        let has = Collection::AptArchives.members(&self.archives).map_or(0, |members| members.len());
        let keys = ["Dir::Cache::archives", "Dir::Cache", "Dir"];
        let said = keys.iter().find_map(|key| self.said_in(key).map(|file| format!("`{key}` in `{}`", file.display())));
        let evidence = said.unwrap_or_else(|| "`apt-config shell X Dir::Cache::archives/d`".to_owned());
        let bypassed = left > 0 && has == 0;
        bypassed.then(|| {
            let left = counted(left, "package", "packages");
            Verdict::Cache(Bypassed)
                .of(
                    CACHE,
                    format!("apt's archives: apt looks into `{archives}`, which has none; {left} lie in `{USUAL}`"),
                )
                .seen_by(evidence)
                .hint(format!("`mv {USUAL}/*.deb {}/`, or take that setting out", shell_word(archives)))
        })
    }
}

/// What lies there.
fn contents(archives: &Path) -> Check {
    let place = format!("apt's archives `{}`", archives.display());
    if archives.exists() && !archives.is_dir() {
        return Verdict::Cache(Broken)
            .of(CACHE, format!("{place}: apt refuses to install anything: it is no directory"))
            .seen_by(format!("`{}` is a file", archives.display()))
            .hint(format!("`rm {}`", shell_word(&archives.to_string_lossy())));
    }
    let members = Collection::AptArchives.members(archives).unwrap_or_default();
    let faults: Vec<_> = members.iter().filter_map(|member| Some((member, package_fault(&member.path)?))).collect();
    match (faults.first(), members.len()) {
        (Some((member, reason)), count) => Verdict::Cache(Broken)
            .of(CACHE, format!("{place}: {} of {count} packages cannot be used", faults.len()))
            .seen_by(format!("`{}`: {reason}", member.filename))
            .hint(format!("`rm {}`", shell_word(&member.path.to_string_lossy()))),
        (None, 0) => Verdict::Cache(Cold).of(CACHE, format!("{place}: empty; the first installation fills it")),
        (None, count) => Verdict::Ok.of(CACHE, format!("{place}: {}", counted(count, "package", "packages"))),
    }
}

//! `wheeltap shims install|uninstall|status`: the life of the links that lie ahead of the real tools on `PATH`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::links::{self, INTERPRETERS, Place, TOOLS};
use super::{Console, Hint as _, Status, Tone};

/// Put links named `pip`, `pip3`, `apt-get`, ... ahead of the real tools, so that every run of them is recorded
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap shims install
  export PATH=\"$HOME/.local/share/wheeltap/shims:$PATH\"
  pip install requests          # recorded under logs/build/
  wheeltap report

  wheeltap shims install --dir /opt/wheeltap/shims --python
  wheeltap shims status
  wheeltap shims uninstall")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make the links; what is there already is left, a foreign file is never overwritten
    Install(Choice),
    /// Remove the links, and their directories if nothing else is in them
    Uninstall(Directory),
    /// Say which links there are, and whether `PATH` finds them first
    Status(Directory),
}

#[derive(Debug, clap::Args)]
struct Directory {
    /// The directory of the links; those of the interpreters lie beside it, in `DIR-python`
    #[arg(long, value_name = "DIR", help = "The directory of the links [default: ~/.local/share/wheeltap/shims]")]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Choice {
    #[command(flatten)]
    directory: Directory,
    /// Make links named `python`, `python3`, ... too, in `DIR-python`, so that `python -m pip` is recorded
    #[arg(long)]
    python: bool,
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    match arguments.verb {
        Verb::Install(choice) => install(&choice.directory.families()?, choice.python, console),
        Verb::Uninstall(directory) => uninstall(&directory.families()?, console),
        Verb::Status(directory) => status(&directory.families()?, console),
    }
}

/// One directory of links.
struct Family {
    directory: PathBuf,
    names: &'static [&'static str],
}

impl Directory {
    fn families(self) -> anyhow::Result<[Family; 2]> {
        let directory = match self.dir {
            Some(dir) => std::path::absolute(&dir).with_context(|| format!("cannot use `{}`", dir.display()))?,
            None => default_directory()?,
        };
        let mut interpreters = directory.clone().into_os_string();
        interpreters.push("-python");
        Ok([Family { directory, names: &TOOLS }, Family { directory: interpreters.into(), names: &INTERPRETERS }])
    }
}

/// `$XDG_DATA_HOME/wheeltap/shims`, by default below `~/.local/share`.
pub(super) fn default_directory() -> anyhow::Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    let data = data.context("cannot find the home directory").hint("set `HOME`, or name a directory with `--dir`")?;
    Ok(data.join("wheeltap/shims"))
}

impl Family {
    /// Every name with what lies there.
    fn look(&self, executable: &Path) -> anyhow::Result<Vec<(&'static str, Place)>> {
        let look = |name| links::look(&self.directory.join(name), executable).map(|place| (name, place));
        let places: std::io::Result<Vec<_>> = self.names.iter().map(|&name| look(name)).collect();
        places.with_context(|| format!("cannot look into `{}`", self.directory.display()))
    }
}

fn install([tools, interpreters]: &[Family; 2], python: bool, console: &mut Console) -> anyhow::Result<Status> {
    let executable = executable()?;
    let chosen = if python { vec![tools, interpreters] } else { vec![tools] };
    let mut found = Vec::new();
    for family in &chosen {
        let places = family.look(&executable)?;
        let foreign: Vec<_> =
            places.iter().filter(|(_, place)| *place == Place::Foreign).map(|(name, _)| *name).collect();
        if !foreign.is_empty() {
            let message =
                format!("`{}` holds files that are no shims: {}", family.directory.display(), foreign.join(", "));
            return Err(anyhow::anyhow!(message)).hint("nothing was changed; name another directory with `--dir`");
        }
        found.push(places);
    }
    for (family, places) in chosen.iter().zip(found) {
        fs_err::create_dir_all(&family.directory).context("cannot make the directory of the shims")?;
        let missing: Vec<_> = places.iter().filter(|(_, place)| *place != Place::Ours).map(|(name, _)| name).collect();
        for name in &missing {
            let path = family.directory.join(name);
            links::lay(&path, &executable).with_context(|| format!("cannot make the link `{}`", path.display()))?;
        }
        console.line(&format!(
            "`{}`: {} new, {} already there",
            family.directory.display(),
            missing.len(),
            places.len() - missing.len()
        ))?;
    }
    advise(&chosen, console);
    Ok(Status::Ok)
}

/// Says what to put on `PATH`, unless it is there.
fn advise(families: &[&Family], console: &mut Console) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&path);
    if !families.iter().all(|family| on_path.next().as_deref() == Some(&family.directory)) {
        let wanted: Vec<_> = families.iter().map(|family| family.directory.display().to_string()).collect();
        console.say(
            Tone::Hint,
            "hint",
            &format!("put them first on PATH: `export PATH=\"{}:$PATH\"`", wanted.join(":")),
        );
    }
}

fn uninstall(families: &[Family; 2], console: &mut Console) -> anyhow::Result<Status> {
    let executable = executable()?;
    let mut removed = 0;
    for family in families {
        for (name, place) in family.look(&executable)? {
            let path = family.directory.join(name);
            let is_link = path.is_symlink();
            match place {
                Place::Ours | Place::Stale(_) if is_link => {
                    fs_err::remove_file(&path).context("cannot remove the shim")?;
                    removed += 1;
                }
                Place::Free => {}
                _ => console.say(
                    Tone::Doubtful,
                    "warning",
                    &format!("left alone, as it is no shim: `{}`", path.display()),
                ),
            }
        }
        // Only an empty directory goes: whatever else is in it is not ours.
        let _ = std::fs::remove_dir(&family.directory);
    }
    let plural = if removed == 1 { "link" } else { "links" };
    console.line(&format!("`{}`: {removed} {plural} removed", families[0].directory.display()))?;
    Ok(Status::Ok)
}

fn status(families: &[Family; 2], console: &mut Console) -> anyhow::Result<Status> {
    let executable = executable()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> = std::env::split_paths(&path).collect();
    let mut all_is_well = true;
    for (family, is_optional) in families.iter().zip([false, true]) {
        let directory = family.directory.display();
        let places = family.look(&executable)?;
        if places.iter().all(|(_, place)| *place == Place::Free) {
            let (tone, word) = if is_optional { (Tone::Hint, "optional") } else { (Tone::Bad, "missing") };
            console.line_with(tone, word, &format!("`{directory}`: no shims for {}", family.names[..2].join(", ")))?;
            all_is_well &= is_optional;
            continue;
        }
        let faults = faults(family, &places, &on_path, &executable);
        if faults.is_empty() {
            console.line_with(Tone::Good, "ok", &format!("`{directory}`: {}", family.names.join(", ")))?;
        }
        all_is_well &= faults.is_empty();
        for (word, text) in faults {
            console.line_with(Tone::Bad, word, &text)?;
        }
    }
    if !all_is_well {
        let fix = format!("wheeltap shims install --dir {}", families[0].directory.display());
        console.say(Tone::Hint, "hint", &format!("`{fix}` mends the links and says what to put on PATH"));
    }
    Ok(if all_is_well { Status::Ok } else { Status::Finding })
}

/// What keeps the shims of one directory from being found and from being ours: a word and a text each.
fn faults(
    family: &Family,
    places: &[(&str, Place)],
    on_path: &[PathBuf],
    executable: &Path,
) -> Vec<(&'static str, String)> {
    let directory = family.directory.display();
    let fault = |(name, place): &(&str, Place)| match place {
        Place::Ours => None,
        Place::Stale(target) => Some(("stale", format!("`{directory}/{name}` leads to `{}`", target.display()))),
        Place::Free => Some(("missing", format!("`{directory}/{name}`"))),
        Place::Foreign => Some(("foreign", format!("`{directory}/{name}` is no shim"))),
    };
    let mut faults: Vec<_> = places.iter().filter_map(fault).collect();
    match on_path.iter().position(|entry| links::is_same_file(entry, &family.directory)) {
        None => faults.push(("unused", format!("`{directory}` is not on PATH"))),
        Some(at) => faults.extend(
            hidden(family, &on_path[..at], executable)
                .into_iter()
                .map(|(name, by)| ("hidden", format!("`{directory}/{name}`: PATH finds `{}` first", by.display()))),
        ),
    }
    faults
}

/// The names for which an earlier entry of `PATH` has an executable that is not ours.
fn hidden(family: &Family, earlier: &[PathBuf], executable: &Path) -> Vec<(&'static str, PathBuf)> {
    let found = |name: &&'static str| {
        let hides = |path: &PathBuf| {
            rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
                && path.is_file()
                && !links::is_same_file(path, executable)
        };
        earlier.iter().map(|entry| entry.join(name)).find(hides).map(|path| (*name, path))
    };
    family.names.iter().filter_map(found).collect()
}

/// This executable, to which the links lead.
pub(super) fn executable() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot find this executable")?;
    if !executable.exists() {
        bail!("cannot link to this executable: it was replaced or removed while it ran");
    }
    Ok(executable)
}

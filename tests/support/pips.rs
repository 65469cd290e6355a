//! Real pips, each in a virtual environment of its own under `target/pips/<version>`.
//!
//! Made once, from PyPI, through the ordinary environment of the machine; whoever runs them afterwards clears the
//! environment. Treat them as read-only: what installs packages works on a copy ([`RealPip::copy_to`]).
//! `rm -r target/pips/newest` fetches the newest pip anew.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use super::{requires, tree};

/// Stands for the newest pip that PyPI had when the environment was made.
pub(crate) const NEWEST: &str = "newest";

/// The pips that are tested, oldest first.
pub(crate) const VERSIONS: [&str; 6] = ["20.3.4", "22.3.1", "23.0.1", "24.0", "25.3", NEWEST];

/// Says in an environment's directory that it is whole, and holds pip's real version.
const WHOLE: &str = ".whole";

/// One pip that is there.
#[derive(Clone, Debug)]
pub(crate) struct RealPip {
    /// Its real version, also for [`NEWEST`].
    pub(crate) version: String,
    /// Its virtual environment.
    pub(crate) venv: PathBuf,
}

impl RealPip {
    /// The pip `wanted`; `None` where it cannot be had, of which a test then says that it is passed over.
    ///
    /// # Panics
    /// When everything is required.
    #[track_caller]
    pub(crate) fn required(wanted: &str) -> Option<RealPip> {
        RealPip::provide(wanted).map_err(|lack| assert!(!requires::met(&lack, false))).ok()
    }

    /// The pip `wanted`, made if it is not there yet. The error says why it cannot be had on this machine.
    pub(crate) fn provide(wanted: &str) -> Result<RealPip, String> {
        let pips = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pips");
        fs::create_dir_all(&pips).map_err(|error| format!("cannot make {}: {error}", pips.display()))?;
        let lock = fs::File::create(pips.join(format!("{wanted}.lock"))).map_err(|error| error.to_string())?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| error.to_string())?;
        let venv = pips.join(wanted);
        if let Ok(version) = fs::read_to_string(venv.join(WHOLE)) {
            return Ok(RealPip { version, venv });
        }
        // Scripts hold their environment's path, so it is made in its place and not renamed; the mark comes last.
        let _ = fs::remove_dir_all(&venv);
        let version = make(wanted, &venv)?;
        fs::write(venv.join(WHOLE), &version).map_err(|error| error.to_string())?;
        Ok(RealPip { version, venv })
    }

    /// Major and minor version, to compare: `(20, 3)`.
    pub(crate) fn release(&self) -> (u32, u32) {
        let mut numbers = self.version.split('.').map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    /// The interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// An environment like it at `place`, which must not exist, to install into: what it came with are links to
    /// directories that nobody may write to, everything else is its own.
    pub(crate) fn copy_to(&self, place: &Path) -> std::io::Result<()> {
        let packages = self.packages()?;
        let relative = packages.strip_prefix(&self.venv).expect("found below it");
        fs::create_dir_all(place.join(relative))?;
        for entry in fs::read_dir(&packages)? {
            let entry = entry?.path();
            let target = place.join(relative).join(entry.file_name().expect("an entry has a name"));
            match entry.is_dir() && !entry.to_string_lossy().ends_with("-info") {
                true => symlink(&entry, target)?,
                false if entry.is_dir() => tree::copy(&entry, &target)?,
                false => drop(fs::copy(&entry, &target)?),
            }
        }
        fs::copy(self.venv.join("pyvenv.cfg"), place.join("pyvenv.cfg"))?;
        fs::create_dir(place.join("bin"))?;
        symlink(fs::canonicalize(self.python())?, place.join("bin/python"))?;
        symlink("python", place.join("bin/python3"))?;
        let script = fs::read_to_string(self.venv.join("bin/pip"))?;
        // Whatever interpreter it names: a checkout that was moved or copied has environments that name another's.
        let body = script.split_once('\n').filter(|(first, _)| first.contains("/bin/python")).map(|(_, body)| body);
        let body = body.ok_or_else(|| std::io::Error::other("pip's script names no interpreter in its first line"))?;
        let script = format!("#!{}/bin/python\n{body}", place.display());
        for name in ["pip", "pip3"] {
            let path = place.join("bin").join(name);
            fs::write(&path, &script)?;
            fs::set_permissions(&path, fs::metadata(self.venv.join("bin/pip"))?.permissions())?;
        }
        Ok(())
    }
}

impl RealPip {
    /// The directory of installed packages.
    fn packages(&self) -> std::io::Result<PathBuf> {
        let versions = fs::read_dir(self.venv.join("lib"))?.collect::<Result<Vec<_>, _>>()?;
        let found = versions.into_iter().map(|version| version.path().join("site-packages")).find(|path| path.is_dir());
        found.ok_or_else(|| std::io::Error::other("no site-packages"))
    }
}

/// Makes the environment and returns pip's version.
fn make(wanted: &str, venv: &Path) -> Result<String, String> {
    let python = interpreter(wanted)?;
    run(Command::new(python).args(["-m", "venv"]).arg(venv))?;
    let python = venv.join("bin/python");
    let pip = |arguments: &[&str]| run(Command::new(&python).args(["-m", "pip", "-q"]).args(arguments));
    match wanted {
        NEWEST => pip(&["install", "--upgrade", "--no-cache-dir", "pip"])?,
        _ => pip(&["install", &format!("pip=={wanted}")])?,
    };
    match wanted {
        // Too old to build anything without these two.
        "20.3.4" => pip(&["install", "setuptools", "wheel"])?,
        // As a Python of today makes an environment: pip and nothing else.
        _ => pip(&["uninstall", "-y", "setuptools", "wheel"])?,
    };
    let shown = run(Command::new(&python).args(["-m", "pip", "--version"]))?;
    let version = shown.split_whitespace().nth(1).ok_or_else(|| format!("strange version: {shown}"))?;
    match wanted == NEWEST || wanted == version {
        true => Ok(version.to_owned()),
        false => Err(format!("asked for pip {wanted}, got {version}")),
    }
}

/// The real path of a Python that can run pip `wanted`: pips before 23.1 fail on 3.12 and later.
fn interpreter(wanted: &str) -> Result<PathBuf, String> {
    let newest_minor = if matches!(wanted, "20.3.4" | "22.3.1" | "23.0.1") { 11 } else { u32::MAX };
    let probe = "import sys; print(sys.version_info[1], sys.executable)";
    for name in ["python3.11", "python3", "python3.10", "python3.9"] {
        let Ok(shown) = run(Command::new(name).args(["-c", probe])) else { continue };
        if let Some((minor, path)) = shown.trim().split_once(' ')
            && minor.parse::<u32>().is_ok_and(|minor| (9..=newest_minor).contains(&minor))
        {
            return Ok(PathBuf::from(path));
        }
    }
    Err(format!("no Python that can run pip {wanted}: needs 3.9 or newer (for pips before 23.1 at most 3.11)"))
}

/// What the command printed; its error output if it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

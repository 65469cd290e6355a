//! What wheeltap advises and writes, proven by doing it: a lock is installed from, a remedy is applied.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod locks;
mod remedies;
mod served;
mod targets;

use std::path::Path;
use std::process::Command;

use sha2::{Digest as _, Sha256};
use support::pips::RealPip;
use support::requires;

pub(crate) fn digest(path: &Path) -> String {
    Sha256::digest(std::fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn pip(wanted: &str) -> Option<RealPip> {
    let pip = RealPip::provide(wanted);
    requires::met(&format!("no pip {wanted}: {:?}", pip.as_ref().err()), pip.is_ok()).then(|| pip.unwrap())
}

/// `pip` of an environment in a place of its own, with nothing of this machine's configuration.
pub(crate) fn pip_command(pip: &RealPip, place: &Path, line: &str) -> Command {
    let mut command = Command::new(pip.python());
    command.args(["-m", "pip"]).args(line.split(' ')).current_dir(place).env_clear();
    command
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place)
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("PIP_NO_INPUT", "1");
    command
}

pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

/// The console, with this pip as `pip` on PATH and nothing of this machine's configuration.
pub(crate) fn with_pip(pip: &RealPip, place: &Path, line: &str) -> Command {
    let tools = place.join("tools");
    if !tools.exists() {
        std::fs::create_dir_all(&tools).unwrap();
        let script = format!("#!/bin/sh\nexec {} -m pip \"$@\"\n", pip.python().display());
        std::fs::write(tools.join("pip"), script).unwrap();
        succeeds(Command::new("chmod").arg("+x").arg(tools.join("pip")));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(line.split(' ')).current_dir(place).env_clear().env("HOME", place);
    command.env("PATH", format!("{}:/usr/bin:/bin", tools.display())).env("PIP_CONFIG_FILE", "/dev/null");
    command
}

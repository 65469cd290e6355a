//! The real pips that other tests need can be had, and a copy of one works by itself.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::process::Command;

use support::pips::{RealPip, VERSIONS};

#[test]
fn a_copy_runs_its_own_pip() {
    for wanted in VERSIONS {
        let pip = RealPip::provide(wanted).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("venv");
        pip.copy_to(&place).unwrap();
        let output = Command::new(place.join("bin/pip")).arg("--version").env_clear().output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        let expected = format!("pip {} from {}/lib/", pip.version, place.display());
        assert!(shown.starts_with(&expected), "{shown:?} instead of {expected:?}");
    }
}

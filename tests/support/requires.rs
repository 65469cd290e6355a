//! What a test needs of the machine. A test whose need is not met says so by name and is passed over; with
//! `WHEELTAP_REQUIRE_ALL=1` it fails instead, so that CI cannot pass by skipping.
//!
//! ```ignore
//! if !requires::root() { return; }
//! if !requires::met("no strace", found("strace")) { return; }
//! ```

use std::io::Write;

/// Whether a test can run. If not, `skipped: <lack> (<test>)` is written past the capture of the test harness.
///
/// # Panics
/// When `met` is false and everything is required.
#[must_use]
#[track_caller]
pub(crate) fn met(lack: &str, met: bool) -> bool {
    if !met {
        let all = std::env::var_os("WHEELTAP_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!all, "{lack}, and WHEELTAP_REQUIRE_ALL=1 demands it");
        let thread = std::thread::current();
        let _ = writeln!(std::io::stderr(), "skipped: {lack} ({})", thread.name().unwrap_or("unnamed"));
    }
    met
}

/// Whether the test runs as root.
#[must_use]
#[track_caller]
pub(crate) fn root() -> bool {
    met("not root", rustix::process::geteuid().is_root())
}

/// Whether `program` is on PATH.
#[must_use]
#[track_caller]
pub(crate) fn program(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    met(&format!("no {program}"), found)
}

//! Metrics as those who will read them judge them: `promtool`, of Debian's package `prometheus`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::Place;
use crate::support::requires;

/// The one of this machine, else unpacked once under `target/`: no daemon is installed.
fn promtool() -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).map(|place| place.join("promtool")).find(|tool| tool.is_file()) {
        return Ok(found);
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/promtool");
    if !kept.exists() {
        let place = tempfile::tempdir_in(kept.parent().unwrap()).map_err(|error| error.to_string())?;
        let script = "apt-get -qq download prometheus && dpkg -x prometheus_*.deb .";
        let output = Command::new("sh").args(["-c", script]).current_dir(place.path()).output();
        let output = output.map_err(|error| error.to_string())?;
        let unpacked = place.path().join("usr/bin/promtool");
        if !unpacked.exists() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        std::fs::rename(unpacked, &kept).map_err(|error| error.to_string())?;
    }
    Ok(kept)
}

/// What it has to say, and whether it accepts.
fn judged(promtool: &Path, metrics: &str) -> (bool, String) {
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = check.spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn metrics_are_accepted_without_a_remark() {
    let promtool = promtool();
    if !requires::met(&format!("no promtool: {promtool:?}"), promtool.is_ok()) {
        return;
    }
    let (promtool, place) = (promtool.unwrap(), Place::new());
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/example-sessions");
    let mut make = place.command("python3");
    assert_eq!(place.of(make.arg(tool).arg(place.join("logs")).arg("--hostile")).status, Some(0));
    let metrics = place.says("export --format openmetrics logs").stdout;
    assert_eq!(judged(&promtool, &metrics), (true, String::new()), "{metrics}");
    // It is one that finds fault.
    let (accepts, remark) = judged(&promtool, &metrics.replacen("# HELP wheeltap_package_files ", "# HELP other ", 1));
    assert!(!accepts && remark.contains("wheeltap_package_files"), "{remark}");
}

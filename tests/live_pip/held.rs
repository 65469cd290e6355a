//! A pip that removes what it has downloaded as soon as somebody else holds it open, whatever it has said by then.

use std::fs;
use std::process::Command;

use super::support::requires;

/// Says what a real pip says of a wheel that it needs for a build, and ends in 1 if nobody takes hold of the file.
const PIP: &str = r#"#!/usr/bin/env python3
import os, sys, tempfile, time
directory = tempfile.mkdtemp(prefix="pip-unpack-")
path = os.path.join(directory, "one-1.0-py3-none-any.whl")
with open(path, "wb") as file:
    file.write(b"wheel")
descriptors = f"/proc/{os.getppid()}/fd"
is_held = lambda: any(os.path.realpath(f"{descriptors}/{name}") == path for name in os.listdir(descriptors))
deadline = time.monotonic() + 20
while not is_held():
    if time.monotonic() > deadline:
        sys.exit(1)
os.remove(path)
os.rmdir(directory)
"#;

#[test]
fn what_pip_removes_at_once_is_held_by_every_witness() {
    if !requires::program("python3") {
        return;
    }
    for witness in ["off", "counters", "observe"] {
        let place = tempfile::tempdir().unwrap();
        let (tools, shims) = (place.path().join("tools"), place.path().join("shims"));
        fs::create_dir(&tools).unwrap();
        fs::create_dir(&shims).unwrap();
        fs::write(tools.join("pip"), PIP).unwrap();
        fs::set_permissions(tools.join("pip"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wheeltap"), shims.join("pip")).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let path = [shims.clone(), tools].into_iter().chain(std::env::split_paths(&path));
        let status = Command::new(shims.join("pip"))
            .args(["install", "--no-cache-dir", "one"])
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("TMPDIR", place.path())
            .env("WHEELTAP_LOG_DIR", place.path().join("logs"))
            .env("WHEELTAP_WITNESS", witness)
            .status();
        assert!(status.unwrap().success(), "{witness}: nobody took hold of the file");
    }
}

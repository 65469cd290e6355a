//! Shims alone, with no session around them: they count, or watch their own tool.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Place, can_cut};

/// A directory with a shim called pip, and one with a script in the place of the tool.
fn shimmed(place: &Place, script: &str) -> PathBuf {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    for directory in ["shims", "tools"] {
        std::fs::create_dir_all(place.path().join(directory)).unwrap();
    }
    symlink(env!("CARGO_BIN_EXE_wheeltap"), place.path().join("shims/pip")).unwrap();
    let tool = place.write("tools/pip", &format!("#!/bin/bash\n{script}\n"));
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    place.path().join("shims")
}

/// The session document that a pip in a network namespace of its own left.
fn session(place: &Place, script: &str, mode: Option<&str>) -> Value {
    let shims = shimmed(place, script);
    let mut command = place.command("unshare");
    command.args(["--net", "sh", "-c", "ip link set lo up 2>/dev/null; exec pip install x"]);
    command
        .env("PATH", format!("{}:{}:/usr/sbin:/usr/bin:/bin", shims.display(), place.path().join("tools").display()));
    command.env("WHEELTAP_LOG_DIR", place.path().join("logs")).envs(mode.map(|mode| ("WHEELTAP_WITNESS", mode)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    document(&place.path().join("logs"))
}

fn document(logs: &Path) -> Value {
    let names = std::fs::read_dir(logs).unwrap().map(|entry| entry.unwrap().path());
    let mut documents = names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("downloads_"));
    serde_json::from_slice(&std::fs::read(documents.next().expect("a session was kept")).unwrap()).unwrap()
}

const REACHES_OUT: &str = "(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true";

#[test]
fn a_shim_counts_and_when_asked_watches_its_own_tool() {
    if !crate::requires::root() || !can_cut() {
        return;
    }
    let session_of = |mode| session(&Place::new(), REACHES_OUT, mode);
    let counted = session_of(None);
    let watch = &counted["network"]["completeness"]["witnesses"][0];
    assert_eq!((watch["mode"].as_str(), watch["method"].as_str()), (Some("counters"), Some("counters")), "{watch}");
    assert_eq!(watch["invocation"], counted["invocations"][0]["id"]);
    assert_eq!((&counted["network"]["counters"]["ip_out_no_routes"], &watch["unwitnessed"]), (&1.into(), &1.into()));
    let watched = session_of(Some("observe"));
    let attempt = &watched["network"]["attempts"][0];
    assert_eq!((attempt["addr"].as_str(), attempt["kind"].as_str()), (Some("192.0.2.7:443"), Some("witnessed")));
    assert_eq!(attempt["invocation"], watched["invocations"][0]["id"]);
    assert_eq!(watched["network"]["completeness"]["witnesses"][0]["unwitnessed"], 0);
    assert_eq!(session_of(Some("off"))["network"]["completeness"]["witnesses"], Value::Array(vec![]));
}

#[test]
fn what_is_watched_already_is_not_watched_by_a_shim() {
    let place = Place::new();
    let shims = shimmed(&place, "true");
    let mut command = place.wheeltap(&["run", "--", "pip", "install", "x"]);
    command.env("PATH", format!("{}:{}:/usr/bin:/bin", shims.display(), place.path().join("tools").display()));
    assert!(command.status().unwrap().success());
    let session = document(&place.path().join("logs/build"));
    let witnesses = session["network"]["completeness"]["witnesses"].as_array().unwrap();
    assert_eq!((witnesses.len(), &witnesses[0]["invocation"]), (1, &Value::Null), "{session}");
    assert_eq!(session["invocations"].as_array().map(Vec::len), Some(1));
}

//! The bytes of the kernel against the bytes of the artifacts, over servers in a network namespace of their own.

use serde_json::Value;

use crate::harness::{Place, can_cut, pip};
use crate::requires;

/// The document of a session in which a pip downloads 3 MB, and `more` is done.
fn session(mode: &str, more: &str) -> Value {
    let place = Place::new();
    let network = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/network.py");
    let download =
        "pip download -q --no-cache-dir --index-url http://192.0.2.1/simple/ --trusted-host 192.0.2.1 big -d got";
    let mut command = place.command("unshare");
    command.args(["--net", "python3"]).arg(network).arg(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(["run", "--", "bash", "-c", &format!("{download} && {more}")]).env("WHEELTAP_WITNESS", mode);
    command.env("PATH", format!("{}:/usr/bin:/bin", pip().unwrap().display()));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let logs = std::fs::read_dir(place.path().join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    let document = logs.into_iter().find(|path| path.to_str().unwrap().contains("/downloads_")).unwrap();
    serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap()
}

#[test]
fn downloads_explain_what_the_kernel_received_and_the_rest_is_named_by_peer() {
    if !requires::root() || !requires::program("unshare") || pip().is_none() || !can_cut() {
        return;
    }
    let fetch = "exec 3<>/dev/tcp/192.0.2.2/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3 >/dev/null";
    for mode in ["counters", "observe"] {
        let session_ = session(mode, "true");
        let network = &session_["network"];
        let mut connections = network["connections"].as_array().unwrap().iter();
        // The other ends are here as well.
        let peer = connections.find(|one| one["peer"] == "192.0.2.1:80").unwrap_or_else(|| panic!("{network}"));
        let size = session_["downloads"]["wheels"][0]["size_bytes"].as_u64().unwrap();
        let received = peer["rx"].as_u64().unwrap();
        assert!(size > 3_000_000 && (size..size + 10_000).contains(&received), "{size} {received}");
        assert_eq!(network["completeness"]["unexplained_bytes"], Value::Array(vec![]), "{mode}: {network}");
        let session_ = session(mode, fetch);
        let unexplained = session_["network"]["completeness"]["unexplained_bytes"].as_array().unwrap().clone();
        let [one] = &unexplained[..] else { panic!("{mode}: {unexplained:?}") };
        assert_eq!(one["peer"], "192.0.2.2:80", "{one}");
        assert!((2_000_000..2_001_000).contains(&one["bytes"].as_u64().unwrap()), "{one}");
    }
}

//! Servers of files (`AF_UNIX`) outside of the cut that do the network's work for others: to reach one is no attempt, but
//! what it did for the build, nobody saw.
//!
//! Refuses to know all of them: a server of another name stays a blind spot.

/// Those that fetch, by the end of their path, with what they are and what to do instead.
const FETCH_FOR_OTHERS: [(&str, &[&str], &str); 3] = [
    (
        "container engine",
        &["docker.sock", "dockerd.sock", "containerd.sock", "podman.sock", "buildkitd.sock", "crio.sock"],
        "`verify --inject -- docker build` verifies an image build",
    ),
    (
        "name service",
        &["nscd/socket", "systemd/resolve/*", "sss/pipes/*", "sss/pipes/private/*", "avahi-daemon/socket", "S.dirmngr"],
        "stop it while the build is verified",
    ),
    (
        "service that may fetch packages",
        &["snapd.socket", "snapd-snap.socket", "dbus/system_bus_socket", "daemon-socket/socket"],
        "have the build do without it",
    ),
];

/// Why a server at this path stands in the way of a PASS; `None` if it is none that is known to fetch.
pub(super) fn doubt(path: &str) -> Option<String> {
    let (what, _, instead) = FETCH_FOR_OTHERS.iter().find(|(_, ends, _)| ends.iter().any(|end| ends_in(path, end)))?;
    Some(format!(
        "what the {what} behind {path} did for the build outside of the cut is not known: {instead}, or accept it by a line `{path}` in the file of --known"
    ))
}

/// Whether the last names of a path are these, the very last being any where that is `*`.
fn ends_in(path: &str, end: &str) -> bool {
    let path = match end.strip_suffix("/*") {
        Some(_) => path.rsplit_once('/').map_or("", |(directory, _)| directory),
        None => path,
    };
    let rest = path.strip_suffix(end.strip_suffix("/*").unwrap_or(end));
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

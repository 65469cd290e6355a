//! The network of a session: who tried to reach what, how much went where, and how far that is all there was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attempt, Downloads, Invocation, InvocationId, Origin, Step};

/// The network as it was observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Tries to reach the network.
    pub attempts: Vec<Attempt>,
    /// Connections with their bytes, where the kernel was asked.
    pub connections: Vec<Connection>,
    /// By how much the kernel's counters grew, where they were read.
    pub counters: BTreeMap<String, u64>,
    /// What is known of the completeness of the above.
    pub completeness: Completeness,
}

/// What went between this machine and one peer, as the kernel counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// Address and port.
    pub peer: String,
    /// The name of the host, where a try to reach this address named it.
    pub host: Option<String>,
    /// How many sockets.
    pub count: u64,
    /// Bytes received over TCP.
    pub rx: u64,
    /// Bytes sent over TCP.
    pub tx: u64,
}

/// How far a session's network is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Completeness {
    /// Whether there was a witness and every one saw all there was.
    pub complete: bool,
    /// Those who watched: one for a command, one for each step of an image build.
    pub witnesses: Vec<Watch>,
    /// What tools asked for and nothing offered.
    pub missing: Vec<Missing>,
    /// Bytes that no recorded download explains, by peer, where only this build's were counted.
    pub unexplained_bytes: Vec<Unexplained>,
}

/// What one witness says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// The step that it watched, if any.
    pub step: Option<Step>,
    /// The command that it watched.
    pub command: Option<Command>,
    /// The invocation that it watched, and nothing beside: the shim of a tool that no session watches.
    pub invocation: Option<InvocationId>,
    /// How it was told to watch: `off`, `counters`, `observe`.
    pub mode: String,
    /// How it watched: `seccomp-notify`, `counters`, `outer` (somebody above us does), `steps` (a statement about an
    /// image build, each step of which has a witness of its own), `none`.
    pub method: String,
    /// What it could not use, and why.
    pub unavailable: Vec<Unavailable>,
    /// What kept the command from the network: `kernel-netns`, `advisory`, `none`.
    pub boundary: String,
    /// Whether counters and connections may be those of others.
    pub shared: bool,
    /// Whether programs were kept from gaining privileges, so that they could be watched.
    pub no_new_privs: bool,
    /// Whether notifications and counters agree; `null` where they cannot be compared.
    pub reconciled: Option<bool>,
    /// Calls to the outside that the kernel counted and nobody was seen to make.
    pub unwitnessed: u64,
    /// Notifications of all kinds.
    pub notifications: u64,
    /// Calls of 32-bit programs on a 64-bit machine.
    pub compat32: u64,
    /// Whether io_uring was set up, whose operations are not notified.
    pub io_uring_used: bool,
    /// Calls whose arguments could not be read.
    pub unreadable: u64,
    /// Processes that were left behind.
    pub orphans: u64,
    /// Files to which processes connected whose server is outside of the network namespace.
    pub outside_sockets: Vec<String>,
    /// Why it may not have seen everything.
    pub doubts: Vec<String>,
}

impl Watch {
    /// Whether it saw every call, and nothing makes that doubtful.
    pub fn is_complete(&self) -> bool {
        matches!(self.method.as_str(), "seccomp-notify" | "steps") && self.doubts.is_empty()
    }
}

/// A command and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// Its arguments, redacted.
    pub argv: Vec<String>,
    /// Its exit status.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub exit_signal: Option<i32>,
}

/// A way to watch that could not be had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unavailable {
    /// Which, by its method's name.
    pub method: String,
    /// Why.
    pub reason: String,
}

/// Something that a tool asked for and that nothing offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Missing {
    /// The tool.
    pub tool: String,
    /// What it asked for, in its own words: `six==1.99`.
    pub requirement: String,
    /// The invocation.
    pub invocation: Option<InvocationId>,
}

/// Bytes that no recorded download explains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unexplained {
    /// Address and port; `null` where several peers without a known name have it together.
    pub peer: Option<String>,
    /// The name of the host, where it is known.
    pub host: Option<String>,
    /// How many bytes.
    pub bytes: u64,
}

/// What one witness has to say, as a line of the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// Of itself.
    pub watch: Watch,
    /// Of connections.
    pub connections: Vec<Connection>,
    /// Of the kernel's counters.
    pub counters: BTreeMap<String, u64>,
}

/// For each connection what TLS, HTTP and retransmissions may cost beside the bytes of files: a share and a fixed sum.
const OVERHEAD: (f64, u64) = (0.02, 32 * 1024);

impl Network {
    /// Takes in what a witness says.
    pub fn take(&mut self, watched: Watched) {
        let Watched { watch, connections, counters } = watched;
        for (name, count) in counters {
            *self.counters.entry(name).or_default() += count;
        }
        for connection in connections {
            match self.connections.iter_mut().find(|other| other.peer == connection.peer) {
                Some(other) => {
                    other.count += connection.count;
                    other.rx += connection.rx;
                    other.tx += connection.tx;
                }
                None => self.connections.push(connection),
            }
        }
        self.completeness.witnesses.push(watch);
    }

    /// Reckons what follows from the rest, once all is in.
    pub fn reckon(&mut self, downloads: &Downloads, invocations: &[Invocation]) {
        self.share(invocations);
        for connection in self.connections.iter_mut().filter(|connection| connection.host.is_none()) {
            let named = self.attempts.iter().find(|attempt| attempt.addr.as_deref() == Some(&connection.peer));
            connection.host = named.and_then(|attempt| attempt.host.clone()).or_else(|| {
                // Nobody asks for the name of what is addressed by its number.
                let number = connection.peer.rsplit_once(':')?.0.trim_start_matches('[').trim_end_matches(']');
                let mut sources = downloads.all().filter_map(|artifact| host_of(artifact.source.as_deref()?));
                sources.find(|host| *host == number).map(str::to_owned)
            });
        }
        let witnesses = &self.completeness.witnesses;
        self.completeness.complete = !witnesses.is_empty() && witnesses.iter().all(Watch::is_complete);
        let counted = !witnesses.is_empty() && witnesses.iter().all(|watch| !watch.shared && watch.method != "none");
        self.completeness.unexplained_bytes = if counted { self.unexplained(downloads) } else { Vec::new() };
    }

    /// What each of two tools counted that ran at the same time in one place may be the other's.
    fn share(&mut self, invocations: &[Invocation]) {
        let span = |watch: &Watch| {
            let watched = invocations.iter().find(|one| Some(&one.id) == watch.invocation.as_ref())?;
            let from = watched.started_at?;
            Some((watch.step.clone(), from, watched.duration_seconds.unwrap_or(f64::INFINITY)))
        };
        let mut spans: Vec<_> =
            self.completeness.witnesses.iter_mut().filter_map(|one| Some((span(one)?, one))).collect();
        spans.sort_by_key(|((_, from, _), _)| *from);
        for at in 1..spans.len() {
            let (before, after) = spans.split_at_mut(at);
            let ((step, from, _), this) = &mut after[0];
            for ((other_step, other_from, seconds), other) in before {
                if step == other_step && from.seconds_since(*other_from) < *seconds {
                    (this.shared, other.shared) = (true, true);
                }
            }
        }
    }

    fn unexplained(&self, downloads: &Downloads) -> Vec<Unexplained> {
        let mut explained: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for artifact in downloads.all().filter(|artifact| artifact.origin == Origin::Downloaded) {
            let host = artifact.source.as_deref().and_then(host_of);
            let known = host.filter(|host| self.connections.iter().any(|peer| peer.host.as_deref() == Some(host)));
            *explained.entry(known).or_default() += artifact.size_bytes.unwrap_or(0);
        }
        let nameless = explained.get(&None).copied().unwrap_or(0);
        let mut received: BTreeMap<(Option<&str>, &str), Vec<&Connection>> = BTreeMap::new();
        for connection in &self.connections {
            // Which of the peers without a name sent what has no known sender is not known.
            let alone = connection.host.is_none() && nameless == 0;
            let peer = if alone { connection.peer.as_str() } else { "" };
            received.entry((connection.host.as_deref(), peer)).or_default().push(connection);
        }
        let beyond = |((host, _), peers): ((Option<&str>, &str), Vec<&Connection>)| {
            let rx: u64 = peers.iter().map(|peer| peer.rx).sum();
            let sockets: u64 = peers.iter().map(|peer| peer.count).sum();
            let files = explained.get(&host).copied().unwrap_or(0);
            let allowed = files + (files as f64 * OVERHEAD.0) as u64 + OVERHEAD.1 * sockets;
            let peer = (peers.len() == 1).then(|| peers[0].peer.clone());
            (rx > allowed).then(|| Unexplained { peer, host: host.map(str::to_owned), bytes: rx - files })
        };
        received.into_iter().filter_map(beyond).collect()
    }
}

/// The host of a URL, without user and port.
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Artifact, AttemptKind, Ecosystem, Kind, Moment};

    fn downloads(size: u64) -> Downloads {
        let mut downloads = Downloads::default();
        downloads.push(Artifact {
            origin: Origin::Downloaded,
            source: Some("https://files.example:443/a.whl".into()),
            size_bytes: Some(size),
            ..Artifact::new(Ecosystem::Pypi, Kind::Wheel)
        });
        downloads
    }

    fn network(rx: u64) -> Network {
        let connection = |peer: &str, rx| Connection { peer: peer.to_owned(), count: 1, rx, ..Connection::default() };
        let mut network = Network::default();
        network.attempts.push(Attempt {
            host: Some("files.example".to_owned()),
            addr: Some("192.0.2.1:443".to_owned()),
            ..Attempt::new("pip", AttemptKind::Witnessed)
        });
        let watch = Watch { method: "counters".to_owned(), ..Watch::default() };
        let connections = vec![connection("192.0.2.1:443", rx), connection("192.0.2.9:80", 5_000_000)];
        network.take(Watched { watch, connections, ..Watched::default() });
        network
    }

    #[test]
    fn what_no_download_explains_is_named_by_peer() {
        let mut network = network(16_943_665);
        network.reckon(&downloads(16_918_164), &[]);
        let unexplained = &network.completeness.unexplained_bytes;
        assert_eq!(unexplained.len(), 1, "{unexplained:?}");
        assert_eq!((unexplained[0].peer.as_deref(), unexplained[0].bytes), (Some("192.0.2.9:80"), 5_000_000));
        assert_eq!(network.connections[0].host.as_deref(), Some("files.example"));
    }

    #[test]
    fn what_others_may_have_received_is_not_reckoned_with() {
        let mut network = network(16_943_665);
        network.completeness.witnesses[0].shared = true;
        network.reckon(&downloads(1), &[]);
        assert_eq!(network.completeness.unexplained_bytes, []);
        assert!(!network.completeness.complete, "counters are not everything");
    }

    #[test]
    fn tools_that_ran_at_the_same_time_counted_each_others() {
        let invocation = |id: &str, from: i64| Invocation {
            started_at: Some(Moment::from_microseconds(from * 1_000_000)),
            duration_seconds: Some(3.0),
            ..Invocation::new(InvocationId(id.into()), "pip", "shim")
        };
        let watch = |id: &str| Watch { invocation: Some(InvocationId(id.into())), ..Watch::default() };
        let mut network = Network::default();
        network.completeness.witnesses = ["c", "a", "b"].map(watch).to_vec();
        network.reckon(&Downloads::default(), &[invocation("a", 0), invocation("b", 4), invocation("c", 6)]);
        assert_eq!(
            network.completeness.witnesses.iter().map(|one| one.shared).collect::<Vec<_>>(),
            [true, false, true]
        );
    }

    #[test]
    fn documents_without_a_witness_load() {
        let old =
            serde_json::from_str::<Network>(r#"{"attempts":[],"connections":[],"counters":{},"completeness":{}}"#);
        assert_eq!(old.unwrap(), Network::default());
    }

    #[test]
    fn reads_the_host_of_a_url() {
        assert_eq!(host_of("https://user@host.example:8443/simple/"), Some("host.example"));
        assert_eq!(host_of("http://[::1]:80/"), Some("::1"));
        assert_eq!(host_of("file:///wheelhouse/a.whl"), None);
        assert_eq!(host_of("/wheelhouse/a.whl"), None);
    }
}

//! Who a caller is: its user and group, and the chain of processes that led to it, from `/proc`.

use std::fs;

/// A chain is no longer than this.
const LONGEST_CHAIN: usize = 64;

/// Of one process' arguments as many bytes are kept.
const LONGEST_ARGUMENTS: usize = 4096;

/// What `/proc/TID/status` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// The thread group: the process.
    pub(super) group: u32,
    pub(super) parent: u32,
    /// The effective user and group.
    pub(super) user: u32,
    pub(super) group_of_user: u32,
    /// How many threads share its memory.
    pub(super) threads: u32,
}

impl Status {
    pub(super) fn of(thread: u32) -> Option<Status> {
        Status::parse(&fs::read_to_string(format!("/proc/{thread}/status")).ok()?)
    }

    fn parse(text: &str) -> Option<Status> {
        let field = |name: &str, column: usize| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().nth(column)?.parse().ok()
        };
        Some(Status {
            group: field("Tgid", 0)?,
            parent: field("PPid", 0)?,
            user: field("Uid", 1)?,
            group_of_user: field("Gid", 1)?,
            threads: field("Threads", 0)?,
        })
    }
}

/// The arguments of each process from `group` upwards, joined by blanks; without us, and nothing above us. Of one that
/// was left behind by its parent only the process itself is known.
pub(super) fn chain(group: u32, ourselves: u32) -> Vec<String> {
    let mut chain = Vec::new();
    let mut process = group;
    while process > 1 && process != ourselves && chain.len() < LONGEST_CHAIN {
        chain.push(arguments(process));
        let Some(status) = Status::of(process) else { break };
        process = status.parent;
    }
    // Whoever is not our descendant any more was adopted: what adopted it did not start it.
    if process != ourselves {
        chain.truncate(1);
    }
    chain
}

/// Those that a thread of a process has started and that are there; nobody where the kernel does not say.
pub(super) fn children(process: u32, thread: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{thread}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// The network namespace that a thread stands in, as a number; `None` if it is gone. What `/proc` shows of a namespace
/// is shown to everybody, which the namespace itself (`ns/net`) is not.
pub(super) fn network_namespace(thread: &str) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(format!("/proc/{thread}/net/dev")).ok().map(|table| table.ino())
}

/// Who else stands in our network namespace, by their arguments; nobody unless it is `ours` alone.
pub(super) fn of_this_namespace(ours: bool) -> Vec<String> {
    let Some(here) = fs::read_link("/proc/thread-self/ns/net").ok().filter(|_| ours) else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others = numbers.filter(|number| *number != std::process::id());
    let here = others.filter(|number| fs::read_link(format!("/proc/{number}/ns/net")).is_ok_and(|link| link == here));
    here.take(16).map(arguments).collect()
}

fn arguments(process: u32) -> String {
    let mut bytes = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    bytes.truncate(LONGEST_ARGUMENTS);
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.is_empty() {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        return format!("[{}]", name.trim_end());
    }
    let text = String::from_utf8_lossy(&bytes);
    text.replace(['\0', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_status() {
        let text = "Name:\tsh\nUmask:\t0022\nTgid:\t7\nPid:\t8\nPPid:\t3\nUid:\t0\t42\t0\t42\nGid:\t0\t65534\t0\t0\n\
                    Threads:\t2\n";
        let status = Status { group: 7, parent: 3, user: 42, group_of_user: 65534, threads: 2 };
        assert_eq!(Status::parse(text), Some(status));
        assert_eq!(Status::parse("Name:\tsh\n"), None);
    }

    #[test]
    fn a_chain_ends_below_us() {
        let ourselves = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let chain = chain(child.id(), ourselves);
        child.kill().unwrap();
        child.wait().unwrap();
        // Between fork and exec the child still has our name.
        assert_eq!(chain.len(), 1, "{chain:?}");
    }
}

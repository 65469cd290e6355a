//! Which apt it was, without asking it: dpkg knows.

/// Where dpkg keeps what is installed.
const STATUS: &str = "/var/lib/dpkg/status";

/// The version of the installed package `apt`.
pub(super) fn of_apt() -> Option<String> {
    let status = std::fs::read(STATUS).ok()?;
    let start = memchr::memmem::find(&status, b"\nPackage: apt\n").map(|at| at + 1);
    let start = start.or_else(|| status.starts_with(b"Package: apt\n").then_some(0))?;
    let paragraph = &status[start..];
    let paragraph = &paragraph[..memchr::memmem::find(paragraph, b"\n\n").unwrap_or(paragraph.len())];
    let version = paragraph.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Version: "))?;
    Some(crate::event::text(version.trim_ascii()))
}

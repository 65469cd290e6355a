//! The cache mounts that an instruction of a Dockerfile gives to its step.

use crate::dockerfile::CacheMount;
use crate::event::Ecosystem;

/// The cache mount that holds what the tool of `ecosystem` keeps, by its name among all builds of an engine: its `id`,
/// which is the target where none is given.
pub(super) fn cache_mount(instruction: &str, ecosystem: Ecosystem) -> Option<&str> {
    let flags = instruction.split_whitespace().filter_map(|word| word.strip_prefix("--mount="));
    let mut mounts = flags.filter_map(CacheMount::of);
    let mount = mounts.find(|mount| match ecosystem {
        Ecosystem::Deb => "/var/cache/apt/archives".starts_with(mount.target),
        _ => mount.target.contains("pip") || mount.target.ends_with("/.cache"),
    });
    mount.map(|mount| mount.id.unwrap_or(mount.target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_holds_what_its_tool_keeps() {
        use Ecosystem::{Deb, Pypi};
        let name = cache_mount;
        let pip = "/root/.cache/pip";
        assert_eq!(name("RUN --mount=type=cache,target=/root/.cache/pip pip install x", Pypi), Some(pip));
        assert_eq!(name("RUN --mount=target=/root/.cache,type=cache pip install x", Pypi), Some("/root/.cache"));
        assert_eq!(name("RUN --mount=type=cache,id=own,target=/root/.cache pip install x", Pypi), Some("own"));
        assert_eq!(name("RUN --mount=type=bind,target=/root/.cache/pip pip install x", Pypi), None);
        let other = "RUN --mount=type=cache,target=/var/cache/apt apt-get install x && pip install y";
        assert_eq!((name(other, Pypi), name(other, Deb)), (None, Some("/var/cache/apt")));
        let apt = "RUN --mount=type=cache,dst=/var/cache/apt/,sharing=locked apt-get install x";
        assert_eq!(name(apt, Deb), Some("/var/cache/apt"));
        assert_eq!(name("RUN --mount=type=cache,dst=/var/lib/apt apt-get install x", Deb), None);
    }
}

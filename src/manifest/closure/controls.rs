//! The options that tell pip which files of a distribution to take.

use std::collections::HashSet;

use super::super::requirements::{Flag, Requirements};
use crate::event::canonical_name;

const ALL: &str = ":all:";

/// `--only-binary`, `--no-binary`, `--prefer-binary`, `--pre` and their kin, as they add up.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    only_binary: HashSet<String>,
    no_binary: HashSet<String>,
    all_releases: HashSet<String>,
    only_final: HashSet<String>,
    prefer_binary: bool,
}

impl Controls {
    /// The controls that requirements files state.
    pub fn of(readings: &[Requirements]) -> Self {
        let mut controls = Controls::default();
        for option in readings.iter().flat_map(|reading| &reading.options) {
            controls.add(option.flag, option.value.as_deref().unwrap_or_default());
        }
        controls
    }

    /// One more option.
    pub fn add(&mut self, flag: Flag, value: &str) {
        match flag {
            Flag::OnlyBinary => named(value, &mut self.only_binary, &mut self.no_binary),
            Flag::NoBinary => named(value, &mut self.no_binary, &mut self.only_binary),
            Flag::AllReleases => named(value, &mut self.all_releases, &mut self.only_final),
            Flag::OnlyFinal => named(value, &mut self.only_final, &mut self.all_releases),
            Flag::Pre => drop(self.all_releases.insert(ALL.to_owned())),
            Flag::PreferBinary => self.prefer_binary = true,
            _ => {}
        }
    }

    /// Whether a wheel, or else a source distribution, of `name` is taken.
    pub(super) fn takes(&self, name: &str, is_wheel: bool) -> bool {
        let [only, none] = [&self.only_binary, &self.no_binary].map(|set| (set.contains(name), set.contains(ALL)));
        match is_wheel {
            true => only.0 || !(none.0 || none.1 && !only.1),
            false => !(only.0 || only.1 && !none.0),
        }
    }

    /// Whether pre-releases of `name` are taken or barred; `None` leaves it to the versions that are asked for.
    pub(super) fn takes_prereleases(&self, name: &str) -> Option<bool> {
        let [all, last] = [&self.all_releases, &self.only_final].map(|set| (set.contains(name), set.contains(ALL)));
        match (all, last) {
            ((true, _), _) => Some(true),
            (_, (true, _)) => Some(false),
            ((_, true), _) => Some(true),
            (_, (_, true)) => Some(false),
            _ => None,
        }
    }

    pub(super) fn prefers_binary(&self) -> bool {
        self.prefer_binary
    }
}

/// Adds a list of names to a set and takes them out of its counterpart; `:all:` and `:none:` replace what was before.
fn named(value: &str, set: &mut HashSet<String>, counterpart: &mut HashSet<String>) {
    let mut names: Vec<&str> = value.split(',').collect();
    while let Some(at) = names.iter().position(|name| *name == ALL) {
        counterpart.clear();
        set.clear();
        set.insert(ALL.to_owned());
        names.drain(..=at);
        if !names.contains(&":none:") {
            return;
        }
    }
    for name in names {
        if name == ":none:" {
            set.clear();
            continue;
        }
        let name = canonical_name(name);
        counterpart.remove(&name);
        set.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Controls, Flag};

    #[test]
    fn names_go_before_all() {
        let mut controls = Controls::default();
        assert!(controls.takes("a", true) && controls.takes("a", false) && controls.takes_prereleases("a").is_none());
        controls.add(Flag::OnlyBinary, ":all:");
        controls.add(Flag::NoBinary, "A_b,c");
        assert!(controls.takes("x", true) && !controls.takes("x", false));
        assert!(!controls.takes("a-b", true) && controls.takes("a-b", false));
        controls.add(Flag::OnlyBinary, "c");
        assert!(controls.takes("c", true) && !controls.takes("c", false));
        controls.add(Flag::NoBinary, ":all:,:none:,d");
        assert!(!controls.takes("d", true) && controls.takes("e", true) && controls.takes("e", false));
        controls.add(Flag::Pre, "");
        controls.add(Flag::OnlyFinal, "f");
        assert_eq!((controls.takes_prereleases("g"), controls.takes_prereleases("f")), (Some(true), Some(false)));
    }
}

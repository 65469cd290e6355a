//! Recorded runs of apt: `tests/data/apt/VERSION/SCENARIO/`, or the same under the directory `WHEELTAP_CORPUS`.

use std::path::{Path, PathBuf};

use wheeltap::classify::apt::{Classifier, Runs};
use wheeltap::classify::{Channel, Finding};

/// One recorded run.
pub(crate) struct Recorded {
    pub(crate) version: String,
    pub(crate) scenario: String,
    directory: PathBuf,
}

/// Which records the classifier is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Given {
    /// The messages of the methods and the hook's list.
    Tap,
    /// Both streams.
    Text,
    /// Standard output as a terminal was sent it.
    Terminal,
    /// Everything.
    All,
    /// The hook's list and both streams.
    HookAndText,
}

impl Given {
    pub(crate) const EACH: [Given; 5] = [Given::Tap, Given::Text, Given::Terminal, Given::All, Given::HookAndText];
}

impl Recorded {
    /// All runs there are.
    pub(crate) fn all() -> Vec<Recorded> {
        let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let root = std::env::var_os("WHEELTAP_CORPUS").map_or_else(here, PathBuf::from).join("apt");
        let mut runs = Vec::new();
        for version in names(&root) {
            for scenario in names(&root.join(&version)) {
                let directory = root.join(&version).join(&scenario);
                runs.push(Recorded { version: version.clone(), scenario, directory });
            }
        }
        assert!(!runs.is_empty(), "no recorded runs in {}", root.display());
        runs
    }

    /// A file of it, empty if there is none.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.directory.join(name)).unwrap_or_default()
    }

    pub(crate) fn has(&self, given: Given) -> bool {
        given != Given::Terminal || self.directory.join("tty").exists()
    }

    pub(crate) fn truth(&self) -> serde_json::Value {
        serde_json::from_slice(&self.file("truth.json")).unwrap()
    }

    /// What the classifier says of it.
    pub(crate) fn classify(&self, given: Given) -> Vec<Finding> {
        let mut classifier = Classifier::new(Runs::One);
        if matches!(given, Given::Tap | Given::All) {
            classifier.methods(&self.file("methods.log"));
        }
        if matches!(given, Given::Tap | Given::All | Given::HookAndText) {
            classifier.hook(&self.file("preinstall.log"));
        }
        if matches!(given, Given::Text | Given::All | Given::HookAndText) {
            classifier.text(Channel::Stdout, &self.file("stdout"));
            classifier.text(Channel::Stderr, &self.file("stderr"));
        }
        if given == Given::Terminal {
            classifier.text(Channel::Both, &self.file("tty"));
        }
        classifier.finish()
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

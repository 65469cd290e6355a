//! Recorded runs of pip: for each version and scenario the files of one, what is empty left out or not.
//!
//! A choice is kept as files, to be read; the rest is `pip-rest.tar.gz`, a tar of `<version>/<scenario>/<file>` in which a
//! file with the bytes of an earlier one is a link to it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

/// The files of a run by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The runs by version and scenario.
pub(crate) type Runs = BTreeMap<(String, String), Files>;

/// Those that are kept with the tests.
pub(crate) fn kept() -> &'static Runs {
    static RUNS: OnceLock<Runs> = OnceLock::new();
    RUNS.get_or_init(|| {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let mut runs = below(&data.join("pip"));
        let packed = unpacked(&data.join("pip-rest.tar.gz"));
        assert!(packed.keys().all(|run| !runs.contains_key(run)), "a run is kept once");
        runs.extend(packed);
        assert_eq!(runs.len(), 475, "all that was recorded is played");
        runs
    })
}

/// Those in a directory.
pub(crate) fn below(root: &Path) -> Runs {
    let names = |path: &Path| -> Vec<String> {
        let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut runs = Runs::new();
    for version in names(root).into_iter().filter(|name| root.join(name).is_dir()) {
        let place = root.join(&version);
        for scenario in names(&place).into_iter().filter(|name| place.join(name).is_dir()) {
            let place = place.join(&scenario);
            let files = names(&place).into_iter().map(|name| (name.clone(), fs::read(place.join(&name)).unwrap()));
            runs.insert((version.clone(), scenario), files.collect());
        }
    }
    assert!(!runs.is_empty(), "no transcripts under {}", root.display());
    runs
}

fn unpacked(archive: &Path) -> Runs {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(archive).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let content = match entry.link_name().unwrap() {
            Some(link) => files[&text(&link)].clone(),
            None => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                content
            }
        };
        files.insert(text(&entry.path().unwrap()), content);
    }
    let mut runs = Runs::new();
    for (path, content) in files {
        let parts: Vec<_> = path.split('/').map(str::to_owned).collect();
        let [version, scenario, name]: [String; 3] = parts.try_into().unwrap();
        runs.entry((version, scenario)).or_default().insert(name, content);
    }
    runs
}

//! Lock files of `wheeltap lock`, proven by installing from them with the real tools: what was recorded is obtained
//! again, byte for byte, and other bytes under the same name are refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::served::Served;
use crate::support::pips::{NEWEST, RealPip};
use crate::support::requires;
use crate::support::wheels::Made;
use crate::{digest, pip, pip_command, succeeds, with_pip};

/// The files of a directory with their digests.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), digest(&path))).collect()
}

/// The installation of the lock is the one that was recorded, but for who asked for what.
fn assert_same(place: &Path) {
    let ours = ["-r", "--exclude=__pycache__", "--exclude=REQUESTED", "--exclude=RECORD", "first", "second"];
    succeeds(Command::new("diff").args(ours).current_dir(place));
}

/// Records an installation of `demo` and what it requires, and locks it.
fn locked(served: &Served, place: &Path, with: &RealPip) {
    served.wheel(&Made::new("demo", "1.0").requires(&["demo-part"]));
    served.wheel(&Made::new("demo-part", "2.0"));
    let line = format!("run -- pip install --index-url {}/simple/ --target first demo", served.address());
    succeeds(&mut with_pip(with, place, &line));
    succeeds(&mut with_pip(with, place, "lock --dir locks"));
}

#[test]
fn hashed_requirements_install_the_same_files_and_no_others() {
    let Some(pip) = pip("24.0") else { return };
    let place = tempfile::tempdir().unwrap();
    let (place, served) = (place.path(), Served::new());
    locked(&served, place, &pip);
    let index = format!("--no-cache-dir --index-url {}/simple/", served.address());
    // A newer version is there meanwhile: the lock does not take it.
    served.wheel(&Made::new("demo-part", "3.0"));
    let line = format!("download --require-hashes --no-deps {index} --dest again -r locks/requirements.lock");
    succeeds(&mut pip_command(&pip, place, &line));
    let again = files(&place.join("again"));
    assert_eq!(again.keys().collect::<Vec<_>>(), ["demo-1.0-py3-none-any.whl", "demo_part-2.0-py3-none-any.whl"]);
    for (name, digest) in again {
        assert_eq!(digest, crate::digest(&served.file(&name)), "{name}");
    }
    let line = format!("install --require-hashes --no-deps {index} --target second -r locks/requirements.lock");
    succeeds(&mut pip_command(&pip, place, &line));
    assert_same(place);
    served.append("demo_part-2.0-py3-none-any.whl", b"x");
    let refused = pip_command(&pip, place, &line.replace("second", "third")).output().unwrap();
    assert!(!refused.status.success() && !place.join("third").exists(), "other bytes");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("DO NOT MATCH THE HASHES"), "{refused:?}");
}

#[test]
fn a_pylock_is_valid_and_installs_the_same_files_and_no_others() {
    let Some(pip) = pip(NEWEST) else { return };
    let place = tempfile::tempdir().unwrap();
    let (place, served) = (place.path(), Served::new());
    locked(&served, place, &pip);
    // The reader of the specification's own authors, which came with this pip.
    let check = "import sys, tomllib\nfrom pip._vendor.packaging.pylock import Pylock\n\
        lock = Pylock.from_dict(tomllib.load(open(sys.argv[1], 'rb')))\nlock.validate()\n\
        print(sorted((str(one.name), str(one.version)) for one in lock.packages))";
    let names = succeeds(Command::new(pip.python()).args(["-c", check, "locks/pylock.toml"]).current_dir(place));
    assert_eq!(names.trim(), "[('demo', '1.0'), ('demo-part', '2.0')]");
    let line = "install --no-cache-dir --no-index --target second -r locks/pylock.toml";
    succeeds(&mut pip_command(&pip, place, line));
    assert_same(place);
    served.append("demo-1.0-py3-none-any.whl", b"x");
    let refused = pip_command(&pip, place, &line.replace("second", "third")).output().unwrap();
    assert!(!refused.status.success() && !place.join("third").exists(), "other bytes: {refused:?}");
}

#[test]
fn debs_come_again_from_the_archive_with_the_same_bytes() {
    if !requires::program("apt-get") || !requires::program("dpkg-deb") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (place, served) = (place.path(), Served::new());
    let name = "tiny_1.0-1_all.deb";
    served.deb(name, "tiny", "1.0-1");
    for directory in ["state/lists/partial", "cache/archives/partial", "again"] {
        std::fs::create_dir_all(place.join(directory)).unwrap();
    }
    let list = format!("deb [trusted=yes] {}/debian ./\n", served.address());
    std::fs::write(place.join("sources.list"), list).unwrap();
    // An apt with nothing of this machine's: no sources, no lists, no archives.
    let apt = format!(
        "apt-get -qq -o Dir::State={0}/state -o Dir::Cache={0}/cache -o Dir::Etc::sourcelist={0}/sources.list -o Dir::Etc::sourceparts=- \
         -o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none",
        place.display()
    );
    let wheeltap = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
        succeeds(command.args(words).current_dir(place).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", place))
    };
    wheeltap(&["run", "--", "sh", "-c", &format!("{apt} update && {apt} download tiny")]);
    let lock = wheeltap(&["lock", "--format", "debs"]);
    let lock: toml::Table = toml::from_str(&lock).unwrap();
    let locked = &lock["packages"][0];
    let text = |key: &str| locked[key].as_str().unwrap().to_owned();
    assert_eq!((text("name"), text("version"), text("architecture")), ("tiny".into(), "1.0-1".into(), "all".into()));
    // Fetched by nothing but the lock, verified by it, and unpacked by dpkg.
    let fetch = "import sys, urllib.request; open(sys.argv[2], 'wb').write(urllib.request.urlopen(sys.argv[1]).read())";
    let again = place.join("again").join(name);
    succeeds(Command::new("python3").args(["-c", fetch, &text("url")]).arg(&again).env("no_proxy", "*"));
    assert_eq!(text("sha256"), digest(&again));
    assert_eq!(text("sha256"), digest(&place.join(name)), "what apt itself obtained");
    assert_eq!(locked["size"].as_integer().unwrap() as u64, again.metadata().unwrap().len());
    succeeds(Command::new("dpkg-deb").arg("-x").arg(&again).arg(place.join("root")));
    assert_eq!(std::fs::read(place.join("root/usr/share/tiny/hello")).unwrap(), b"hello\n");
}

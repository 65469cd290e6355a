//! What tools and the kernel say to whoever is watched, against what they say bare: byte for byte.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Index, Place, pip};
use crate::requires;

const WHEELTAP: &str = env!("CARGO_BIN_EXE_wheeltap");

/// What stands before a command so that every process of it is watched.
const OBSERVED: [&str; 5] = ["env", "WHEELTAP_WITNESS=observe", WHEELTAP, "run", "--"];

/// A command's end and output, without the addresses of objects that Python prints.
fn said(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let mut parts = text.split(" at 0x");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + " at " + part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()))
    };
    (status.code(), text(stdout), text(stderr))
}

/// Runs commands bare and observed, each time in the state that `prepare` leaves.
fn compare(of: impl Fn(&[&str]) -> Command, prepare: impl Fn(), cases: &[(&[&str], i32, &str)]) {
    for (words, status, says) in cases {
        prepare();
        let bare = said(of(words));
        prepare();
        let observed = said(of(&[&OBSERVED, *words].concat()));
        // So that two failures for another reason are no agreement.
        assert_eq!(bare.0, Some(*status), "{words:?}: {bare:?}");
        assert!(bare.1.contains(says) || bare.2.contains(says), "{words:?}: {bare:?}");
        assert_eq!(bare, observed, "{words:?}");
    }
}

fn without(place: &Place, names: &[&str]) {
    for name in names {
        let _ = std::fs::remove_dir_all(place.path().join(name));
    }
}

// Contract: observe-transparent
#[test]
fn every_call_gives_back_what_it_gives_back_bare() {
    if !requires::root() || !requires::program("python3") {
        return;
    }
    let place = Place::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/errors.py");
    let run = |before: &[&str]| {
        let mut command = place.command("unshare");
        // An index names its calls by number.
        let of_this_machine = if cfg!(target_arch = "x86_64") { before } else { &[] };
        command.args(["--net"]).args(of_this_machine).arg("python3").arg(&script).arg("names");
        said(command)
    };
    let bare = run(&[]);
    assert_eq!((bare.0, bare.2.as_str()), (Some(0), ""), "{bare:?}");
    for expected in ["v4 tcp connect OSError ENETUNREACH", "v4 tcp connect_ex inside 111", "name gaierror"] {
        assert!(bare.1.contains(expected), "{expected}: {}", bare.1);
    }
    assert!(bare.1.lines().count() > 40, "{}", bare.1);
    let lines = |said: &(Option<i32>, String, String)| said.1.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&run(&OBSERVED)), lines(&bare));
    // With the network cut a name server seems to be there, and names are not found as they were not.
    assert_eq!(lines(&run(&[WHEELTAP, "verify", "--"])), lines(&bare));
}

// Contract: observe-transparent
#[test]
fn pip_says_what_it_says_bare() {
    let Some(bin) = pip() else { return };
    let place = Place::new();
    let index = Index::serve(&place);
    let of = |words: &[&str]| {
        let mut command = place.command(words[0]);
        command.args(&words[1..]).env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        command.env("PIP_INDEX_URL", &index.url).env("PIP_NO_CACHE_DIR", "1").env("PIP_RETRIES", "0");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command
    };
    let kept = place.path().join("kept").display().to_string();
    assert_eq!(said(of(&["pip", "download", "-q", "-d", &kept, "leaf"])).0, Some(0));
    let unreachable = "https://192.0.2.1/simple/";
    compare(
        of,
        || without(&place, &["got", "target"]),
        &[
            (&["pip", "download", "-d", "got", "leaf"], 0, "Saved ./got/leaf-1.0-py3-none-any.whl"),
            (&["pip", "install", "--target", "target", "no-such-thing"], 1, "No matching distribution found"),
            (&["pip", "install", "--no-index", "--find-links", &kept, "--target", "target", "leaf"], 0, "Successfully"),
            (
                &["unshare", "--net", "pip", "download", "--retries", "1", "-i", unreachable, "leaf"],
                1,
                "Network is unreachable",
            ),
        ],
    );
}

/// A root of apt's own below the place, with one package in a repository of files; nothing of this machine's is used.
fn apt(place: &Place) -> Option<()> {
    if !requires::program("apt-get") || !requires::program("dpkg-deb") {
        return None;
    }
    let path = place.path().display();
    // Its methods run as a user of their own.
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "mkdir -p deb/DEBIAN deb/usr/share/tapped repository root/etc/apt root/var/lib/dpkg root/var/lib/apt/lists root/var/cache/apt/archives\n\
         printf 'Package: tapped\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: x <x@x.invalid>\\nDescription: x\\n' >deb/DEBIAN/control\n\
         head -c 100000 /dev/zero >deb/usr/share/tapped/data\n\
         dpkg-deb -Zgzip --root-owner-group --build deb repository/tapped_1.0_all.deb\n\
         {{ dpkg-deb -f repository/tapped_1.0_all.deb; printf 'Filename: ./tapped_1.0_all.deb\\nSize: %s\\nSHA256: %s\\n\\n' \
         $(stat -c %s repository/tapped_1.0_all.deb) $(sha256sum <repository/tapped_1.0_all.deb | cut -d' ' -f1); }} >repository/Packages\n\
         : >root/var/lib/dpkg/status\n\
         echo 'deb [trusted=yes] file:{path}/repository ./' >root/etc/apt/sources.list\n\
         printf 'Dir \"{path}/root\"; Dir::State::status \"{path}/root/var/lib/dpkg/status\"; Dir::Bin::methods \"/usr/lib/apt/methods\"; Acquire::Languages \"none\";' >apt.conf\n"
    );
    let made = place.command("sh").args(["-ec", &script]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    Some(())
}

// Contract: observe-transparent
#[test]
fn apt_says_what_it_says_bare() {
    let place = Place::new();
    if !requires::root() || apt(&place).is_none() {
        return;
    }
    let of = |words: &[&str]| {
        let mut command = place.command(words[0]);
        command.args(&words[1..]).env("APT_CONFIG", place.path().join("apt.conf"));
        command.current_dir(place.path().join("got"));
        command
    };
    let prepare = || {
        without(&place, &["got"]);
        std::fs::create_dir(place.path().join("got")).unwrap();
    };
    let update: &[&str] = &["sh", "-c", "rm -rf ../root/var/lib/apt/lists/*; apt-get update"];
    compare(
        of,
        prepare,
        &[
            (update, 0, "Reading package lists"),
            (&["apt-get", "-s", "install", "tapped"], 0, "Inst tapped"),
            (&["apt-get", "download", "tapped"], 0, "/repository ./ tapped 1.0"),
            (&["sh", "-c", "apt-get -qq download tapped && sha256sum *.deb"], 0, "tapped_1.0_all.deb"),
            (&["apt-get", "install", "-y", "no-such-package"], 100, "Unable to locate package"),
            (
                &[
                    "sh",
                    "-c",
                    "rm -rf ../root/var/lib/apt/lists/*; apt-get -o Dir::Etc::sourcelist=/nowhere update; apt-get -s install tapped",
                ],
                100,
                "Unable to locate",
            ),
        ],
    );
}

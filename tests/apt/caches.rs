//! What `wheeltap doctor` says of apt's archives, and what two real runs then do: first as it was found, then with the
//! remedy that was printed.

use serde_json::Value;

use crate::chroot::{Chroot, Root, Side};
use crate::lab::Lab;
use crate::support::streams::Streams;

/// What the second of two equal runs does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Downloads,
    DownloadsNothing,
    Fails,
}
use Second::{Downloads, DownloadsNothing, Fails};

/// How apt is configured and what lies in its archives; what is said of that; what the second run then does; and the
/// remedy, `` ` `` for the command that was printed.
type Case = (&'static str, &'static [&'static str], Second, &'static str);

const SETTINGS: &str = "/etc/apt/apt.conf.d/lab";
const ARCHIVES: &str = "/var/cache/apt/archives";
const TAKEN_OUT: &str = "rm SETTINGS";

#[rustfmt::skip]
const CASES: &[Case] = &[
    (":", &["cold"], DownloadsNothing, ""),
    ("rm -r ARCHIVES", &["cold"], DownloadsNothing, ""),
    ("apt-get install -y -d lab-hello", &["ok"], DownloadsNothing, ""),
    // What is no cause: apt takes the root directory, another program is meant, the value is no truth value.
    ("echo 'Dir::Cache::archives \"\";' >SETTINGS", &["cold"], DownloadsNothing, ""),
    ("echo 'Binary::apt::APT::Keep-Downloaded-Packages \"no\"; APT::Keep-Downloaded-Packages \"2\";' >SETTINGS", &["cold"], DownloadsNothing, ""),
    ("echo 'DPkg::Post-Invoke { \"rm -f ARCHIVES/*.deb || true\"; };' >/etc/apt/apt.conf.d/docker-clean", &["disabled"], Downloads, "`"),
    ("printf '%s\\n' 'DPkg::Post-Invoke { \"rm -f ARCHIVES/*.deb || true\"; };' 'APT::Update::Post-Invoke { \"rm -f ARCHIVES/*.deb || true\"; };' >/etc/apt/apt.conf.d/docker-clean", &["disabled"], Downloads, "`"),
    ("echo 'dpkg::post-invoke::mine \"find ARCHIVES -name *.deb -delete || true\";' >SETTINGS", &["disabled"], Downloads, TAKEN_OUT),
    ("echo 'APT::Update::Post-Invoke { \"rm -f ARCHIVES/*.deb\"; };' >SETTINGS", &["disabled"], Downloads, TAKEN_OUT),
    ("echo 'apt::keep-downloaded-packages \"Off\";' >SETTINGS", &["disabled"], Downloads, "`"),
    ("echo 'Binary::apt-get::APT::Keep-Downloaded-Packages \"0\"; APT::Keep-Downloaded-Packages \"yes\";' >SETTINGS", &["disabled"], Downloads, "`"),
    ("echo 'APT { Keep-Downloaded-Packages \"false\"; };' >/etc/apt/apt.conf", &["disabled"], Downloads, "rm /etc/apt/apt.conf"),
    ("echo 'Dir::Cache::archives \"/other place\";' >SETTINGS", &["broken"], Fails, "`"),
    ("echo 'Dir::Cache \"/srv/other\";' >SETTINGS", &["broken"], Fails, "`"),
    ("rm -r ARCHIVES; echo >ARCHIVES", &["broken"], Fails, "`"),
    ("rm -r ARCHIVES/partial; echo >ARCHIVES/partial", &["broken"], Fails, "`"),
    ("apt-get install -y -d lab-hello; truncate -s 0 ARCHIVES/lab-hello*; truncate -s 598 ARCHIVES/lab-hello*; echo >ARCHIVES/gone_1_all.deb", &["broken"], Fails, "`"),
];

/// What was said before and after two runs, what the second did, and what was said to be done.
struct Told {
    words: [Vec<String>; 2],
    second: Second,
    /// Whether the first downloaded.
    first_downloads: bool,
    /// The command that is printed, or what else is.
    remedy: String,
    all: String,
}

/// Asks, runs twice, asks again; each run updates the indexes and installs one package, which then is removed.
fn tell(chroot: &Chroot, lab: &Lab, setup: &str) -> Told {
    let script = "/opt/wheeltap/wheeltap doctor --format json; echo @; for run in 1 2; do\n\
        apt-get update -qq >&2; apt-get install -y -qq lab-hello >&2; echo $? $(date +%s.%N) @; dpkg --purge lab-hello >&2\n\
        done; /opt/wheeltap/wheeltap doctor --format json";
    let went = chroot.run(Side::Bare, setup, script, Streams::Apart);
    let stdout = String::from_utf8(went.ended.stdout).unwrap();
    let all = format!("{setup}\n{stdout}\n{}", String::from_utf8_lossy(&went.ended.stderr));
    let [before, one, other, after] = stdout.split('@').collect::<Vec<_>>()[..] else { panic!("{all}") };
    let checks = |document: &str| -> Vec<Value> {
        let document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {all}"));
        let checks = document["checks"].as_array().unwrap().iter().filter(|check| check["about"] == "apt-cache");
        checks.cloned().collect()
    };
    let words = |checks: &[Value]| checks.iter().map(|check| check["verdict"].as_str().unwrap().to_owned()).collect();
    let ended = |text: &str| -> (bool, f64) {
        let (status, time) = text.trim().split_once(' ').unwrap();
        (status == "0", time.parse().unwrap())
    };
    let ((_, first_end), (is_well, end)) = (ended(one), ended(other));
    let requests = lab.requests(went.began);
    let packages = |from: f64, to: f64| {
        requests.iter().any(|one| one.time >= from && one.time < to && one.path.ends_with(".deb") && one.status == 200)
    };
    let second = match (is_well, packages(first_end, end)) {
        (false, _) => Fails,
        (true, true) => Downloads,
        (true, false) => DownloadsNothing,
    };
    let said = checks(before);
    let remedy = said.iter().find_map(|check| check["remedy"].as_str()).unwrap_or_default().to_owned();
    Told {
        words: [words(&said), words(&checks(after))],
        second,
        first_downloads: packages(went.began, first_end),
        remedy,
        all,
    }
}

// Contract: caches-told-apart
#[test]
fn each_word_is_what_the_second_run_of_bullseye_does() {
    each_word_is_what_the_second_run_does("bullseye", 0);
}

// Contract: caches-told-apart
#[test]
fn each_word_is_what_the_second_run_of_bookworm_does() {
    each_word_is_what_the_second_run_does("bookworm", 1);
}

// Contract: caches-told-apart
#[test]
fn each_word_is_what_the_second_run_of_trixie_does() {
    each_word_is_what_the_second_run_does("trixie", 2);
}

/// What sets up every root: the loopback as its only source, and no waiting for the disk.
fn sources(lab: &Lab) -> String {
    lab.expand(
        "rm -rf /etc/apt/sources.list.d/*; echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/lab\n\
         echo 'deb [trusted=yes] {site}/lab lab main' >/etc/apt/sources.list; apt-get update",
    )
}

/// Every third case, in one suite.
fn each_word_is_what_the_second_run_does(suite: &str, first: usize) {
    let Some(root) = Root::provide(suite) else { return };
    let lab = Lab::start();
    let sources = sources(&lab);
    let filled = |text: &str| text.replace("SETTINGS", SETTINGS).replace("ARCHIVES", ARCHIVES);
    for (before, words, second, remedy) in CASES.iter().skip(first).step_by(3) {
        let chroot = Chroot::new(&root, &lab.files());
        let found = tell(&chroot, &lab, &format!("{sources}\n{}", filled(before)));
        assert_eq!(found.words[0], *words, "{}", found.all);
        assert_eq!(found.second, *second, "{}", found.all);
        let is_cold = *words == ["cold"];
        assert!(found.first_downloads || !is_cold, "what is cold is filled: {}", found.all);
        if remedy.is_empty() {
            assert_eq!(
                (found.words[1].as_slice(), found.remedy.as_str()),
                (&["ok".to_owned()][..], ""),
                "{}",
                found.all
            );
            continue;
        }
        let command = match *remedy {
            "`" => found.remedy.split('`').nth(1).unwrap_or_else(|| panic!("no command: {}", found.all)).to_owned(),
            _ => {
                let what = filled(remedy);
                let file = what.split(' ').next_back().unwrap();
                assert_eq!(
                    found.remedy,
                    format!("take {} out of `{file}`", if file == SETTINGS { "that" } else { "it" })
                );
                what
            }
        };
        let mended = tell(&chroot, &lab, &command);
        assert!(["cold", "ok"].contains(&mended.words[0][0].as_str()), "{}", mended.all);
        assert_eq!(
            (mended.second, mended.words[1].as_slice()),
            (DownloadsNothing, &["ok".to_owned()][..]),
            "{}",
            mended.all
        );
    }
}

/// Packages that lie where apt no longer looks are downloaded, until they are brought there.
// Contract: caches-told-apart
#[test]
fn packages_that_lie_elsewhere_are_passed_by_until_they_are_moved() {
    let Some(root) = Root::provide("bookworm") else { return };
    let lab = Lab::start();
    let setup = format!(
        "{}\napt-get install -y -d lab-hello; mkdir /other; echo 'Dir::Cache::archives \"/other\";' >{SETTINGS}",
        sources(&lab)
    );
    let found = tell(&Chroot::new(&root, &lab.files()), &lab, &setup);
    assert_eq!(
        (found.words[0].as_slice(), found.first_downloads),
        (&["bypassed".to_owned()][..], true),
        "{}",
        found.all
    );
    let remedy = found.remedy.split('`').nth(1).unwrap();
    let mended = tell(&Chroot::new(&root, &lab.files()), &lab, &format!("{setup}\n{remedy}"));
    assert_eq!((mended.words[0].as_slice(), mended.first_downloads), (&["ok".to_owned()][..], false), "{}", mended.all);
}

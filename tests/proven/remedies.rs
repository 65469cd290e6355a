//! Each reason for which a real pip downloads, and its remedy applied: then the download is gone.

use std::path::Path;

use serde_json::Value;

use crate::served::Served;
use crate::support::pips::RealPip;
use crate::support::wheels::Made;
use crate::{pip, succeeds, with_pip};

/// A place with an index and a pip whose sessions are looked at.
struct Builder {
    pip: RealPip,
    place: tempfile::TempDir,
    served: Served,
}

impl Builder {
    fn new() -> Option<Self> {
        let pip = pip("24.0")?;
        Some(Builder { pip, place: tempfile::tempdir().unwrap(), served: Served::new() })
    }

    /// Runs `pip` with these words, `INDEX` being the index, and answers with the reasons of its downloads, each with
    /// its file and remedy.
    fn reasons(&self, line: &str) -> Vec<[String; 3]> {
        self.session(&format!("run -- pip {line}"))
    }

    fn session(&self, line: &str) -> Vec<[String; 3]> {
        let index = self.served.index();
        succeeds(&mut with_pip(&self.pip, self.place(), &line.replace("INDEX", &index)));
        let report = succeeds(&mut with_pip(&self.pip, self.place(), "report --format json"));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["summary"]["total_unknown"], 0, "{line}: {report}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let reason = |one: &Value| [text(&one["filename"]), text(&one["reason"]), text(&one["remedy"])];
        report["downloaded"].as_array().unwrap().iter().map(reason).collect()
    }

    fn place(&self) -> &Path {
        self.place.path()
    }
}

#[test]
fn a_cache_that_is_not_disabled_spares_the_download() {
    let Some(builder) = Builder::new() else { return };
    builder.served.wheel(&Made::new("demo", "1.0"));
    let disabled = builder.reasons("download --no-cache-dir INDEX --dest one demo");
    assert_eq!((disabled.len(), disabled[0][1].as_str()), (1, "disabled"), "{disabled:?}");
    assert!(disabled[0][2].contains("leave out `--no-cache-dir`"), "{disabled:?}");
    assert_eq!(builder.reasons("download INDEX --dest two demo").len(), 1, "the cache is filled once");
    assert_eq!(builder.reasons("download INDEX --dest three demo"), [[""; 3]; 0]);
}

#[test]
fn a_wheelhouse_alone_spares_the_download() {
    let Some(builder) = Builder::new() else { return };
    builder.served.wheel(&Made::new("demo", "2.0"));
    std::fs::create_dir(builder.place().join("wheelhouse")).unwrap();
    Made::new("demo", "1.0").wheel(&builder.place().join("wheelhouse"));
    let bypassed = builder.reasons("download INDEX --find-links wheelhouse --dest one demo");
    assert_eq!((bypassed.len(), bypassed[0][1].as_str()), (1, "bypassed"), "{bypassed:?}");
    assert!(bypassed[0][2].contains("add `--no-index`"), "{bypassed:?}");
    let line = "download INDEX --no-index --find-links wheelhouse --dest two demo";
    assert_eq!(builder.reasons(line), [[""; 3]; 0]);
}

#[test]
fn a_version_that_is_pinned_is_not_tried_and_dropped() {
    let Some(builder) = Builder::new() else { return };
    builder.served.wheel(&Made::new("part", "1.0"));
    builder.served.wheel(&Made::new("part", "2.0"));
    builder.served.wheel(&Made::new("demo", "1.0").requires(&["part<2"]));
    let tried = builder.reasons("download INDEX --dest one part demo");
    let discarded: Vec<_> = tried.iter().filter(|one| one[1] == "discarded").collect();
    assert_eq!((discarded.len(), discarded[0][0].as_str()), (1, "part-2.0-py3-none-any.whl"), "{tried:?}");
    assert!(discarded[0][2].contains("pip install -c"), "{discarded:?}");
    std::fs::write(builder.place().join("constraints.txt"), "part==1.0\n").unwrap();
    let pinned = builder.reasons("download --cache-dir fresh INDEX -c constraints.txt --dest two part demo");
    assert!(
        pinned.len() == 2 && pinned.iter().all(|one| one[1] != "discarded" && !one[0].contains("2.0")),
        "{pinned:?}"
    );
}

#[test]
fn what_its_index_forbids_to_keep_is_spared_by_a_wheelhouse() {
    let Some(builder) = Builder::new() else { return };
    builder.served.wheel(&Made::new("fleeting", "1.0"));
    builder.served.wheel(&Made::new("demo", "1.0"));
    builder.reasons("download INDEX --dest one demo fleeting");
    let again = builder.reasons("download INDEX --dest two demo fleeting");
    assert_eq!((again.len(), again[0][0].as_str()), (1, "fleeting-1.0-py3-none-any.whl"), "{again:?}");
    assert_eq!(again[0][1], "not-cacheable");
    let typed: Vec<&str> = again[0][2].split('`').skip(1).step_by(2).collect();
    let [build, options] = typed[..] else { panic!("{again:?}") };
    std::fs::write(builder.place().join("requirements.txt"), "fleeting\n").unwrap();
    let index = builder.served.address();
    let build = build.split_once(' ').unwrap().1;
    let mut command = with_pip(&builder.pip, builder.place(), &format!("{build} --requirements requirements.txt"));
    succeeds(command.env("PIP_INDEX_URL", format!("{index}/simple/")));
    assert_eq!(builder.reasons(&format!("download {options} --dest three fleeting")), [[""; 3]; 0]);
    // Without TLS, and no reason to trust: the same.
    let untrusted = builder.reasons(&format!("download --index-url {index}/simple/ --dest four demo"));
    assert_eq!((untrusted.len(), untrusted[0][1].as_str()), (1, "not-cacheable"), "{untrusted:?}");
}

#[test]
fn runs_that_share_a_cache_download_once() {
    let Some(builder) = Builder::new() else { return };
    builder.served.wheel(&Made::new("demo", "1.0"));
    let script = |caches: [&str; 2]| {
        let run = |cache: &str, to: &str| format!("pip download --cache-dir {cache} INDEX --dest {to} demo\n");
        let text = run(caches[0], "a") + "rm -r a\n" + &run(caches[1], "b") + "rm -r b\n";
        let index = builder.served.index();
        std::fs::write(builder.place().join("both.sh"), text.replace("INDEX", &index)).unwrap();
        builder.session("run -- sh -e both.sh")
    };
    let repeated = script(["one", "two"]);
    let reasons: Vec<_> = repeated.iter().map(|one| one[1].as_str()).collect();
    assert_eq!(reasons, ["cold", "repeated"], "{repeated:?}");
    assert!(repeated[1][2].contains("let the runs share pip's cache"), "{repeated:?}");
    assert_eq!(script(["three", "three"]).len(), 1);
}

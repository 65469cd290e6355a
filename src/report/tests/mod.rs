//! Reports of sessions that were made by hand.

mod counted;

use super::{Analysis, History, Paper, SUMMARY_BYTES, bytes, markdown, seconds};
use crate::event::{
    Artifact, BuildInfo, Downloads, Ecosystem, Invocation, InvocationId, Kind, Moment, Network, Origin, SCHEMA,
    Session, SessionId, Step, Summary,
};

fn text(session: &Session, files: &[super::NamedFile], paper: Paper) -> String {
    super::text(&Analysis::of(session, &History::default()), files, paper)
}

fn json(session: &Session, files: &[super::NamedFile]) -> String {
    super::json(&Analysis::of(session, &History::default()), files)
}

fn session(artifacts: Vec<Artifact>) -> Session {
    let at = |seconds: i64| Moment::from_microseconds(1_795_188_960_123_456 + seconds * 1_000_000);
    let mut downloads = Downloads::default();
    artifacts.into_iter().for_each(|artifact| downloads.push(artifact));
    let run = |id: &str| Invocation {
        tool_version: Some("24.0".into()),
        argv: ["pip", "install", "-r", "requirements.txt"].map(str::to_owned).into(),
        exit_code: Some(0),
        ..Invocation::new(InvocationId(id.into()), "pip", "shim")
    };
    let mut session = Session {
        schema: SCHEMA,
        session_id: SessionId::at(at(0)),
        started_at: Some(at(0)),
        finished_at: Some(at(12)),
        duration_seconds: Some(12.3),
        build_info: BuildInfo::default(),
        invocations: vec![run("a"), run("b")],
        downloads,
        network: Network::default(),
        degraded: Vec::new(),
        blind_spots: Vec::new(),
        summary: Summary::default(),
    };
    session.summary = Summary::of(&session);
    session
}

fn wheel(name: &str, origin: Origin, size: Option<u64>) -> Artifact {
    let mut wheel = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
    wheel.name = Some(name.into());
    wheel.version = Some("1.16.0".into());
    wheel.source = Some(format!("https://files.example/packages/{name}-1.16.0-py3-none-any.whl").into());
    wheel.size_bytes = size;
    wheel.origin = origin;
    wheel
}

fn mixed() -> Session {
    let page = |origin| Artifact { kind: Kind::Index, ..wheel("six", origin, Some(20_000)) };
    let reason = |reason: &str, wheel: Artifact| Artifact { reason: Some(reason.into()), ..wheel };
    let mut session = session(vec![
        wheel("six", Origin::Downloaded, Some(11_053)),
        wheel("a-rather-long-name", Origin::Vcs, None),
        wheel("idna", Origin::HttpCache, Some(1_234_567)),
        wheel("attrs", Origin::Wheelhouse, Some(50_000)),
        wheel("demo", Origin::Built, Some(999)),
        reason("the transfer was cut after 3 of 11 kB", wheel("cut", Origin::Failed, None)),
        reason("the log was clipped \u{1b}[31m", wheel("\u{1b}]0;x\u{7}", Origin::Unknown, None)),
        page(Origin::Downloaded),
        page(Origin::HttpCache),
    ]);
    session.degraded = vec!["1 line of the journal could not be read: torn".into()];
    for invocation in &mut session.invocations {
        invocation.blind_spots = vec!["a pip that was started by an absolute path installed packages that no invocation explains: numpy 2.0, scipy 1.14".into()];
    }
    session.invocations[1].exit_code = None;
    session.summary = Summary::of(&session);
    session
}

#[test]
fn a_session_at_one_look() {
    let files =
        [("document", "logs/build/downloads_20261120_153600.json".to_owned()), ("log", "logs/build/x.log".to_owned())];
    insta::assert_snapshot!("mixed", text(&mixed(), &files, Paper::default()));
    insta::assert_snapshot!(
        "mixed_narrow",
        text(&mixed(), &files, Paper { width: Some(60), colour: true, entries: Some(5) })
    );
    insta::assert_snapshot!("mixed_json", json(&mixed(), &files));
}

#[test]
fn the_headline_is_as_sure_as_the_record() {
    let headline = |artifacts: &[(Origin, Option<u64>)]| {
        let artifacts = artifacts.iter().map(|&(origin, size)| wheel("six", origin, size)).collect();
        text(&session(artifacts), &[], Paper::default()).lines().next().unwrap().to_owned()
    };
    assert_eq!(headline(&[]), "nothing was downloaded, and nothing was needed");
    assert_eq!(
        headline(&[(Origin::Wheelhouse, Some(5))]),
        "nothing was downloaded: the one package file came from a cache or a local file (5 bytes)"
    );
    assert_eq!(
        headline(&[(Origin::Wheelhouse, Some(5)), (Origin::HttpCache, None)]),
        "nothing was downloaded: all 2 package files came from caches or local files (at least 5 bytes)"
    );
    assert_eq!(
        headline(&[(Origin::Downloaded, Some(5))]),
        "1 package file was downloaded (5 bytes), nothing came from a cache"
    );
    assert_eq!(
        headline(&[(Origin::Downloaded, None), (Origin::Vcs, None), (Origin::Local, Some(7)), (Origin::Failed, None)]),
        "2 package files were downloaded (size unknown), 1 came from caches or local files (7 bytes); 1 package file failed"
    );
    assert_eq!(headline(&[(Origin::Failed, None)]), "no download was seen, and 1 package file failed");
    assert_eq!(
        headline(&[(Origin::Unknown, None)]),
        "no download was seen, but the origin of 1 package file is unknown"
    );
    let mut gap = session(vec![wheel("six", Origin::Wheelhouse, Some(5))]);
    gap.blind_spots = vec!["x".into()];
    gap.summary = Summary::of(&gap);
    assert!(
        text(&gap, &[], Paper::default()).starts_with("no download was seen, but the record has gaps, named below\n")
    );
}

#[test]
fn lines_fit_a_terminal_and_are_whole_in_a_pipe() {
    let narrow = text(&mixed(), &[], Paper { width: Some(60), colour: false, entries: None });
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    let piped = text(&mixed(), &[], Paper::default());
    assert!(
        piped.lines().any(|line| line.contains("six") && line.ends_with("/six-1.16.0-py3-none-any.whl")),
        "{piped}"
    );
    assert!(!piped.contains('\u{1b}') && !piped.contains('…'), "{piped}");
    let coloured = text(&mixed(), &[], Paper { colour: true, ..Paper::default() });
    let plain = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[1;31m", "\u{1b}[1;32m", "\u{1b}[33m", "\u{1b}[2m"];
    assert_eq!(plain.iter().fold(coloured, |text, escape| text.replace(escape, "")), piped);
}

#[test]
fn long_lists_are_counted_where_that_is_wanted() {
    let many = (0..30).map(|number| wheel(&format!("p{number}"), Origin::Downloaded, Some(1))).collect();
    let many = session(many);
    let short = text(&many, &[], Paper { entries: Some(10), ..Paper::default() });
    assert_eq!(short.lines().filter(|line| line.contains("files.example")).count(), 10);
    assert!(short.contains("\n  and 20 more\n"), "{short}");
    assert_eq!(text(&many, &[], Paper::default()).lines().filter(|line| line.contains("files.example")).count(), 30);
}

#[test]
fn quantities_are_easy_to_read() {
    for (size, shown) in [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_995, "10.0 kB"),
        (9_996, "10.0 kB"),
        (11_053, "11.1 kB"),
        (99_960, "100 kB"),
        (999_400, "999 kB"),
        (999_600, "1.00 MB"),
        (1_234_567_890, "1.23 GB"),
        (u64::MAX, "18.4 EB"),
    ] {
        assert_eq!(bytes(size), shown, "{size}");
    }
    for (time, shown) in [
        (0.0, "0.000 s"),
        (0.0123, "0.012 s"),
        (3.21, "3.2 s"),
        (99.96, "1 min 40 s"),
        (3599.6, "1 h 0 min"),
        (125.0, "2 min 5 s"),
        (3840.0, "1 h 4 min"),
    ] {
        assert_eq!(seconds(time), shown, "{time}");
    }
}

#[test]
fn a_page_of_markdown_for_one_and_for_several() {
    let mut built = mixed();
    let step = |id: &str, instruction: &str| {
        Some(Step {
            id: id.into(),
            stage: Some("build".into()),
            index: Some(2),
            total: Some(5),
            instruction: Some(instruction.into()),
            line: Some(7),
        })
    };
    built.invocations[0].step = step("#9", "RUN pip install `cat x | y`");
    built.invocations[0].duration_seconds = Some(3.25);
    for wheel in &mut built.downloads.wheels[..3] {
        wheel.step = step("#9", "RUN pip install `cat x | y`");
    }
    built.downloads.wheels[0].name = Some("<img src=x onerror=alert(1)>|@team".into());
    insta::assert_snapshot!("markdown", markdown(std::slice::from_ref(&built), SUMMARY_BYTES));
    insta::assert_snapshot!("markdown_of_two", markdown(&[built, session(Vec::new())], SUMMARY_BYTES));
    assert!(markdown(&[], SUMMARY_BYTES).contains("`wheeltap run -- COMMAND`"));
}

#[test]
fn a_page_of_markdown_is_cut_with_a_note() {
    let many: Vec<_> = (0..20_000).map(|n| wheel(&format!("package-{n}"), Origin::Downloaded, Some(n))).collect();
    let many = session(many);
    for most in [0, 500, 2_000, 100_000, SUMMARY_BYTES] {
        let page = markdown(std::slice::from_ref(&many), most);
        assert!(page.len() <= most.max(300), "{} bytes where {most} are allowed", page.len());
        let rows = page.lines().filter(|line| line.starts_with("| package-")).count();
        assert!(page.contains("> **Cut.**") && rows < 20_000, "{rows} rows in {most} bytes");
        assert!(rows == 0 || page.contains(&format!("\n> **Cut.** {} more lines", 20_000 - rows)), "{most}");
    }
    assert!(!markdown(&[session(Vec::new())], SUMMARY_BYTES).contains("Cut"));
}

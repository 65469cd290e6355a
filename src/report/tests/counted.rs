//! Figures of sessions that were counted by hand.

use super::{session, wheel};
use crate::event::{
    Artifact, Ecosystem, Invocation, InvocationId, Kind, Moment, Origin, Purpose, Session, Sha256, Step, Summary,
};
use crate::report::{Analysis, History, Reason};

const START: i64 = 1_795_188_960_000_000;

fn at(seconds: f64) -> Option<Moment> {
    Some(Moment::from_microseconds(START + (seconds * 1e6) as i64))
}

fn run(id: &str, command: &str, start: f64, seconds: f64) -> Invocation {
    Invocation {
        argv: command.split(' ').map(str::to_owned).collect(),
        started_at: at(start),
        duration_seconds: Some(seconds),
        exit_code: Some(0),
        ..Invocation::new(InvocationId(id.into()), command.split(' ').next().unwrap(), "shim")
    }
}

fn step(instruction: &str) -> Option<Step> {
    let instruction = Some(instruction.to_owned());
    Some(Step { id: "#9".into(), stage: None, index: Some(2), total: Some(5), instruction, line: Some(4) })
}

/// A file of run `a`, there after so many seconds.
fn file(name: &str, origin: Origin, size: u64, seconds: f64) -> Artifact {
    let filename = Some(format!("{name}-1.16.0-py3-none-any.whl").into());
    Artifact {
        filename,
        invocation: Some(InvocationId("a".into())),
        at: at(seconds),
        ..wheel(name, origin, Some(size))
    }
}

fn deb(name: &str, origin: Origin, size: u64) -> Artifact {
    Artifact {
        ecosystem: Ecosystem::Deb,
        kind: Kind::Deb,
        arch: Some("amd64".into()),
        filename: Some(format!("{name}_1.16.0_amd64.deb").into()),
        destination: Some(format!("/var/cache/apt/archives/{name}_1.16.0_amd64.deb").into()),
        ..file(name, origin, size, 1.0)
    }
}

fn of(runs: Vec<Invocation>, artifacts: Vec<Artifact>) -> Session {
    let mut session = session(artifacts);
    session.invocations = runs;
    session.build_info.hostname = Some("builder".into());
    session.summary = Summary::of(&session);
    session
}

fn reasons(session: &Session, earlier: &History) -> Vec<Reason> {
    Analysis::of(session, earlier).downloads.iter().map(|download| download.reason).collect()
}

fn reason(command: &str, artifact: Artifact) -> Reason {
    reasons(&of(vec![run("a", command, 0.0, 9.0)], vec![artifact]), &History::default())[0]
}

#[test]
fn rates_times_and_score_of_one_session() {
    let session = of(
        vec![run("a", "pip install --no-cache-dir one", 0.0, 10.0), run("b", "pip install two", 5.0, 10.0)],
        vec![
            // 1 s, 2 s and 4 s of run `a`; the cached file between took 1 s.
            file("one", Origin::Downloaded, 1_000, 1.0),
            file("two", Origin::Downloaded, 2_000, 3.0),
            file("three", Origin::HttpCache, 6_000, 4.0),
            file("four", Origin::Downloaded, 4_000, 8.0),
            // Run `b` waits from 5 s to 9 s, three of these seconds at the same time as `a`.
            Artifact { invocation: Some(InvocationId("b".into())), ..file("five", Origin::Downloaded, 3_000, 9.0) },
            file("gone", Origin::Failed, 0, 9.5),
            Artifact { kind: Kind::Index, ..file("page", Origin::Downloaded, 500, 0.5) },
        ],
    );
    let analysis = Analysis::of(&session, &History::default());
    // The page took the first half second, `one` the second one.
    assert_eq!((analysis.transfer.seconds, analysis.transfer.bytes), (Some(1.0 + 2.0 + 5.0), 10_500));
    assert_eq!(analysis.transfer.speed(), Some(10_500.0 / 8.0));
    assert_eq!(session.summary.cache_hit_rate, Some(1.0 / 5.0));
    assert_eq!(analysis.hit_rate_by_bytes(), Some(6_000.0 / 16_000.0));
    // Run `a` keeps no cache: 7 000 of 10 000 bytes will be downloaded again.
    assert_eq!((analysis.avoidable().files, analysis.avoidable().bytes), (3, 7_000));
    assert_eq!(analysis.optimization_score(), 30);
    assert_eq!((analysis.packages(), analysis.packages_installed()), (5, 5));
    assert!(!analysis.is_bound());
}

#[test]
fn a_build_without_avoidable_bytes_scores_a_hundred_and_no_other() {
    let score = |artifacts: Vec<Artifact>, command: &str| {
        let session = of(vec![run("a", command, 0.0, 9.0)], artifacts);
        Analysis::of(&session, &History::default()).optimization_score()
    };
    assert_eq!(score(vec![], "pip install"), 100);
    assert_eq!(score(vec![file("one", Origin::Wheelhouse, 5, 1.0)], "pip install"), 100);
    assert_eq!(score(vec![file("one", Origin::Downloaded, 5, 1.0)], "pip install one"), 100);
    assert_eq!(score(vec![file("one", Origin::Downloaded, 5, 1.0)], "pip install --no-cache-dir one"), 0);
    let discarded = Artifact { purpose: Purpose::ResolverDiscarded, ..file("one", Origin::Downloaded, 1, 1.0) };
    assert_eq!(score(vec![discarded, file("two", Origin::Downloaded, 1_000_000, 2.0)], "pip install"), 99);
    // Without a size the files are counted.
    let unsized_file = Artifact { size_bytes: None, ..file("one", Origin::Vcs, 0, 1.0) };
    assert_eq!(score(vec![unsized_file, file("two", Origin::Downloaded, 9, 2.0)], "pip install"), 50);
}

#[test]
fn a_setting_that_keeps_caches_from_helping_is_named() {
    let wheel = || file("one", Origin::Downloaded, 5, 1.0);
    let within = |instruction: &str| Artifact { step: step(instruction), ..wheel() };
    assert_eq!(reason("pip install one", wheel()), Reason::Cold);
    assert_eq!(reason("pip install --no-cache-dir one", wheel()), Reason::Disabled);
    assert_eq!(reason("pip install --no-cache one", wheel()), Reason::Disabled);
    assert_eq!(reason("pip install -f wheelhouse one", wheel()), Reason::Bypassed);
    assert_eq!(reason("pip install --find-links=file:///w one", wheel()), Reason::Bypassed);
    assert_eq!(reason("pip install --find-links=https://h.example/w one", wheel()), Reason::Cold);
    assert_eq!(reason("pip install --no-index -f wheelhouse one", wheel()), Reason::Cold);
    assert_eq!(reason("pip install one", Artifact { origin: Origin::Vcs, ..wheel() }), Reason::NotCacheable);
    assert_eq!(reason("pip install one", within("RUN pip install one")), Reason::NotKept);
    assert_eq!(reason("pip install one", within("RUN PIP_NO_CACHE_DIR=1 pip install one")), Reason::Disabled);
    let mounted = "[2/5] RUN --mount=type=cache,target=/root/.cache/pip pip install one";
    assert_eq!(reason("pip install one", within(mounted)), Reason::Cold);
    // A run that the instruction's other half forbids the cache.
    let other_run = "RUN --mount=type=cache,target=/root/.cache/pip pip install one && pip install --no-cache-dir x";
    assert_eq!(reason("pip install one", within(other_run)), Reason::Cold);
    let session = |value: &str| {
        let mut session = of(vec![run("a", "pip install one", 0.0, 9.0)], vec![wheel()]);
        session.build_info.build_args.insert("PIP_NO_CACHE_DIR".into(), value.into());
        reasons(&session, &History::default())[0]
    };
    // Any value will do for pip.
    assert_eq!((session("1"), session("0"), session("")), (Reason::Disabled, Reason::Disabled, Reason::Cold));
    // A step of an image build knows nothing of the variables of the machine that started the build.
    let mut elsewhere = of(vec![run("a", "pip install one", 0.0, 9.0)], vec![within("RUN pip install one")]);
    elsewhere.invocations[0].step = step("RUN pip install one");
    for (name, value) in [("PIP_FIND_LINKS", "/wheels"), ("PIP_NO_CACHE_DIR", "1")] {
        elsewhere.build_info.build_args.insert(name.into(), value.into());
    }
    assert_eq!(reasons(&elsewhere, &History::default()), [Reason::NotKept]);
    let package = |instruction: &str| Artifact { step: step(instruction), ..deb("curl", Origin::Downloaded, 5) };
    let mounted = "RUN --mount=type=cache,target=/var/cache/apt apt-get install curl";
    assert_eq!(reason("apt-get install curl", package("RUN apt-get install curl")), Reason::NotKept);
    assert_eq!(reason("apt-get install curl", package(mounted)), Reason::Cold);
    assert_eq!(reason("apt-get install curl", package(&format!("{mounted} && apt-get clean"))), Reason::Removed);
}

#[test]
fn earlier_sessions_tell_first_time_change_and_loss_apart() {
    let digest = |byte: u8| Some(Sha256([byte; 32]));
    let session = |artifact: Artifact| of(vec![run("a", "pip install one", 0.0, 9.0)], vec![artifact]);
    let mut earlier = History::default();
    earlier.add(&session(Artifact { sha256: digest(1), ..file("One_two", Origin::Downloaded, 5, 1.0) }));
    earlier.add(&session(deb("curl", Origin::Downloaded, 5)));
    assert_eq!(earlier.sessions(), 2);
    let judged = |artifact: Artifact| {
        let session = session(artifact);
        let analysis = Analysis::of(&session, &earlier);
        (analysis.downloads[0].reason, analysis.downloads[0].changed_from.clone())
    };
    let again = Artifact { sha256: digest(1), ..file("one-two", Origin::Downloaded, 5, 1.0) };
    assert_eq!(judged(again.clone()), (Reason::Unknown, None));
    assert_eq!(judged(Artifact { sha256: digest(2), ..again.clone() }), (Reason::Changed, None), "other bytes");
    let newer = Artifact { sha256: digest(3), version: Some("2.0".into()), ..again };
    assert_eq!(judged(newer), (Reason::Changed, Some("1.16.0".into())));
    assert_eq!(judged(file("new", Origin::Downloaded, 5, 1.0)), (Reason::Cold, None));
    assert_eq!(judged(deb("curl", Origin::Downloaded, 5)), (Reason::Removed, None));
    assert_eq!(judged(Artifact { arch: Some("arm64".into()), ..deb("wget", Origin::Downloaded, 5) }).0, Reason::Cold);
}

#[test]
fn a_mount_that_is_new_is_told_from_one_that_was_emptied() {
    let instruction = |id: &str| format!("RUN --mount=type=cache,id={id},target=/var/cache/apt apt-get install curl");
    let session = |instruction: &str| {
        let package = Artifact { step: step(instruction), ..deb("curl", Origin::Downloaded, 5) };
        of(vec![run("a", "apt-get install curl", 0.0, 9.0)], vec![package])
    };
    let mut earlier = History::default();
    earlier.add(&session("RUN apt-get install curl"));
    earlier.add(&session(&instruction("one")));
    assert_eq!(reasons(&session("RUN apt-get install curl"), &earlier), [Reason::NotKept]);
    assert_eq!(reasons(&session(&instruction("one")), &earlier), [Reason::Removed]);
    assert_eq!(reasons(&session(&instruction("two")), &earlier), [Reason::Cold]);
}

#[test]
fn a_repetition_within_the_session_is_counted_whatever_its_reason() {
    let wheel = || file("one", Origin::Downloaded, 5, 1.0);
    let session = of(
        vec![run("a", "pip install one", 0.0, 9.0)],
        vec![wheel(), wheel(), file("two", Origin::Downloaded, 7, 2.0)],
    );
    assert_eq!(reasons(&session, &History::default()), [Reason::Cold, Reason::Repeated, Reason::Cold]);
    let disabled = of(vec![run("a", "pip install --no-cache-dir one", 0.0, 9.0)], vec![wheel(), wheel()]);
    let analysis = Analysis::of(&disabled, &History::default());
    assert_eq!((analysis.repeated().files, analysis.repeated().bytes), (1, 5));
    assert!(analysis.downloads.iter().all(|download| download.reason == Reason::Disabled));
}

#[test]
fn what_a_text_tells_has_no_times() {
    let mut session = of(vec![run("a", "pip install one", 0.0, 9.0)], vec![file("one", Origin::Downloaded, 5, 1.0)]);
    session.invocations[0].via = "text".into();
    let analysis = Analysis::of(&session, &History::default());
    assert_eq!((analysis.transfer.seconds, analysis.transfer.speed()), (None, None));
}

#[test]
fn parallel_runs_of_a_step_are_timed_once() {
    let mut runs = vec![run("a", "pip install one", 0.0, 10.0), run("b", "apt-get update", 6.0, 6.0)];
    runs.iter_mut().for_each(|run| run.step = step("RUN both"));
    runs.push(run("c", "pip install two", 20.0, 1.0));
    let session = of(runs, vec![Artifact { step: step("RUN both"), ..file("one", Origin::Downloaded, 5, 1.0) }]);
    let analysis = Analysis::of(&session, &History::default());
    let steps: Vec<_> =
        analysis.steps.iter().map(|(step, share)| (step.is_some(), share.seconds, share.runs)).collect();
    assert_eq!(steps, [(true, Some(12.0), 2), (false, Some(1.0), 1)]);
    assert_eq!((analysis.runs[0].1.downloaded.files, analysis.runs[1].1.downloaded.files), (1, 0));
}

//! The verdict: a pure function of a session and of what was accepted beforehand.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Certificate, Reach, SCHEMA, Unmatched, Verdict};
use super::known::Known;
use super::{missing, servers};
use crate::event::{Artifact, Attempt, AttemptKind, Command, Invocation, Origin, Session, Sha256, Watch, host_of};

/// What is judged beside the session.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The command, if the session does not say.
    pub command: Option<Command>,
    /// What is accepted.
    pub known: Known,
    /// The digests of the files of wheelhouses and archives, each with the place that vouches for it.
    pub entries: BTreeMap<Sha256, String>,
    /// What else speaks against a PASS: steps whose witness is not heard, a clipped log.
    pub doubts: Vec<String>,
}

/// Judges.
pub fn certify(session: &Session, case: &Case) -> Certificate {
    let witnesses = &session.network.completeness.witnesses;
    // Of an image build the command is docker's, not a step's.
    let whole = witnesses.iter().rev().filter(|watch| watch.step.is_none());
    let command = case.command.clone().or_else(|| whole.into_iter().find_map(|watch| watch.command.clone()));
    let mut attempts = attempts(session);
    for reach in &mut attempts {
        reach.known = case.known.accepts(reach);
    }
    let missing = missing::of(session);
    let mut against = against(session, command.as_ref(), &attempts);
    against.extend(missing.iter().map(|missing| format!("{} was wanted and not there", missing.requirement)));
    let doubts = doubts(session, case, command.as_ref());
    let (verdict, reasons) = match (against.is_empty(), doubts.is_empty()) {
        (false, _) => (Verdict::Fail, against.into_iter().chain(doubts).collect()),
        (true, false) => (Verdict::Unknown, doubts),
        (true, true) => (Verdict::Pass, vec![grounds(&attempts)]),
    };
    Certificate {
        schema: SCHEMA,
        session_id: session.session_id.clone(),
        verdict,
        command: command.unwrap_or_default(),
        boundary: boundary(witnesses),
        reasons,
        attempts,
        missing,
        unmatched: unmatched(session, &case.entries),
        blind_spots: blind_spots(session),
    }
}

/// What a PASS rests on.
fn grounds(attempts: &[Reach]) -> String {
    let known = if attempts.is_empty() { "" } else { " beyond the known ones" };
    format!(
        "the command succeeded with the network cut by the kernel; every process was watched, and none tried to reach out{known}"
    )
}

/// The weakest boundary that any of the watched had.
fn boundary(witnesses: &[Watch]) -> String {
    let of = |word: &str| witnesses.iter().any(|watch| watch.boundary == word);
    let weakest = ["none", "advisory", "kernel-netns"].into_iter().find(|word| of(word));
    weakest.unwrap_or("none").to_owned()
}

/// What shows that the network is needed, or that the command does not succeed without.
fn against(session: &Session, command: Option<&Command>, attempts: &[Reach]) -> Vec<String> {
    let mut reasons = Vec::new();
    match command {
        Some(Command { exit_signal: Some(signal), .. }) => {
            reasons.push(format!("the command was ended by signal {signal}"))
        }
        Some(Command { exit_code: Some(code), .. }) if *code != 0 => {
            reasons.push(format!("the command failed offline: exit status {code}"));
        }
        _ => {}
    }
    for reach in attempts.iter().filter(|reach| !reach.known) {
        reasons.push(described(reach));
    }
    // What a service of the build itself offered did not come from anywhere else.
    let of_loopback = |artifact: &Artifact| artifact.source.as_deref().and_then(host_of).is_some_and(is_loopback);
    for artifact in
        session.downloads.all().filter(|artifact| artifact.cached() == Some(false) && !of_loopback(artifact))
    {
        reasons.push(format!("{} came over the network", artifact.label()));
    }
    reasons
}

/// An attempt in a sentence.
pub(super) fn described(reach: &Reach) -> String {
    let place = match (&reach.host, &reach.addr) {
        (Some(host), Some(addr)) if reach.host_source.as_deref() == Some("dns-correlated") => {
            format!("{host} ({addr})")
        }
        (Some(host), _) => host.clone(),
        (None, Some(addr)) => addr.clone(),
        (None, None) => "an unknown place: the kernel counted the tries, nobody was seen to make them".to_owned(),
    };
    let times = if reach.count == 1 { String::new() } else { format!(" {} times", reach.count) };
    let wanted = reach.wanted.as_ref().map(|wanted| format!(" for {wanted}")).unwrap_or_default();
    format!("{} tried{times} to reach {place}{wanted}", reach.tool)
}

/// What keeps a build that shows no need of the network from being certified.
fn doubts(session: &Session, case: &Case, command: Option<&Command>) -> Vec<String> {
    let witnesses = &session.network.completeness.witnesses;
    let mut doubts = case.doubts.clone();
    if witnesses.iter().all(|watch| watch.method == "steps") {
        doubts.push("nobody watched the network: nothing ran that could be watched".to_owned());
    }
    for watch in witnesses {
        let place = watch.step.as_ref().map(|step| format!("step {}: ", step.id)).unwrap_or_default();
        let mut doubt = |text: String| {
            let text = format!("{place}{text}");
            if !doubts.contains(&text) {
                doubts.push(text);
            }
        };
        if !matches!(watch.method.as_str(), "seccomp-notify" | "steps") {
            doubt(unwatched(watch));
        }
        match watch.boundary.as_str() {
            "kernel-netns" => {}
            "advisory" => {
                doubt("the network was refused, not cut: a program that wants to gets around that".to_owned())
            }
            _ => doubt("nothing kept the command from the network".to_owned()),
        }
        for reason in &watch.doubts {
            doubt(reason.clone());
        }
        for path in watch.outside_sockets.iter().filter(|path| !case.known.accepts_server(path)) {
            servers::doubt(path).into_iter().for_each(&mut doubt);
        }
    }
    if command.is_none_or(|command| command.exit_code.is_none() && command.exit_signal.is_none()) {
        doubts.push("how the command ended is not known".to_owned());
    }
    doubts
}

fn unwatched(watch: &Watch) -> String {
    if watch.mode == "off" {
        return "the witness was switched off (WHEELTAP_WITNESS=off)".to_owned();
    }
    if watch.mode == "counters" {
        return "the witness only counted (WHEELTAP_WITNESS=counters): what IPv6 was tried and by whom is not known"
            .to_owned();
    }
    let why = watch.unavailable.iter().find(|one| one.method == "seccomp-notify").map(|one| one.reason.as_str());
    match why {
        Some("outer") => "another witness of wheeltap's watches from above, and only that one sees".to_owned(),
        Some(why) => format!("calls could not be watched: {why}"),
        None => "calls were not watched".to_owned(),
    }
}

/// Every try, as the witness saw it, with what the tools said of it; and what they said of tries that nobody saw.
fn attempts(session: &Session) -> Vec<Reach> {
    let (seen, told): (Vec<&Attempt>, Vec<&Attempt>) =
        session.network.attempts.iter().partition(|attempt| attempt.kind == AttemptKind::Witnessed);
    let mut reaches: Vec<Reach> = Vec::new();
    let mut absorbed = vec![false; told.len()];
    for attempt in seen {
        let invocation =
            attempt.invocation.clone().or_else(|| invocation_of(session, attempt).map(|one| one.id.clone()));
        let mut reach = Reach { host_source: attempt.host_source.clone(), invocation, ..reach(attempt) };
        for (at, text) in told.iter().enumerate() {
            let same_host = !text.is_of_builder()
                && reach.host.is_some()
                && reach.host.as_deref() == text.host.as_deref().map(without_port);
            if same_host && (reach.invocation.is_none() || text.invocation == reach.invocation) {
                absorbed[at] = true;
                reach.wanted = reach.wanted.or_else(|| text.wanted.clone());
            }
        }
        if let Some(tool) =
            reach.invocation.as_ref().and_then(|id| session.invocations.iter().find(|one| one.id == *id))
        {
            reach.tool = tool.tool.clone();
            reach.step = reach.step.or_else(|| tool.step.clone());
        }
        reaches.push(reach);
    }
    // Where a witness saw everything, what a tool says of a try that was not seen was none: an index that it would ask.
    // The builder is watched by nobody, and its loopback is not the build's.
    let told = told.iter().zip(absorbed).filter(|(_, absorbed)| !absorbed).map(|(text, _)| *text);
    let complete = session.network.completeness.complete;
    let counts = |text: &&Attempt| {
        let inside = text.host.as_deref().map(without_port).is_some_and(is_loopback);
        text.is_of_builder() || (!complete && !inside)
    };
    for text in told.filter(counts) {
        let mut one = Reach { host_source: text.host.as_ref().map(|_| "tool".to_owned()), ..reach(text) };
        one.host = one.host.as_deref().map(|host| without_port(host).to_owned());
        match reaches
            .iter_mut()
            .find(|other| other.host == one.host && other.wanted == one.wanted && other.invocation == one.invocation)
        {
            Some(other) => other.count += one.count,
            None => reaches.push(one),
        }
    }
    for watch in session.network.completeness.witnesses.iter().filter(|watch| watch.unwitnessed > 0) {
        let mut nobody = Attempt::new("unknown", AttemptKind::Witnessed);
        (nobody.count, nobody.step) = (watch.unwitnessed, watch.step.clone());
        nobody.invocation = watch.invocation.clone();
        reaches.push(reach(&nobody));
    }
    reaches
}

fn reach(attempt: &Attempt) -> Reach {
    Reach {
        tool: attempt.tool.clone(),
        host: attempt.host.clone(),
        host_source: None,
        addr: attempt.addr.clone(),
        proto: attempt.proto.clone(),
        count: attempt.count,
        seconds: attempt.seconds,
        uid: attempt.uid,
        chain: attempt.chain.clone(),
        invocation: attempt.invocation.clone(),
        step: attempt.step.clone(),
        wanted: attempt.wanted.clone(),
        known: false,
    }
}

/// The invocation that a process belongs to: the nearest one up the chain that was called as it was recorded.
fn invocation_of<'a>(session: &'a Session, attempt: &Attempt) -> Option<&'a Invocation> {
    let called = |invocation: &&Invocation, process: &str| {
        let same_step = attempt.step.is_none() || invocation.step.is_none() || attempt.step == invocation.step;
        let own = invocation.argv.get(1..).unwrap_or_default().join(" ");
        let argv = invocation.argv.join(" ");
        // An interpreter and the path of the script stand before the tool's own arguments.
        let by_interpreter =
            !own.is_empty() && process.ends_with(&format!(" {own}")) && process.contains(&invocation.tool);
        same_step && !argv.is_empty() && (process == argv || by_interpreter)
    };
    attempt.chain.iter().find_map(|process| session.invocations.iter().find(|one| called(one, process)))
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or(host),
        None => host,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host == "::1" || host.starts_with("127.")
}

/// The package files whose bytes nothing vouches for.
fn unmatched(session: &Session, entries: &BTreeMap<Sha256, String>) -> Vec<Unmatched> {
    let taken_on = |artifact: &&Artifact| artifact.kind.is_package() && artifact.origin != Origin::Failed;
    // A step's files are gone with it; whoever recorded it has read them where they lay.
    let vouches = |artifact: &&Artifact| {
        artifact.step.is_some() && matches!(artifact.origin, Origin::Wheelhouse | Origin::ArchiveCache)
    };
    let mut recorded = BTreeSet::<Sha256>::new();
    recorded.extend(session.downloads.all().filter(vouches).filter_map(|artifact| artifact.sha256));
    let mut unmatched = Vec::new();
    for artifact in session.downloads.all().filter(taken_on) {
        let reason = match artifact.sha256 {
            Some(digest) if entries.contains_key(&digest) || recorded.contains(&digest) => continue,
            Some(_) => "no wheelhouse and no archive has a file of this digest",
            None => "its digest is not known",
        };
        let one = Unmatched {
            filename: artifact.label().to_owned(),
            sha256: artifact.sha256.map(|digest| digest.to_string()),
            origin: artifact.origin.as_str().to_owned(),
            reason: reason.to_owned(),
        };
        if !unmatched.contains(&one) {
            unmatched.push(one);
        }
    }
    unmatched
}

fn blind_spots(session: &Session) -> Vec<String> {
    let own = session.blind_spots.iter().chain(&session.degraded).cloned();
    let theirs = session
        .invocations
        .iter()
        .flat_map(|one| one.blind_spots.iter().chain(&one.degraded).map(|reason| format!("{}: {reason}", one.tool)));
    let servers = session.network.completeness.witnesses.iter().flat_map(|watch| &watch.outside_sockets);
    let servers =
        servers.map(|path| format!("what the server of {path}, which is outside of the cut, did is not seen"));
    let mut spots: Vec<String> = own.chain(theirs).chain(servers).collect();
    let mut seen = std::collections::HashSet::new();
    spots.retain(|spot| seen.insert(spot.clone()));
    spots
}

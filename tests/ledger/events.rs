//! Events to record.

use wheeltap::event::{
    Artifact, BuildInfo, Ecosystem, Event, Evidence, Invocation, InvocationId, Kind, Moment, Origin, Sha256,
};

/// 2026-11-20T15:36:00.123456Z and some seconds.
pub(crate) fn at(seconds: f64) -> Moment {
    Moment::from_microseconds(1_795_188_960_123_456 + (seconds * 1e6) as i64)
}

pub(crate) fn build_info() -> BuildInfo {
    BuildInfo {
        wheeltap_version: "0.1.0".into(),
        platform: "linux/amd64".into(),
        hostname: Some("builder".into()),
        build_args: [("USE_WHEELHOUSE".to_owned(), "true".to_owned())].into(),
    }
}

pub(crate) fn invocation(id: &str) -> Invocation {
    Invocation {
        tool_version: Some("24.0".into()),
        argv: vec!["pip".into(), "install".into(), "six".into()],
        cwd: Some("/app".into()),
        started_at: Some(at(0.0)),
        ..Invocation::new(InvocationId(id.into()), "pip", "shim")
    }
}

pub(crate) fn wheel(name: &str, origin: Origin) -> Artifact {
    let mut artifact = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
    artifact.name = Some(name.into());
    artifact.version = Some("1.0".into());
    artifact.filename = Some(format!("{name}-1.0-py3-none-any.whl").into());
    artifact.source = Some(format!("https://files.example/{name}-1.0-py3-none-any.whl").into());
    artifact.size_bytes = Some(1000);
    artifact.sha256 = Some(Sha256([7; 32]));
    artifact.origin = origin;
    artifact.add_evidence(Evidence::LOG);
    artifact
}

pub(crate) fn artifact(invocation: &str, number: u64, record: Artifact) -> Event {
    Event::Artifact {
        at: at(number as f64),
        invocation: InvocationId(invocation.into()),
        number,
        record: Box::new(record),
    }
}

pub(crate) fn started(id: &str) -> Event {
    Event::InvocationStarted { at: at(0.0), record: Box::new(invocation(id)) }
}

pub(crate) fn finished(id: &str) -> Event {
    let ended = Invocation { exit_code: Some(0), duration_seconds: Some(3.2), ..invocation(id) };
    Event::InvocationFinished { at: at(3.2), record: Box::new(ended) }
}

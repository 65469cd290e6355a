//! What is asked of the machine once for a session or an invocation.

use std::hash::{BuildHasher, Hasher};

use crate::event::{BuildInfo, InvocationId, Redactor};

/// Build arguments that decide how a build obtains its packages; beside them every `PIP_` variable.
const BUILD_ARGUMENTS: [&str; 9] = [
    "USE_WHEELHOUSE",
    "BUILD_WHEELS",
    "WHEELHOUSE",
    "BUILDPLATFORM",
    "TARGETPLATFORM",
    "DEBIAN_FRONTEND",
    "SOURCE_DATE_EPOCH",
    "BUILD_TYPE",
    "APT_CONFIG",
];

/// Where this process runs, with the build arguments among `environment`, redacted.
pub fn build_info<'a>(environment: impl IntoIterator<Item = (&'a [u8], &'a [u8])>, redactor: &Redactor) -> BuildInfo {
    let matters =
        |name: &[u8]| name.starts_with(b"PIP_") || BUILD_ARGUMENTS.iter().any(|argument| argument.as_bytes() == name);
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    BuildInfo {
        wheeltap_version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: platform().to_owned(),
        hostname: Some(hostname).filter(|name| !name.is_empty()),
        build_args: environment
            .into_iter()
            .filter(|(name, _)| matters(name))
            .map(|(name, value)| redactor.variable(name, value))
            .collect(),
    }
}

/// This binary's platform as Docker writes it.
fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "linux/amd64",
        "aarch64" => "linux/arm64",
        "arm" => "linux/arm",
        "x86" => "linux/386",
        "powerpc64" => "linux/ppc64le",
        "riscv64" => "linux/riscv64",
        "s390x" => "linux/s390x",
        _ => "linux/unknown",
    }
}

/// A new name for a run of a tool: 64 random bits, since processes of several containers, whose numbers and clocks agree,
/// may share one session.
pub fn invocation_id() -> InvocationId {
    // The standard library seeds this from the kernel's random numbers.
    let random = std::hash::RandomState::new().build_hasher().finish();
    InvocationId(format!("{random:016x}").into())
}

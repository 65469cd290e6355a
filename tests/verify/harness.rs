//! One verification in a directory of its own, with nothing of this machine's environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A directory to verify in.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

/// How a verification ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The certificate that was kept; null if none was.
    pub(crate) certificate: Value,
}

impl Said {
    /// Status and verdict at once.
    pub(crate) fn verdict(&self) -> (Option<i32>, &str) {
        (self.status, self.certificate["verdict"].as_str().unwrap_or_default())
    }

    pub(crate) fn reasons(&self) -> String {
        self.certificate["reasons"].to_string()
    }
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { directory: tempfile::Builder::new().prefix("wheeltap-verify-").tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path().join(name), text).unwrap();
        self.path().join(name)
    }

    /// Any program, with a bare environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.path()).env("LC_ALL", "C.UTF-8");
        command
    }

    pub(crate) fn wheeltap(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_wheeltap"));
        command.args(arguments);
        command
    }

    /// `wheeltap verify -- CMD...`.
    pub(crate) fn verify(&self, command: &[&str]) -> Said {
        let mut whole = self.wheeltap(&["verify", "--"]);
        whole.args(command);
        self.said(whole.output().unwrap())
    }

    /// `wheeltap verify -- sh -c SCRIPT`.
    pub(crate) fn script(&self, script: &str) -> Said {
        self.verify(&["bash", "-c", script])
    }

    pub(crate) fn said(&self, output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let stderr = text(output.stderr);
        let path =
            stderr.lines().find_map(|line| line.strip_prefix("wheeltap: ").filter(|p| p.contains("certificate_")));
        let certificate = path.and_then(|path| std::fs::read(path).ok());
        let certificate = certificate.map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default();
        Said { status: output.status.code(), stdout: text(output.stdout), stderr, certificate }
    }
}

/// Whether a network namespace can be had here: without one there is nothing to test.
pub(crate) fn can_cut() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| Place::new().verify(&["true"]).certificate["boundary"] == "kernel-netns");
    super::requires::met("no network namespace", can)
}

/// The hostile program, built once; `None` where nothing can build it.
pub(crate) fn hostile() -> Option<&'static str> {
    static BUILT: OnceLock<Option<String>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{}", std::process::id()));
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/hostile.c");
            let mut cc = Command::new("cc");
            let built = cc.args(["-O1", "-static", "-pthread", "-o"]).arg(&out).arg(source).status();
            let built = built.is_ok_and(|status| status.success());
            super::requires::met("no static C library", built).then(|| out.to_str().unwrap().to_owned())
        })
        .as_deref()
}

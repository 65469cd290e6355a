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

    /// The directory of an image build's context.
    pub(crate) fn context(&self) -> PathBuf {
        let context = self.path().join("context");
        std::fs::create_dir_all(&context).unwrap();
        context
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
    built("hostile", &BUILT)
}

/// What runs a command without some system call, built once; `None` where nothing can build it.
pub(crate) fn lacking() -> Option<&'static str> {
    static BUILT: OnceLock<Option<String>> = OnceLock::new();
    built("lacking", &BUILT)
}

fn built(name: &str, once: &'static OnceLock<Option<String>>) -> Option<&'static str> {
    let build = || {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/verify/{name}.c"));
        let mut cc = Command::new("cc");
        let built = cc.args(["-O1", "-static", "-pthread", "-o"]).arg(&out).arg(source).status();
        let built = built.is_ok_and(|status| status.success());
        super::requires::met("no static C library", built).then(|| out.to_str().unwrap().to_owned())
    };
    once.get_or_init(build).as_deref()
}

/// A package index on the loopback, with one wheel: `leaf` 1.0.
pub(crate) struct Index {
    server: std::process::Child,
    pub(crate) url: String,
}

impl Index {
    pub(crate) fn serve(place: &Place) -> Index {
        let script = "import http.server, os, sys, zipfile\n\
            os.makedirs('index/simple/leaf'); os.chdir('index')\n\
            name = 'leaf-1.0-py3-none-any.whl'\n\
            with zipfile.ZipFile('simple/leaf/' + name, 'w') as wheel:\n\
            \x20   wheel.writestr('leaf.py', '')\n\
            \x20   wheel.writestr('leaf-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: leaf\\nVersion: 1.0\\n')\n\
            \x20   wheel.writestr('leaf-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
            \x20   wheel.writestr('leaf-1.0.dist-info/RECORD', '')\n\
            open('simple/leaf/index.html', 'w').write(f'<a href=\"{name}\">{name}</a>')\n\
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n\
            print(server.server_port, flush=True)\n\
            server.serve_forever()\n";
        let mut command = place.command("python3");
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let mut port = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut port).unwrap();
        Index { server, url: format!("http://127.0.0.1:{}/simple/", port.trim()) }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A directory with a pip of its own, made once and kept beside what was built; `None` where there is no Python.
pub(crate) fn pip() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-venv");
        let works =
            |program: &Path| Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success());
        if !works(&venv.join("bin/pip")) {
            let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status();
            made.ok().filter(|status| status.success())?;
        }
        Some(venv.join("bin"))
    });
    super::requires::met("no Python with venv", made.is_some()).then_some(made.as_deref()).flatten()
}

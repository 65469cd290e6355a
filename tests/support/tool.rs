//! The tool that tests put in the place of a real one: does what its arguments say. `tests/fixtures/tool.c` lists them.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The tool, compiled when it is first asked for; link or copy it under the name of the tool that it stands for.
pub(crate) fn path() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tool.c");
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let program = directory.join("tool");
        // Another test binary may be compiling it.
        let lock = File::create(directory.join("tool.lock")).unwrap();
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let time = |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        if time(&program) < time(&source) {
            let compiler = std::env::var_os("CC").unwrap_or("cc".into());
            let new = directory.join("tool.new");
            let status = Command::new(&compiler).args(["-O1", "-o"]).args([&new, &source]).status();
            assert!(status.is_ok_and(|status| status.success()), "cannot compile {}", source.display());
            fs::rename(new, &program).unwrap();
        }
        program
    })
    .clone()
}

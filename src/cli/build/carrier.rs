//! How our own executable comes within reach of every step: as a named build context where the builder knows them, else
//! as a local image, named by what it holds, so that the layer cache is the same from build to build.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::engine::{Carriage, Engine};

/// The name of the context, and of the image.
pub(super) const NAME: &str = "wheeltap-inject";

/// The path at which a step finds it. `/dev` is a tmpfs of each step: no directory for it remains in the layer.
pub(super) const TARGET: &str = "/dev/.wheeltap";

/// What a step begins with.
pub(super) const WRAPPER: [&str; 3] = ["/dev/.wheeltap/wheeltap", "step", "--"];

/// The same where every process of a step is to be watched.
pub(super) const WATCHING: [&str; 4] = ["/dev/.wheeltap/wheeltap", "step", "--observe", "--"];

/// Our executable on its way.
pub(super) struct Carrier {
    /// The value of the `--mount` flag.
    pub(super) mount: String,
    /// What the build is told beside that.
    pub(super) options: Vec<OsString>,
}

impl Carrier {
    /// Puts this executable where the builder can get it; `place` is there as long as the build.
    ///
    /// # Errors
    /// When it cannot be read, or the engine does not take it.
    pub(super) fn prepare(engine: &Engine, carriage: Carriage, place: &Path) -> anyhow::Result<Carrier> {
        let executable = std::fs::read("/proc/self/exe").context("cannot read this executable")?;
        match carriage {
            Carriage::NamedContext => {
                let directory = place.join("context");
                let file = directory.join("wheeltap");
                std::fs::create_dir(&directory)
                    .and_then(|()| std::fs::write(&file, executable))
                    .and_then(|()| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)))
                    .with_context(|| format!("cannot write `{}`", file.display()))?;
                let mut context = OsString::from(format!("{NAME}="));
                context.push(&directory);
                Ok(Carrier { mount: mount(NAME), options: vec!["--build-context".into(), context] })
            }
            Carriage::LocalImage => {
                let digest = Sha256::digest(&executable);
                let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                let name = format!("{NAME}:{tag}");
                if !engine.has_image(&name) {
                    engine.import(&archive(&executable)?, &name)?;
                }
                Ok(Carrier { mount: mount(&name), options: Vec::new() })
            }
        }
    }
}

fn mount(from: &str) -> String {
    format!("type=bind,from={from},target={TARGET}")
}

/// An archive of nothing but the executable.
fn archive(executable: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(executable.len() as u64);
    header.set_mode(0o755);
    let mut archive = tar::Builder::new(Vec::with_capacity(executable.len() + 4096));
    archive.append_data(&mut header, "wheeltap", executable)?;
    Ok(archive.into_inner()?)
}

/// Whether a vertex of the build is there only for our executable's sake.
pub(super) fn is_ours(vertex: &str) -> bool {
    vertex.starts_with(&format!("[context {NAME}]"))
        || (vertex.contains(&format!("/{NAME}:"))
            && (vertex.starts_with("FROM ")
                || vertex.starts_with("[internal] load metadata for ")
                || vertex.starts_with("resolve ")))
}

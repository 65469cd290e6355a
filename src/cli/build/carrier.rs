//! How our own executable comes within reach of every step: as a named build context where the builder knows them, else
//! as a local image, named by what it holds, so that the layer cache is the same from build to build.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::engine::Client;

/// The name of the context, and of the image.
pub(super) const NAME: &str = "wheeltap-inject";

/// The path at which a step finds it. `/dev` is a tmpfs of each step: no directory for it remains in the layer.
pub(super) const TARGET: &str = "/dev/.wheeltap";

/// What a step begins with.
pub(super) const WRAPPER: [&str; 3] = ["/dev/.wheeltap/wheeltap", "step", "--"];

/// The same where every process of a step is to be watched.
pub(super) const WATCHING: [&str; 4] = ["/dev/.wheeltap/wheeltap", "step", "--observe", "--"];

/// Our executable, before it is known which way it takes.
pub(super) struct Executable {
    content: Vec<u8>,
    /// The image that carries it.
    image: String,
    /// Whether the engine has that already.
    is_there: bool,
}

impl Executable {
    /// Ours, of which `client` is asked.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn find(client: &Client) -> anyhow::Result<Executable> {
        let content = std::fs::read("/proc/self/exe").context("cannot read this executable")?;
        let digest = Sha256::digest(&content);
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let image = format!("{NAME}:{tag}");
        Ok(Executable { content, is_there: client.has_image(&image), image })
    }
}

/// Our executable on its way.
pub(super) struct Carrier {
    /// The value of the `--mount` flag.
    pub(super) mount: String,
    /// The directory behind the named context, where it is one.
    directory: Option<PathBuf>,
}

impl Carrier {
    /// By an image of the engine's, which is made unless it is there.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub(super) fn by_image(client: &Client, executable: &Executable) -> anyhow::Result<Carrier> {
        if !executable.is_there {
            client.import(&archive(&executable.content)?, &executable.image)?;
        }
        Ok(Carrier { mount: mount(&executable.image), directory: None })
    }

    /// By a context in `place`, which is there as long as the build.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn by_context(executable: &Executable, place: &Path) -> anyhow::Result<Carrier> {
        let directory = place.join("context");
        let file = directory.join("wheeltap");
        std::fs::create_dir(&directory)
            .and_then(|()| std::fs::write(&file, &executable.content))
            .and_then(|()| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(Carrier { mount: mount(NAME), directory: Some(directory) })
    }

    /// The named context that each build is to be given.
    pub(super) fn context(&self) -> Option<(&'static str, &Path)> {
        self.directory.as_deref().map(|directory| (NAME, directory))
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

/// Whether a vertex of the build is there only for our executable's sake. Where there are several builds, the first of the
/// words in brackets names the one.
pub(super) fn is_ours(vertex: &str) -> bool {
    let (head, rest) = match vertex.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((head, rest)) => (head, rest.trim_start()),
        None => ("", vertex),
    };
    let is_named = |name: &str| head == name || head.strip_suffix(name).is_some_and(|target| target.ends_with(' '));
    is_named(&format!("context {NAME}"))
        || (rest.contains(&format!("/{NAME}:"))
            && (rest.starts_with("FROM ")
                || (is_named("internal") && rest.starts_with("load metadata for "))
                || rest.starts_with("resolve ")))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn what_carries_our_executable_in_is_known() {
        for ours in [
            "[context wheeltap-inject] load from client",
            "[api context wheeltap-inject] load .dockerignore",
            "[internal] load metadata for docker.io/library/wheeltap-inject:0f",
            "[api internal] load metadata for docker.io/library/wheeltap-inject:0f",
            "FROM docker.io/library/wheeltap-inject:0f",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in ["[context base] load from client", "[api 2/2] RUN echo /wheeltap-inject:0f", "[api] exporting"] {
            assert!(!is_ours(other), "{other}");
        }
    }
}

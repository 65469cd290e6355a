//! The world of a requirements file as this process sees it.

use std::path::Path;

use crate::event::text;
use crate::manifest::requirements::{PathKind, World};

/// Files and environment of this process; paths are taken from its working directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings;

impl World for Surroundings {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| text(value.as_encoded_bytes()))
    }

    fn kind(&self, path: &str) -> PathKind {
        let path = Path::new(path);
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let holds = |name| path.join(name).is_file();
                if holds("pyproject.toml") || holds("setup.py") { PathKind::Project } else { PathKind::Directory }
            }
            Ok(_) => PathKind::File,
            Err(_) => PathKind::Absent,
        }
    }
}

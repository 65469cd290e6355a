//! Where the session of a step lies: in memory, so that no trace of it comes into the layer.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory that is gone when the step is.
pub(super) struct Place {
    directory: TempDir,
}

impl Place {
    /// The tmpfs that every container has at `/dev/shm`; where there is none, or it cannot be written, the directory for
    /// temporary files.
    ///
    /// # Errors
    /// When neither can be written.
    pub(super) fn make() -> io::Result<Place> {
        let places = [PathBuf::from("/dev/shm"), PathBuf::from("/dev"), std::env::temp_dir()];
        let mut refusal = io::Error::from(io::ErrorKind::NotFound);
        for place in places {
            // Every step has this place to itself, so that it can have the same name each time: what a step keeps of
            // its environment is then the same in each build.
            match tempfile::Builder::new().prefix("wheeltap").rand_bytes(0).tempdir_in(&place) {
                Ok(directory) => return Place { directory }.opened(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Place { directory: tempfile::Builder::new().prefix("wheeltap-").tempdir_in(&place)? }
                        .opened();
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// The step may go on as another user, whose tools have to be able to record as well.
    fn opened(self) -> io::Result<Place> {
        std::fs::create_dir(self.logs())?;
        for directory in [self.path(), &self.logs()] {
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o777))?;
        }
        Ok(self)
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The log directory of the session.
    pub(super) fn logs(&self) -> PathBuf {
        self.path().join("logs")
    }

    /// Lets every user of the container append to a file; where that fails, only this one does.
    pub(super) fn open_to_all(&self, journal: &Path) {
        let _ = std::fs::set_permissions(journal, std::fs::Permissions::from_mode(0o666));
    }
}

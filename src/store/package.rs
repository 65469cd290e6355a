//! Whether a Debian package is whole, as far as its outermost layer tells (`ar`, see `deb(5)`).
//!
//! Refuses to unpack it: apt compares size and digest, dpkg the rest.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

const MAGIC: &[u8; 8] = b"!<arch>\n";
/// The length of a member's header; its size is in decimal, from the 49th byte on.
const HEADER: u64 = 60;

/// Why the package at `path` is not whole; `None` if its members fill it as they say.
pub fn package_fault(path: &Path) -> Option<String> {
    fault(path).unwrap_or_else(|error| Some(format!("it cannot be read: {error}")))
}

fn fault(path: &Path) -> std::io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let said = |reason: &str| Ok(Some(reason.to_owned()));
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 || file.read_exact(&mut magic).is_err() || magic != *MAGIC {
        return said("it is no Debian package");
    }
    let mut at = MAGIC.len() as u64;
    while at < length {
        let mut header = [0; HEADER as usize];
        if length - at < HEADER {
            return said("it is cut off");
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut header)?;
        let size = std::str::from_utf8(&header[48..58]).ok().and_then(|size| size.trim().parse::<u32>().ok());
        let Some(size) = size else { return said("it is garbled") };
        // Members begin at even places.
        at += HEADER + u64::from(size) + u64::from(size % 2);
    }
    if at > length + 1 { said("it is cut off") } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::package_fault;

    #[test]
    fn a_package_that_is_cut_off_is_told_from_a_whole_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a_1_all.deb");
        let mut whole = b"!<arch>\n".to_vec();
        for (name, content) in [("debian-binary", "2.0\n"), ("data.tar", "odd")] {
            whole.extend(format!("{name:<16}{:<32}{:<10}`\n{content}", "0", content.len()).bytes());
        }
        let fault = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            package_fault(&path)
        };
        assert_eq!(fault(&whole), None);
        let padded: Vec<u8> = whole.iter().copied().chain([b'\n']).collect();
        assert_eq!(fault(&padded), None);
        assert_eq!(fault(&whole[..whole.len() - 2]).as_deref(), Some("it is cut off"));
        assert_eq!(fault(&whole[..80]).as_deref(), Some("it is cut off"));
        assert_eq!(fault(b"<html>").as_deref(), Some("it is no Debian package"));
        assert_eq!(fault(b"").as_deref(), Some("it is no Debian package"));
    }
}

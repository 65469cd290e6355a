//! Packing: all files are hashed at once, by all processors, and then copied one after the other.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::frame::Frame;
use super::listing::{LISTING, Line, Listing};
use super::{TIME, Watch};
use crate::store::scan::digests;
use crate::store::{Collection, Error, Member};

/// What was packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// How many files.
    pub files: usize,
    /// Their bytes together.
    pub bytes: u64,
}

/// Packs the files of the collection in `directory` into `archive`, which appears whole or not at all. It is gzipped if
/// its name ends in `.gz` or `.tgz`.
///
/// # Errors
/// When a file cannot be read or changes meanwhile, or the archive cannot be written.
pub fn pack(collection: Collection, directory: &Path, archive: &Path, watch: &dyn Watch) -> Result<Packed, Error> {
    let members = collection.members(directory)?;
    let bytes = members.iter().map(|member| member.size_bytes).sum();
    watch.total(2 * bytes);
    let stamps = members.iter().map(|member| Stamp::of(&member.path)).collect::<Result<Vec<_>, _>>()?;
    let paths: Vec<&Path> = members.iter().map(|member| member.path.as_path()).collect();
    let mut lines = Vec::new();
    for (Member { filename, size_bytes, .. }, digest) in members.iter().zip(digests(&paths, &|done| watch.done(done))) {
        lines.push(Line { filename: filename.clone(), size_bytes: *size_bytes, sha256: digest? });
    }
    let listing = Listing::new(collection, lines).to_bytes();

    let wrong = Error::change("write", archive);
    let beside = archive.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new()
        .prefix(".wheeltap-pack-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(beside);
    let temporary = match temporary {
        Ok(temporary) => temporary,
        Err(error) => return Err(wrong(error)),
    };
    let output = BufWriter::with_capacity(1 << 20, temporary.as_file());
    let name = archive.as_os_str().as_encoded_bytes();
    let written = if name.ends_with(b".gz") || name.ends_with(b".tgz") {
        Frame::new(output)
            .map_err(Failure::Output)
            .and_then(|output| write(&listing, &members, &stamps, output, watch))
            .map(|output| output.finish().and_then(|mut output| output.flush()))
    } else {
        write(&listing, &members, &stamps, output, watch).map(|mut output| output.flush())
    };
    match written.and_then(|flushed| flushed.map_err(Failure::Output)) {
        Ok(()) => {}
        Err(Failure::Output(error)) => return Err(wrong(error)),
        Err(Failure::Member(error)) => return Err(error),
    }
    temporary.persist(archive).map_err(|error| wrong(error.error))?;
    Ok(Packed { files: members.len(), bytes })
}

/// Whose fault it is.
enum Failure {
    Member(Error),
    Output(io::Error),
}

fn write<W: Write>(
    listing: &[u8],
    members: &[Member],
    stamps: &[Stamp],
    output: W,
    watch: &dyn Watch,
) -> Result<W, Failure> {
    let mut archive = tar::Builder::new(output);
    let append = |archive: &mut tar::Builder<W>, name: &str, size, content: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(TIME);
        archive.append_data(&mut header, name, content)
    };
    append(&mut archive, LISTING, listing.len() as u64, &mut &listing[..]).map_err(Failure::Output)?;
    for (member, stamp) in members.iter().zip(stamps) {
        let mut file = File::open(&member.path).map_err(Error::read(&member.path)).map_err(Failure::Member)?;
        let mut content = Watched { reader: (&mut file).take(member.size_bytes), watch };
        append(&mut archive, &member.filename, member.size_bytes, &mut content).map_err(Failure::Output)?;
        // What was hashed is what was copied, unless somebody wrote meanwhile.
        if Stamp::of(&member.path).map_err(Failure::Member)? != *stamp {
            let reason = "it changed while it was packed".to_owned();
            return Err(Failure::Member(Error::Malformed { path: member.path.clone(), reason }));
        }
    }
    archive.into_inner().map_err(Failure::Output)
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp([i64; 6]);

impl Stamp {
    fn of(path: &Path) -> Result<Self, Error> {
        let of = std::fs::metadata(path).map_err(Error::read(path))?;
        Ok(Stamp([of.size() as i64, of.ino() as i64, of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()]))
    }
}

/// Tells of what is read through it.
pub(super) struct Watched<'a, R> {
    pub(super) reader: R,
    pub(super) watch: &'a dyn Watch,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.watch.done(count as u64);
        Ok(count)
    }
}

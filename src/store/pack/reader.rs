//! Unpacking: into a hidden directory beside or below the place, and from there under the final names, all or none.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use flate2::bufread::GzDecoder;
use tempfile::TempDir;

use super::listing::{LISTING, LONGEST, Line, Listing};
use super::writer::Watched;
use super::{TIME, Watch};
use crate::store::scan::{digests, sha256};
use crate::store::{Collection, Error};

/// How many bytes may follow the end of the archive: tar programs fill up their last block.
const PADDING: u64 = 1 << 20;

/// What was unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// How many files got their names.
    pub files: usize,
    /// How many were there already, the very same.
    pub present: usize,
    /// The bytes of all of them.
    pub bytes: u64,
}

/// Unpacks `archive` into `directory`, which is made if there is none. Other contents under one of its names are
/// replaced only if `replace` says so.
///
/// # Errors
/// When the archive is not whole, not as its list says, or holds anything but plain files of the collection; when other
/// contents are there; when something cannot be written. Then nothing has appeared in the directory.
pub fn unpack(
    collection: Collection,
    archive: &Path,
    directory: &Path,
    replace: bool,
    watch: &dyn Watch,
) -> Result<Unpacked, Error> {
    let file = File::open(archive).map_err(Error::read(archive))?;
    let mut input = BufReader::with_capacity(1 << 20, file);
    let stage = Stage::beside(directory)?;
    let gzipped = io::BufRead::fill_buf(&mut input).map_err(Error::read(archive))?.starts_with(&[0x1f, 0x8b]);
    let malformed = |reason: String| Error::Malformed { path: archive.to_owned(), reason };
    let listing = if gzipped {
        let mut frame = GzDecoder::new(input);
        let listing = extract(collection, &mut frame, &stage, watch, &malformed)?;
        drained(&mut frame.into_inner(), 0).map_err(&malformed)?;
        listing
    } else {
        extract(collection, &mut input, &stage, watch, &malformed)?
    };
    let paths: Vec<PathBuf> = listing.files.iter().map(|line| stage.path().join(&line.filename)).collect();
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    for (line, digest) in listing.files.iter().zip(digests(&paths, &|done| watch.done(done))) {
        let digest = digest?;
        if digest != line.sha256 {
            let reason = format!("{} has the sha256 {digest}, its list says {}", line.filename, line.sha256);
            return Err(malformed(reason));
        }
    }
    stage.settle(&listing.files, directory, replace)
}

/// Reads the whole archive, and writes its files into the stage.
fn extract(
    collection: Collection,
    input: &mut dyn Read,
    stage: &Stage,
    watch: &dyn Watch,
    malformed: &dyn Fn(String) -> Error,
) -> Result<Listing, Error> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => malformed("it is cut off".to_owned()),
        _ => malformed(format!("it is no whole tar archive: {error}")),
    };
    let mut archive = tar::Archive::new(&mut *input);
    let mut entries = archive.entries().map_err(unreadable)?;
    let first = entries.next().ok_or_else(|| malformed("it is empty".to_owned()))?.map_err(unreadable)?;
    if first.path_bytes().as_ref() != LISTING.as_bytes() || !first.header().entry_type().is_file() {
        return Err(malformed(format!("it does not begin with {LISTING}: it was not packed by wheeltap")));
    }
    if first.size() > LONGEST {
        return Err(malformed("its list of files is too long".to_owned()));
    }
    let (size, mut bytes) = (first.size(), Vec::new());
    first.take(size).read_to_end(&mut bytes).map_err(unreadable)?;
    if (bytes.len() as u64) < size {
        return Err(malformed("it is cut off".to_owned()));
    }
    let listing = Listing::parse(&bytes, collection).map_err(malformed)?;
    watch.total(2 * listing.files.iter().map(|line| line.size_bytes).sum::<u64>());
    for line in &listing.files {
        let Line { filename, size_bytes, .. } = line;
        let entry = entries.next().ok_or_else(|| malformed(format!("it is cut off before {filename}")))?;
        let entry = entry.map_err(unreadable)?;
        let same = entry.path_bytes().as_ref() == filename.as_bytes() && entry.size() == *size_bytes;
        if !same || !entry.header().entry_type().is_file() {
            let found = crate::event::text(&entry.path_bytes());
            let kind = if entry.header().entry_type().is_file() { "" } else { ", which is no file" };
            return Err(malformed(format!("{found:?}{kind} stands where its list says {filename}")));
        }
        let path = stage.path().join(filename);
        let mut output = File::create_new(&path).map_err(Error::change("write", &path))?;
        let mut content = Watched { reader: entry.take(*size_bytes), watch };
        let copied = copy(&mut content, &mut output).map_err(|failure| match failure {
            (error, true) => unreadable(error),
            (error, false) => Error::change("write", &path)(error),
        })?;
        let time = UNIX_EPOCH + Duration::from_secs(TIME);
        output.set_modified(time).map_err(Error::change("write", &path))?;
        if copied < *size_bytes {
            return Err(malformed(format!("it is cut off within {filename}")));
        }
    }
    match entries.next() {
        None => {}
        Some(Ok(entry)) => {
            return Err(malformed(format!(
                "{:?} is in it and not in its list",
                crate::event::text(&entry.path_bytes())
            )));
        }
        Some(Err(error)) => return Err(unreadable(error)),
    }
    drained(input, PADDING).map_err(malformed)?;
    Ok(listing)
}

/// Copies all there is; an error comes with whether it is the reader's.
fn copy(from: &mut dyn Read, to: &mut File) -> Result<u64, (io::Error, bool)> {
    let (mut piece, mut copied) = (vec![0; 1 << 18], 0);
    loop {
        match from.read(&mut piece).map_err(|error| (error, true))? {
            0 => return Ok(copied),
            count => {
                io::Write::write_all(to, &piece[..count]).map_err(|error| (error, false))?;
                copied += count as u64;
            }
        }
    }
}

/// Reads to the end, where no more than so many zeros may come.
fn drained(input: &mut dyn Read, most: u64) -> Result<(), String> {
    let mut rest = Vec::new();
    let read = input.take(most + 1).read_to_end(&mut rest);
    read.map_err(|error| format!("it is not whole: {error}"))?;
    if rest.len() as u64 > most || rest.iter().any(|byte| *byte != 0) {
        return Err("something follows its end".to_owned());
    }
    Ok(())
}

/// Where files lie until they are verified; goes away with all that is still in it.
struct Stage {
    directory: TempDir,
    /// Whether the final directory was there.
    within: bool,
}

impl Stage {
    /// On the file system of the final place, where renaming is all or nothing.
    fn beside(directory: &Path) -> Result<Self, Error> {
        let within = directory.is_dir();
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let place = if within { directory } else { parent };
        let made = fs::create_dir_all(place).and_then(|()| {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".wheeltap-unpack-").permissions(Permissions::from_mode(0o777)).tempdir_in(place)
        });
        Ok(Stage { directory: made.map_err(Error::change("write", place))?, within })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Gives the verified files their names.
    fn settle(self, lines: &[Line], directory: &Path, replace: bool) -> Result<Unpacked, Error> {
        let bytes = lines.iter().map(|line| line.size_bytes).sum();
        let wrong = |error| Error::change("write", directory)(error);
        if !self.within {
            fs::rename(self.path(), directory).map_err(wrong)?;
            // It is no longer where it would be removed.
            let _ = self.directory.keep();
            return Ok(Unpacked { files: lines.len(), present: 0, bytes });
        }
        let (mut moves, mut others) = (Vec::new(), Vec::new());
        for line in lines {
            let path = directory.join(&line.filename);
            match fs::symlink_metadata(&path) {
                Err(_) => moves.push(path),
                Ok(there) if there.is_file() && there.len() == line.size_bytes && sha256(&path)? == line.sha256 => {}
                Ok(there) if replace && !there.is_dir() => moves.push(path),
                Ok(_) => others.push(line.filename.clone()),
            }
        }
        if !others.is_empty() {
            return Err(Error::Occupied { path: directory.to_owned(), names: others });
        }
        for path in &moves {
            let staged = self.path().join(path.file_name().unwrap_or_default());
            fs::rename(staged, path).map_err(Error::change("write", path))?;
        }
        Ok(Unpacked { files: moves.len(), present: lines.len() - moves.len(), bytes })
    }
}

//! Members of wheels and source archives, by their path.
//!
//! Refuses to unpack: only what is asked for is read, and of that only as much as metadata can be long.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::Error;

/// The longest member that is read.
const LONGEST: u64 = 16 << 20;

/// The members of an archive whose path `wanted` accepts.
///
/// # Errors
/// When the archive cannot be read, or is of a kind that is not known here.
pub(super) fn members(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let file = File::open(path).map_err(Error::read(path))?;
    let malformed = |reason: String| Error::Malformed { path: path.to_owned(), reason };
    let name = path.as_os_str().as_encoded_bytes();
    let ends = |ending: &str| name.ends_with(ending.as_bytes());
    if ends(".whl") || ends(".zip") {
        zipped(file, wanted).map_err(|error| malformed(format!("it is not a whole zip archive: {error}")))
    } else if ends(".tar.gz") || ends(".tgz") {
        let archive = flate2::read::MultiGzDecoder::new(BufReader::new(file));
        tarred(archive, wanted).map_err(|error| malformed(format!("it is not a whole tar.gz archive: {error}")))
    } else if ends(".tar") {
        tarred(BufReader::new(file), wanted)
            .map_err(|error| malformed(format!("it is not a whole tar archive: {error}")))
    } else {
        Err(malformed("its compression is not known here".to_owned()))
    }
}

fn zipped(file: File, wanted: &dyn Fn(&str) -> bool) -> zip::result::ZipResult<BTreeMap<String, Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file))?;
    let names = archive.file_names().filter_map(Result::ok).map(Cow::into_owned);
    let names: Vec<String> = names.filter(|name| wanted(name)).collect();
    let mut members = BTreeMap::new();
    for name in names {
        let mut content = Vec::new();
        archive.by_name(&name)?.take(LONGEST).read_to_end(&mut content)?;
        members.insert(name, content);
    }
    Ok(members)
}

fn tarred(archive: impl Read, wanted: &dyn Fn(&str) -> bool) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut members = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let entry = entry?;
        let path = entry.path_bytes();
        let Ok(path) = std::str::from_utf8(&path).map(|path| path.trim_start_matches("./").to_owned()) else {
            continue;
        };
        if entry.header().entry_type().is_file() && wanted(&path) {
            let mut content = Vec::new();
            entry.take(LONGEST).read_to_end(&mut content)?;
            members.insert(path, content);
        }
    }
    Ok(members)
}

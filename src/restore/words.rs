//! What pip says of a command, in its log and in its output.

/// A version of pip, to compare.
pub(super) type Version = (u32, u32);

/// The version in `23.0.1 from /opt/venv/...`, which follows `Using pip `.
pub(super) fn version(rest: &[u8]) -> Option<Version> {
    let mut numbers = rest.split(|byte| !byte.is_ascii_digit()).map(|digits| str::from_utf8(digits).ok()?.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// What failed according to `ERROR: [present-rich] Preparing metadata (pyproject.toml) exited with 1`.
pub(super) fn failure(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"ERROR: ")?;
    let marks = [&b"[present-rich] "[..], b"[present-diagnostic] "];
    let text = marks.iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
    let at = memchr::memmem::rfind(text, b" exited with ")?;
    Some(&text[..at])
}

/// Message and status of `Preparing metadata (setup.py): finished with status 'error'`.
pub(super) fn finished(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_suffix(b"'")?;
    let between = b": finished with status '";
    let at = memchr::memmem::rfind(text, between)?;
    Some((&text[..at], &text[at + between.len()..]))
}

/// Whether pip calls a command so that is a pip itself.
pub(super) fn is_pip(description: &[u8]) -> bool {
    // 22.0 to 25.2, 25.3 and later, and the bare command line that 20.3 and 21 log.
    description.starts_with(b"pip subprocess to install ")
        || description.starts_with(b"installing build dependencies")
        || description.starts_with(b"installing backend dependencies")
        || memchr::memmem::find(description, b" install --ignore-installed --no-user --prefix ").is_some()
}

/// Status and command of `WARNING: Discarding x. Command errored out with exit status 1: python setup.py egg_info Check
/// the logs for full command output.`, and of the `ERROR: ` of the same words.
pub(super) fn status(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let said = b"Command errored out with exit status ";
    let at = memchr::memmem::find(text, said)?;
    if !text.starts_with(b"ERROR: Command") && !text.starts_with(b"WARNING: Discarding ") {
        return None;
    }
    let rest = text[at + said.len()..].strip_suffix(b" Check the logs for full command output.")?;
    let colon = memchr::memmem::find(rest, b": ")?;
    Some((&rest[..colon], &rest[colon + 2..]))
}

/// The package of `ERROR: Failed building wheel for six` and the like.
pub(super) fn failed_build(text: &[u8]) -> Option<&[u8]> {
    let heads = [
        "ERROR: Failed building wheel for ",
        "ERROR: Failed building editable for ",
        "ERROR: Failed cleaning build dir for ",
    ];
    heads.iter().find_map(|head| text.strip_prefix(head.as_bytes()))
}

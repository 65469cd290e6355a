//! The forms of lines that matter.
//!
//! Refuses to keep: a line borrows its text.

use super::files::Amount;

/// A line of pip's, without its indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::classify::pip) enum Line<'a> {
    /// `Using pip 26.3 from ...`: a process begins. Also the versions told by the notice of a newer pip.
    Version { version: &'a [u8], begins: bool },
    /// `Initialized build tracking at ...`: this process runs under no other pip.
    Outermost,
    /// `Collecting REQUIREMENT`, `Obtaining REQUIREMENT` of an editable one: considered, not fetched.
    Collecting { requirement: &'a [u8] },
    /// `Downloading TARGET (SIZE)`, printed between the answer's head and its body.
    Downloading { target: &'a [u8], amount: Option<Amount> },
    /// `Resuming download TARGET (...)`: the rest of a body after a cut.
    Resuming { target: &'a [u8] },
    /// `Using cached TARGET (SIZE)`.
    Cached { target: &'a [u8], amount: Option<Amount> },
    /// `Using cached wheel link: file:///...`: a wheel that an earlier pip built.
    CachedWheel { url: &'a [u8] },
    /// `Processing PATH`.
    Processing { path: &'a [u8] },
    /// `File was already downloaded PATH`.
    Present { path: &'a [u8] },
    /// `Previously-downloaded file PATH has bad hash. Re-downloading.`
    PresentWrong { path: &'a [u8] },
    /// `Obtaining dependency information for X from URL.metadata`, or `Added X from URL to build tracker`: a URL that
    /// pip chose.
    Chosen { url: &'a [u8] },
    /// `Downloading link URL (from ...) to PATH`, said once the file is whole, cached or not.
    Fetched { url: &'a [u8], path: &'a [u8] },
    /// `Saved PATH`.
    Saved { path: &'a [u8] },
    /// `Created temporary directory: PATH`.
    Temporary { path: &'a [u8] },
    /// `N location(s) to search for versions of PROJECT:`.
    Search { project: &'a [u8] },
    /// `Getting page URL`.
    PageWanted { url: &'a [u8] },
    /// `Fetched page URL as TYPE` (from pip 22.2 on).
    PageFetched { url: &'a [u8] },
    /// `Could not fetch URL URL: REASON - skipping`.
    PageFailed { url: &'a [u8], reason: &'a [u8] },
    /// `ORIGIN "GET PATH HTTP/1.1" STATUS SIZE`: an answer.
    Answer { origin: &'a [u8], path: &'a [u8], status: u16, size: Option<u64> },
    /// `The response is "fresh", returning cached response`: no request was made.
    Unasked,
    /// `Retrying (Retry(...)) after connection broken by 'ERROR': PATH`.
    Retrying { error: &'a [u8], path: &'a [u8] },
    /// `... HTTPSConnectionPool(host='H', port=P): Max retries exceeded with url: PATH (Caused by REASON)`, or
    /// `× Failed to connect to H while fetching URL`.
    Unreachable { host: &'a [u8], wanted: &'a [u8], reason: &'a [u8] },
    /// `HTTP error STATUS while getting URL`, or `STATUS Client Error: ... for url: URL` of a file.
    Refused { status: u16, url: &'a [u8] },
    /// `THESE PACKAGES DO NOT MATCH THE HASHES ...`; the files follow.
    Mismatches,
    /// `unknown package:`, a file of the above that pip does not name.
    Unnamed,
    /// `Expected sha256 DIGEST`, of the file named before.
    Expected { digest: &'a [u8] },
    /// `Got DIGEST`, of the file named before.
    Got { digest: &'a [u8] },
    /// `NAME from URL:`, a file of the above, or `URL: URL`, the file of a download that failed.
    FromUrl { url: &'a [u8] },
    /// `Cloning URL (to revision R) to PATH`, `Checking out`, `Updating PATH clone`: version control fetches.
    Clone { url: &'a [u8], path: &'a [u8] },
    /// `Resolved URL to commit R`.
    Resolved { commit: &'a [u8] },
    /// `Running command ...`: the lines of another program follow, pip's own or not.
    Running { command: &'a [u8] },
    /// `Installing build dependencies: started`, or `...` where the same process installs them.
    Dependencies,
    /// `Installing build dependencies: finished with status '...'`.
    DependenciesDone,
    /// A step of building from source: what went before has ended.
    Step,
    /// `Source in DIRECTORY has version ...`: the metadata of a source tree are known.
    Source { path: &'a [u8] },
    /// `Discarding URL ...`: a candidate was given up.
    Discarding,
    /// `Created wheel for NAME: filename=F size=N sha256=H`.
    Built { filename: &'a [u8], size: Option<u64>, sha256: &'a [u8] },
    /// `Stored in directory: PATH`: where the wheel just built is kept.
    Stored { path: &'a [u8] },
    /// `Successfully installed A-1 B-2`.
    Installed { list: &'a [u8] },
    /// `Would install A-1 B-2`.
    WouldInstall { list: &'a [u8] },
    /// `Looking in indexes: A, B`, `Looking in links: A, B`: printed where they are not the default.
    Indexes { list: &'a [u8] },
    /// See [`Line::Indexes`].
    Directories { list: &'a [u8] },
    /// `[N lines of output]`, `Complete output (N lines):`: what a failed subprocess had printed.
    Output { lines: usize },
    /// `× DESCRIPTION did not run successfully.`, `command: ...`: whose output that is; also `×` what else went wrong.
    OutputOf { description: &'a [u8] },
    /// `Installing collected packages: A, B`.
    Installing,
    /// `Wheel 'NAME' located at PATH is invalid.`: what was received is no wheel. Without a path, where an archive could
    /// not be read and pip does not say which.
    Spoiled { path: Option<&'a [u8]> },
    /// An error, without its prefix.
    Error { text: &'a [u8] },
    /// Any other line that pip writes only after a transfer before it has ended well.
    Onward,
    /// Anything else.
    Other,
}

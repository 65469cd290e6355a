//! How loud a line of pip's is: the log and the output of a verbose pip do not say.
//!
//! A line that is not known is shown. What is listed is what pips 20.3 to 26.3 log with `logger.debug` and `logger.verbose`, and what their
//! vendored libraries log below a warning, wherever an installation can reach it.

use super::words::Version;

/// From the quietest to the loudest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Shown with `-vv` (20.3: `-v`).
    Debug,
    /// Shown with `-v`.
    Verbose,
    /// Shown unless `-q`.
    Info,
    /// Shown with `-q`, and whatever is not known.
    Warning,
}

impl Level {
    /// What a pip with this many `-v` (or, negative, `-q`) shows at least; for `-qq` the same as for `-q`.
    pub(super) fn shown_at(verbosity: i32, version: Version) -> Level {
        match verbosity {
            ..=-1 => Level::Warning,
            0 => Level::Info,
            1 if version >= (21, 0) => Level::Verbose,
            _ => Level::Debug,
        }
    }

    /// Of a line of pip's, without its indentation.
    pub(super) fn of(text: &[u8], version: Version) -> Level {
        let starts = |heads: &[&str]| heads.iter().any(|head| text.starts_with(head.as_bytes()));
        if starts(VERBOSE) || version >= (23, 3) && starts(VERBOSE_SINCE_23_3) {
            Level::Verbose
        } else if starts(DEBUG) || is_debug(text) {
            Level::Debug
        } else if starts(INFO) || text.ends_with(b": started") || text.ends_with(b"still running...") || is_finish(text)
        {
            Level::Info
        } else {
            Level::Warning
        }
    }
}

/// Whether a line of the log is one of those of which an index page makes one for each of its links.
pub(super) fn is_bulk(line: &[u8]) -> bool {
    let text = super::entry::Entry::parse(line).text;
    text.starts_with(b"Found link ") || text.starts_with(b"Skipping link: ")
}

/// Debug lines that do not begin with words.
fn is_debug(text: &[u8]) -> bool {
    let contains = |part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let url = text.starts_with(b"https://") || text.starts_with(b"http://");
    // `https://files.example:443 "GET /x.whl HTTP/1.1" 200 45594`
    url && contains(" HTTP/1.")
        // `2 location(s) to search for versions of six:` and its list
        || digits > 0 && text[digits..].starts_with(b" location(s) to search for versions of ")
        || text.starts_with(b"* ") && (contains("://") || contains("file:"))
        // `365000000 > 12`, an age of the HTTP cache
        || digits > 0 && text[digits..].strip_prefix(b" > ").is_some_and(|age| age.iter().all(u8::is_ascii_digit))
        || text.ends_with(b" does not support range requests")
        || text.starts_with(b"Could not fetch URL ") && text.ends_with(b" - skipping") && !contains(": There was a problem confirming")
}

/// `Installing build dependencies: finished with status 'done'`
fn is_finish(text: &[u8]) -> bool {
    text.ends_with(b"'") && memchr::memmem::find(text, b": finished with status '").is_some()
}

const VERBOSE: &[&str] = &[
    "Using pip ",
    "Link requires a different Python (",
    "Keyring provider requested: ",
    "Keyring provider set: ",
    "For variant '",
    "full command: ",
    "cwd: ",
    "Removing file or directory ",
    "Removing entry: ",
    "Removing pth entries from ",
];

/// What was shown by default before.
const VERBOSE_SINCE_23_3: &[&str] = &["Obtaining dependency information for "];

const DEBUG: &[&str] = &[
    "Added ",
    "Adjusted current age from min-fresh: ",
    "Cached resumed download as complete response for future use: ",
    "Caching b/c ",
    "Caching due to etag",
    "Caching perman",
    "Cannot parse '",
    "Checked ",
    "Checking in ",
    "Converted retries value: ",
    "Created build tracker: ",
    "Created temporary directory: ",
    "Creating directory ",
    "Current age based on date: ",
    "Destination directory: ",
    "Determine that ",
    "Disabling truststore because Python version isn't 3.10+",
    "Downloading link ",
    "Entered build tracker: ",
    "Exception information:",
    "Existing installed version (",
    "Failed to remove a temporary file '",
    "Fetched page ",
    "Fetching project page and analyzing links: ",
    "Found credentials in ",
    "Found index url ",
    "Found link ",
    "Freshness lifetime from ",
    "Getting credentials from keyring for ",
    "Getting page ",
    "Getting password from keyring for ",
    "Given no hashes to check ",
    "Ignoring cached ",
    "Ignoring configuration key '",
    "Ignoring egg= fragment in ",
    "Ignoring error ",
    "Ignoring failed Requires-Python check ",
    "Ignoring indexes: ",
    "Ignoring invalid Requires-Python (",
    "Ignoring unknown cache-control directive: ",
    "Incremented Retry for (url=",
    "Index returned invalid data-dist-info-metadata value: ",
    "Initialized build tracking at ",
    "Installed version (",
    "Installing extra requirements: ",
    "Invalid value for cache-control directive ",
    "Keyring is skipped due to an exception",
    "Lazy wheel is not used as ",
    "Local files found: ",
    "Local version of pip: ",
    "Looking up \"",
    "Metadata-only fetching is not used ",
    "Missing value for cache-control directive: ",
    "No cache entry available",
    "No remote pip version found",
    "Non-user install ",
    "Not copying link to destination directory since it is a directory: ",
    "Not sure how to uninstall: ",
    "Purging cached response: ",
    "Purging existing cache entry ",
    "Record file ",
    "Redirecting ",
    "Refreshing package index response.",
    "Registered VCS backend: ",
    "Remote version of pip: ",
    "Removed ",
    "Replacing ",
    "Request header has \"",
    "Resetting dropped connection: ",
    "Response header has \"",
    "Retry: ",
    "Rev options ",
    "Rolling ",
    "Running setup.py (path:",
    "See below for error",
    "Setting ",
    "Since it is already installed, we are trusting this package ",
    "Skipping bytecode compilation for ",
    "Skipping file '",
    "Skipping link: ",
    "Skipping loading configuration files due to environment's PIP_CONFIG_FILE being os.devnull",
    "Skipping resume download caching: ",
    "Source in ",
    "Starting new HTTP connection (",
    "Starting new HTTPS connection (",
    "Status code ",
    "The cached response is \"stale\" ",
    "The response is \"fresh\", ",
    "There was an error checking the latest version of pip",
    "Updating cache with response from \"",
    "User install by explicit request",
    "Using cached wheel link: ",
    "Using version ",
    "Was pip installed by pip? ",
    "Will be working with ",
    "Will try a different candidate, due to conflict:",
    "bz2 module is not available",
    "changing mode of ",
    "copying and adjusting ",
    "could not determine if ",
    "etag object cached for ",
    "file: URL is directory, getting ",
    "lzma module is not available",
];

const INFO: &[&str] = &[
    "Attempting uninstall: ",
    "Building wheels for collected packages: ",
    "Cloning ",
    "Collecting ",
    "Created wheel for ",
    "Defaulting to user installation ",
    "Discarding ",
    "Downloading ",
    "Failed to build ",
    "File was already downloaded ",
    "Found existing installation: ",
    "INFO: ",
    "Ignoring ",
    "Installing build dependencies ...",
    "Installing backend dependencies ...",
    "Installing collected packages: ",
    "Looking in ",
    "Obtaining ",
    "Processing ",
    "Requirement already satisfied",
    "Resolved ",
    "Resuming download ",
    "Running setup.py ",
    "Saved ",
    "Skipping ",
    "Stored in directory: ",
    "Successfully ",
    "Uninstalling ",
    "Using cached ",
    "Using legacy 'setup.py install' for ",
    "Would install ",
];

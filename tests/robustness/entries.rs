//! Every parser of foreign bytes, one function each: whatever the bytes are, it returns, and what must hold of its
//! answer holds. The fuzz targets call these functions, and so do the tests beside this file.

use std::io::Write as _;
use std::path::Path;

use wheeltap::classify::pip::{self, Options, Piece};
use wheeltap::classify::{Channel, End, Finding, apt, buildkit};
use wheeltap::dockerfile::{Injection, above, inject};
use wheeltap::event::{Filename, Redactor, marked, printable};
use wheeltap::ledger::{fold, read_document, read_journal};
use wheeltap::manifest::requirements::{PathKind, World, read};
use wheeltap::manifest::wheelhouse::WheelhouseManifest;
use wheeltap::report::{self, Analysis, History};
use wheeltap::restore::{Facts, Restorer, Stream};

/// An entry and its name.
pub(crate) type Entry = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const ENTRIES: [Entry; 11] = [
    ("pip", pip),
    ("apt_text", apt_text),
    ("apt_methods", apt_methods),
    ("buildkit", buildkit),
    ("restore", restore),
    ("requirements", requirements),
    ("dockerfile", dockerfile),
    ("journal", journal),
    ("session", session),
    ("manifest", manifest),
    ("text", text),
];

const CHANNELS: [Channel; 4] = [Channel::Log, Channel::Stdout, Channel::Stderr, Channel::Both];

/// How long the pieces are is told by the first byte.
fn cut(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((1, data), |(&length, rest)| (usize::from(length) + 1, rest))
}

/// The texts of several channels, each ended by a byte that is in no text.
fn texts(bytes: &[u8]) -> impl Iterator<Item = (Channel, &[u8])> {
    CHANNELS.into_iter().cycle().zip(bytes.split(|&byte| byte == 0xff))
}

/// A pip's log and streams: cut anywhere they tell the same, and no byte of a log is lost when it is parted into runs.
pub(crate) fn pip(data: &[u8]) {
    let (length, bytes) = cut(data);
    let findings = |length: usize| {
        let mut all = Vec::new();
        let mut classifier = pip::Classifier::new(Options { log: true, ..Options::default() });
        for (channel, text) in texts(bytes) {
            text.chunks(length).for_each(|piece| classifier.feed(channel, piece, &mut |finding| all.push(finding)));
        }
        classifier.finish(End::Unknown, &mut |finding| all.push(finding));
        all
    };
    assert_eq!(findings(length), findings(usize::MAX));
    let mut passed = Vec::new();
    let mut runs = pip::Runs::new();
    let mut pass = |piece: Piece<'_>| {
        if let Piece::Bytes(bytes) = piece {
            passed.extend_from_slice(bytes);
        }
    };
    bytes.chunks(length).for_each(|piece| runs.feed(piece, &mut pass));
    runs.finish(&mut pass);
    assert_eq!(passed, bytes, "no byte of a log is lost or moved");
}

fn apt(data: &[u8], feed: impl Fn(&mut apt::Classifier, Channel, &[u8])) {
    let (length, bytes) = cut(data);
    let findings = |length: usize| -> Vec<Finding> {
        let mut classifier = apt::Classifier::new(apt::Runs::Several);
        for (channel, text) in texts(bytes) {
            text.chunks(length).for_each(|piece| feed(&mut classifier, channel, piece));
        }
        classifier.finish()
    };
    assert_eq!(findings(length), findings(usize::MAX));
}

/// What an apt-get prints.
pub(crate) fn apt_text(data: &[u8]) {
    apt(data, |classifier, channel, piece| classifier.text(channel, piece));
    apt::Planned::parse(data);
}

/// The messages between apt and its methods, and what its hook is told.
pub(crate) fn apt_methods(data: &[u8]) {
    apt(data, |classifier, channel, piece| match channel {
        Channel::Log => classifier.methods(piece),
        Channel::Stdout => classifier.hook(piece),
        _ => classifier.text(channel, piece),
    });
}

/// A build log, in lines or as raw JSON; the marked lines in it.
pub(crate) fn buildkit(data: &[u8]) {
    let (length, bytes) = cut(data);
    let build = |length: usize| {
        let mut reader = buildkit::Reader::default();
        bytes.chunks(length).for_each(|piece| reader.feed(piece));
        reader.finish().map(|build| format!("{build:?}"))
    };
    assert_eq!(build(length), build(usize::MAX));
    bytes.split(|&byte| byte == b'\n').for_each(|line| drop(marked::find(line)));
}

/// What a pip prints beside its log: nothing that it printed is lost, but the `-v` that its log adds to the command line
/// of a nested pip.
pub(crate) fn restore(data: &[u8]) {
    let (length, bytes) = cut(data);
    let mut restorer = Restorer::new(Facts::default());
    let (mut printed, mut shown) = (0, Vec::new());
    for (channel, text) in texts(bytes) {
        let stream = match channel {
            Channel::Log => {
                restorer.log(text);
                continue;
            }
            Channel::Stdout => Stream::Stdout,
            Channel::Stderr => Stream::Stderr,
            Channel::Both => Stream::Both,
        };
        let is_added = |words: &&[u8]| [b" -v --no-binary", b"-vv --no-binary"].iter().any(|added| words == added);
        let added = 4 * text.windows(15).filter(is_added).count();
        printed += text.len().saturating_sub(added);
        text.chunks(length).for_each(|piece| restorer.pass(stream, piece, &mut shown));
        restorer.close(stream, &mut shown);
    }
    assert!(shown.len() >= printed, "{printed} bytes came, {} went", shown.len());
    restorer.leftover();
}

/// Files that include each other, and the environment.
struct Files<'a>(Vec<&'a [u8]>);

impl World for Files<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number: usize = name.trim_start_matches('r').parse().map_err(|_| "No such file".to_owned())?;
        self.0.get(number).map(|file| file.to_vec()).ok_or("No such file".to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        name.len().is_multiple_of(2).then(|| format!("${{{name}}}"))
    }

    fn kind(&self, path: &str) -> PathKind {
        [PathKind::File, PathKind::Project, PathKind::Directory, PathKind::Absent][path.len() % 4]
    }
}

/// Requirements files `r0`, `r1`, ..., each ended by `0xff`, which may include each other.
pub(crate) fn requirements(data: &[u8]) {
    let files = Files(data.split(|&byte| byte == 0xff).collect());
    let found = read(Path::new("r0"), &files);
    for problem in &found.errors {
        assert!(!problem.to_string().is_empty());
    }
}

/// A Dockerfile: wrapping its steps leaves all its lines in their places, and what is wrapped parses; each step has its
/// line and ends behind it.
pub(crate) fn dockerfile(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let injection = Injection {
        mount: "type=bind,from=wheeltap,source=/opt/wheeltap,target=/dev/.wheeltap",
        wrapper: &["/dev/.wheeltap/wheeltap", "step", "--"],
        here_documents: data.len().is_multiple_of(2),
        argument: &|name| name.len().is_multiple_of(2).then(|| name.to_owned()),
        shell: &|_| Err(String::new()),
    };
    if let Ok(injected) = inject(&text, &injection) {
        assert_eq!(injected.text.matches('\n').count(), text.matches('\n').count(), "{text:?}");
        assert_eq!(injected.text.ends_with('\n'), text.ends_with('\n'), "{text:?}");
        assert!(!injected.wrapped.is_empty() || injected.text == text, "{text:?}");
    }
    for step in above(&text) {
        let before = text.split_inclusive('\n').take(step.line - 1).map(str::len).sum::<usize>();
        assert!(text.get(before..step.end).is_some_and(|step| !step.trim().is_empty()), "{text:?}");
    }
}

fn in_file(data: &[u8], read: impl Fn(&Path)) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(data).expect("it can be written");
    read(file.path());
}

/// A journal: what can be read of it is folded.
pub(crate) fn journal(data: &[u8]) {
    in_file(data, |path| {
        if let Ok(recorded) = read_journal(path) {
            fold(&wheeltap::event::SessionId::parse("20261120_153600").expect("this is a stamp"), recorded.events);
        }
    });
}

/// A session document, and a report of it.
pub(crate) fn session(data: &[u8]) {
    in_file(data, |path| match read_document(path) {
        Ok(session) => {
            let history = History::default();
            let text = report::text(&Analysis::of(&session, &history), &[], report::Paper::default());
            assert!(!has_escape(&text), "{text:?}");
        }
        Err(error) => assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}"),
    });
}

/// The manifest of a wheelhouse.
pub(crate) fn manifest(data: &[u8]) {
    if let Err(error) = WheelhouseManifest::parse(data) {
        assert!(!error.is_empty());
    }
}

/// Any text that is shown, kept or taken for the name of a file.
pub(crate) fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert!(!has_escape(&printable(&text)));
    Filename::parse(&text);
    let redactor = Redactor::learn([data], [(&b"PIP_INDEX_URL"[..], data)]);
    redactor.text(&text);
}

/// Whether a terminal would obey any of it.
fn has_escape(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && character != '\n' && character != '\t')
}

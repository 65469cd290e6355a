//! Somebody sits at the terminal: answers a question, is asked for a password, presses Ctrl-C.
//!
//! Other tests of terminals only watch; here the terminal is the controlling one of pip's session, and keys are pressed.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use serde_json::{Value, json};

use super::alike::{self, Outcome};
use super::support::index::Index;
use super::support::pips::{NEWEST, RealPip};
use super::support::place::{Place, Run, Side};
use super::support::streams::{self, Ended};

/// Nothing that is waited for here takes so long; what does is stuck.
const DEADLINE: Duration = Duration::from_secs(30);

const BIG: &str = "big-1.0-py3-none-any.whl";

/// The same question twice, how each run ended, and whether the package stays.
const TWICE: &str = r#"
for time in first second; do
    pip uninstall alpha
    echo "$time: $?"
    test -e {root}/venv/lib/*/site-packages/alpha.py && echo stays
done"#;

/// What a bar draws on its way depends on the clock; between these two nothing else is drawn.
static BAR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s-u)\x1b\[\?25l.*?\x1b\[\?25h").unwrap());

/// A terminal with a command on it, and its user.
struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// Up to where the user has read.
    read: usize,
    child: Child,
}

impl Terminal {
    /// Runs a command as the leader of a session on a terminal, as a login shell is.
    fn run(command: &Command) -> Terminal {
        let (keyboard, theirs) = streams::terminal();
        // It is no leader of a process group and becomes the command itself, so the status is the command's own.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        session.current_dir(command.get_current_dir().unwrap());
        let again = || theirs.try_clone().unwrap();
        let child = session.stdin(again()).stdout(again()).stderr(again()).spawn().unwrap();
        let (send, screen) = channel();
        let mut drawn = keyboard.try_clone().unwrap();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal ends with an error when its last user has left.
            while let Ok(count @ 1..) = drawn.read(&mut piece) {
                if send.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { keyboard, screen, shown: Vec::new(), read: 0, child }
    }

    /// Waits until the screen shows something behind what was waited for before, then types.
    #[track_caller]
    fn answer(&mut self, question: &Regex, keys: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = question.find_at(&self.shown, self.read) {
                self.read = found.end();
                break;
            }
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.shown.extend(piece),
                Err(why) => panic!("no {question} ({why}) in {}", self.shown.escape_ascii()),
            }
        }
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end.
    #[track_caller]
    fn end(mut self) -> Ended {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.shown.extend(piece),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("does not end: {}", self.shown.escape_ascii()),
            }
        }
        Ended { status: self.child.wait().unwrap(), stdout: std::mem::take(&mut self.shown), stderr: Vec::new() }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One command at the terminal: what it is, what is installed before it, how the index serves, what is typed when.
struct Sitting<'a> {
    argv: &'a [&'a str],
    installed: Option<&'a str>,
    env: &'a [(&'a str, &'a str)],
    rules: Value,
    dialogue: &'a [(&'a str, &'a str)],
}

/// What both sides have in common, and the documents of the shimmed one.
struct Sat {
    pip: String,
    bare: Outcome,
    sessions: Vec<Value>,
}

impl Sitting<'_> {
    fn new<'a>(argv: &'a [&'a str]) -> Sitting<'a> {
        Sitting { argv, installed: None, env: &[], rules: json!([]), dialogue: &[] }
    }

    /// With pip 24.0 and the newest: bare and shimmed must be alike.
    #[track_caller]
    fn alike(&self) -> Vec<Sat> {
        let mut all = Vec::new();
        for wanted in ["24.0", NEWEST] {
            all.extend(RealPip::required(wanted).map(|pip| self.alike_with(&pip)));
        }
        all
    }

    fn alike_with(&self, pip: &RealPip) -> Sat {
        let (mut index, place) = (Index::start(pip).unwrap(), Place::new(pip));
        index.begin(&json!([]));
        if let Some(name) = self.installed {
            assert!(place.run(Side::Bare, &Run::pip(&["install", name]), &index).status.success());
        }
        place.keep();
        let bare = self.outcome(Side::Bare, &place, &mut index);
        place.restore();
        let shimmed = self.outcome(Side::Shimmed, &place, &mut index);
        let mut differences = alike::differences(&bare, &shimmed, false);
        let [one, other] =
            [&bare, &shimmed].map(|outcome| alike::plain(&BAR.replace_all(&outcome.ended.stdout, b"(bar)")));
        if one != other {
            differences.push(format!("bytes: {} became {}", one.escape_ascii(), other.escape_ascii()));
        }
        assert!(differences.is_empty(), "pip {}: {}", pip.version, differences.join("\n"));
        Sat { pip: pip.version.clone(), bare, sessions: place.sessions() }
    }

    fn outcome(&self, side: Side, place: &Place, index: &mut Index) -> Outcome {
        index.begin(&self.rules);
        let argv = self.argv.iter().map(|word| (*word).to_owned()).collect();
        let mut run = Run { argv, ..Run::default() };
        run.env = self.env.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        let mut terminal = Terminal::run(&place.command(side, &run, index));
        for (question, keys) in self.dialogue {
            terminal.answer(&Regex::new(question).unwrap(), keys);
        }
        alike::outcome(terminal.end(), place, index.requests())
    }
}

fn text(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

// Contract: prompts
// Contract: terminals
#[test]
fn an_uninstallation_is_declined_and_agreed_to() {
    let asks = r"Proceed \(Y/n\)\? $";
    let sitting = Sitting {
        installed: Some("alpha"),
        dialogue: &[(asks, "n\n"), ("first: 0\r\nstays\r\n", ""), (asks, "y\n"), ("second: 0\r\n$", "")],
        ..Sitting::new(&["sh", "-c", TWICE])
    };
    for Sat { pip, bare, sessions } in sitting.alike() {
        assert!(!bare.tree.keys().any(|path| path.ends_with("/alpha.py")), "pip {pip}: {}", text(&bare.ended));
        assert!(sessions.is_empty(), "pip {pip} obtained nothing");
    }
}

// Contract: prompts
// Contract: secrets
#[test]
fn a_password_is_asked_for_and_typed() {
    let sitting = Sitting {
        rules: json!([{"match": "index.example/*", "auth": "alice:CaNaRy", "files": "https://index.example"}]),
        dialogue: &[("User for index.example: $", "alice\n"), ("Password: $", "CaNaRy\n")],
        ..Sitting::new(&["pip", "install", "--index-url", "https://index.example/simple", "alpha"])
    };
    for Sat { pip, bare, sessions } in sitting.alike() {
        assert!(bare.ended.status.success(), "pip {pip}: {}", text(&bare.ended));
        let [session] = &sessions[..] else { panic!("pip {pip}: {} sessions", sessions.len()) };
        assert_eq!(session["downloads"]["wheels"][0]["origin"], "downloaded", "pip {pip}");
        assert!(!session.to_string().contains("CaNaRy"), "pip {pip}: {session}");
    }
}

// Contract: terminal-interrupt
// Contract: pip-alike
#[test]
fn a_download_is_interrupted() {
    let sitting = Sitting {
        rules: json!([{"match": "*.whl", "hold": 530_000}]),
        // The last figure that can come: whole chunks, of 10 KiB or of 256 KiB.
        dialogue: &[(r"52[24]\.\d/60\d\.\d kB", "\x03")],
        ..Sitting::new(&["pip", "install", "big"])
    };
    for Sat { pip, bare, sessions } in sitting.alike() {
        assert_eq!(bare.ended.status.code(), Some(1), "pip {pip}: {}", text(&bare.ended));
        assert!(text(&bare.ended).contains("Operation cancelled by user"), "pip {pip}: {}", text(&bare.ended));
        let [session] = &sessions[..] else { panic!("pip {pip}: {} sessions", sessions.len()) };
        let wheels = session["downloads"]["wheels"].as_array().unwrap();
        let told: Vec<_> = wheels.iter().map(|wheel| (wheel["filename"].as_str(), wheel["origin"].as_str())).collect();
        assert_eq!(told, [(Some(BIG), Some("failed"))], "pip {pip}");
        assert_eq!(session["invocations"][0]["exit_code"], 1, "pip {pip}");
    }
}

// Contract: terminals
// Contract: pip-log-gives-back
#[test]
fn a_terminal_without_a_log_is_untouched() {
    let sitting = Sitting { env: &[("WHEELTAP_PIP_LOG", "never")], ..Sitting::new(&["pip", "install", "big"]) };
    for Sat { pip, bare, sessions } in sitting.alike() {
        assert!(BAR.is_match(&bare.ended.stdout), "pip {pip}: {}", text(&bare.ended));
        let [session] = &sessions[..] else { panic!("pip {pip}: {} sessions", sessions.len()) };
        let why = "pip was given no log (as was asked for)";
        assert!(session["invocations"][0]["blind_spots"].to_string().contains(why), "pip {pip}: {session}");
    }
}

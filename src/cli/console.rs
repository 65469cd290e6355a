//! The two streams that people and programs read: data on stdout, talk on stderr.
//!
//! Refuses to pass terminal escapes on: text from outside is shown with its control characters spelt out, whether or
//! not the stream is a terminal.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use super::Status;
use super::arguments::ColourChoice;
use crate::event::printable;

/// What a coloured word means; the text says the same without its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Not as it should be.
    Bad,
    /// What to do.
    Hint,
    /// A heading.
    Heading,
}

impl Tone {
    fn escape(self) -> &'static str {
        match self {
            Tone::Good => "\x1b[32m",
            Tone::Doubtful => "\x1b[33m",
            Tone::Bad => "\x1b[1;31m",
            Tone::Hint => "\x1b[36m",
            Tone::Heading => "\x1b[1m",
        }
    }
}

/// One stream and what is known of its reader.
struct Outlet {
    writer: Box<dyn Write>,
    terminal: bool,
    colour: bool,
}

/// The console's streams.
pub(crate) struct Console {
    stdout: Outlet,
    stderr: Outlet,
    width: usize,
    #[cfg(test)]
    memory: [tests::Memory; 2],
}

impl Console {
    /// The streams of this process, with what its environment says of colours and width.
    pub(crate) fn of_this_process() -> Self {
        let wish = wish_of_environment(|name| std::env::var_os(name));
        let outlet = |writer: Box<dyn Write>, terminal| Outlet { writer, terminal, colour: wish.unwrap_or(terminal) };
        Console {
            stdout: outlet(Box::new(BufWriter::new(io::stdout())), io::stdout().is_terminal()),
            stderr: outlet(Box::new(io::stderr()), io::stderr().is_terminal()),
            width: width_of_terminal(),
            #[cfg(test)]
            memory: Default::default(),
        }
    }

    /// What the command line says of colours goes before the environment.
    pub(super) fn choose_colour(&mut self, choice: ColourChoice) {
        let wish = match choice {
            ColourChoice::Auto => return,
            ColourChoice::Always => true,
            ColourChoice::Never => false,
        };
        (self.stdout.colour, self.stderr.colour) = (wish, wish);
    }

    /// Where data goes, as it is: for documents, and for text that was made printable already.
    pub(crate) fn data(&mut self) -> &mut dyn Write {
        &mut self.stdout.writer
    }

    /// One line of text on stdout, without control characters.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.stdout.writer, "{}", printable(text))
    }

    /// One line on stdout that begins with a word in its tone.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn line_with(&mut self, tone: Tone, word: &str, text: &str) -> io::Result<()> {
        let word = painted(self.stdout.colour, tone, &printable(word));
        writeln!(self.stdout.writer, "{word}{}{}", if text.is_empty() { "" } else { " " }, printable(text))
    }

    /// One line of talk on stderr. That it cannot be written is nobody's concern.
    pub(crate) fn talk(&mut self, text: &str) {
        let _ = self.flush();
        let _ = self.stderr.writer.write_all(format!("{}\n", printable(text)).as_bytes());
    }

    /// One line of talk on stderr, `label: text`.
    pub(crate) fn say(&mut self, tone: Tone, label: &str, text: &str) {
        let _ = self.flush();
        let label = painted(self.stderr.colour, tone, &format!("{label}:"));
        let _ = self.stderr.writer.write_all(format!("{label} {}\n", printable(text)).as_bytes());
    }

    /// Text of several lines on stderr that was made printable already.
    pub(crate) fn talk_at_length(&mut self, text: &str) {
        let _ = self.flush();
        let _ = self.stderr.writer.write_all(text.as_bytes());
    }

    /// Whether stdout is coloured.
    pub(crate) fn colours_data(&self) -> bool {
        self.stdout.colour
    }

    /// Whether stderr is coloured.
    pub(crate) fn colours_talk(&self) -> bool {
        self.stderr.colour
    }

    /// Whether a person looks at stdout.
    pub(crate) fn writes_to_terminal(&self) -> bool {
        self.stdout.terminal
    }

    /// Whether a person looks at stderr: only then does anything move there.
    pub(crate) fn talks_to_terminal(&self) -> bool {
        self.stderr.terminal
    }

    /// How many columns there are to write in.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Shows what the parser answers: help and version are data, anything else is talk.
    pub(super) fn show_answer_of_parser(&mut self, answer: &clap::Error) -> anyhow::Result<Status> {
        let (outlet, status) = match answer.use_stderr() {
            true => (&mut self.stderr, Status::Usage),
            false => (&mut self.stdout, Status::Ok),
        };
        let rendered = answer.render();
        let text = if outlet.colour { rendered.ansi().to_string() } else { rendered.to_string() };
        outlet.writer.write_all(text.as_bytes())?;
        Ok(status)
    }

    /// Hands on what is still held back of stdout.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        self.stdout.writer.flush().map_err(|error| anyhow::Error::new(error).context("cannot write to stdout"))
    }
}

fn painted(colour: bool, tone: Tone, text: &str) -> String {
    if colour { format!("{}{text}\x1b[0m", tone.escape()) } else { text.to_owned() }
}

/// What the environment wishes for both streams; `None` leaves it to the terminal. `NO_COLOR` (any value but the empty
/// one) goes before `CLICOLOR_FORCE` (any value but empty and `0`), which goes before a terminal that cannot.
fn wish_of_environment(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<bool> {
    let is = |name: &str, meant: fn(&[u8]) -> bool| variable(name).is_some_and(|value| meant(value.as_encoded_bytes()));
    if is("NO_COLOR", |value| !value.is_empty()) {
        Some(false)
    } else if is("CLICOLOR_FORCE", |value| !value.is_empty() && value != b"0") {
        Some(true)
    } else if is("CLICOLOR", |value| value == b"0") || is("TERM", |value| value == b"dumb") {
        Some(false)
    } else {
        None
    }
}

/// The width of the terminal that anything is written to; 80 where there is none.
fn width_of_terminal() -> usize {
    let columns = rustix::termios::tcgetwinsize(io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(io::stderr()))
        .map_or(0, |size| size.ws_col);
    if columns == 0 { 80 } else { columns.into() }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    pub(super) struct Memory(Rc<RefCell<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Console {
        /// A console that is read by tests.
        pub(crate) fn in_memory() -> Self {
            let memory = [Memory::default(), Memory::default()];
            let outlet = |memory: &Memory| Outlet { writer: Box::new(memory.clone()), terminal: false, colour: false };
            Console { stdout: outlet(&memory[0]), stderr: outlet(&memory[1]), width: 80, memory }
        }

        /// What was written to stdout and stderr.
        pub(crate) fn into_memory(self) -> (String, String) {
            let text = |memory: &Memory| String::from_utf8(memory.0.borrow().clone()).unwrap();
            (text(&self.memory[0]), text(&self.memory[1]))
        }
    }

    #[test]
    fn the_environment_wishes_for_colours_in_a_fixed_order() {
        let wish = |set: &[(&str, &str)]| {
            wish_of_environment(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into()))
        };
        assert_eq!(wish(&[]), None);
        assert_eq!(wish(&[("NO_COLOR", ""), ("CLICOLOR_FORCE", "0"), ("TERM", "xterm")]), None);
        assert_eq!(wish(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Some(false));
        assert_eq!(wish(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")]), Some(true));
        assert_eq!(wish(&[("TERM", "dumb")]), Some(false));
        assert_eq!(wish(&[("CLICOLOR", "0")]), Some(false));
    }

    #[test]
    fn no_escape_of_foreign_text_reaches_a_stream() {
        let mut console = Console::in_memory();
        console.choose_colour(ColourChoice::Always);
        console.line_with(Tone::Good, "ok\x07", "name\x1b]0;x\x07\u{9b}1m").unwrap();
        console.talk("a\rb");
        let (stdout, stderr) = console.into_memory();
        assert_eq!(stdout, "\x1b[32mok\\x07\x1b[0m name\\x1b]0;x\\x07\\u{9b}1m\n");
        assert_eq!(stderr, "a\\x0db\n");
    }
}

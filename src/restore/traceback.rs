//! The traceback that pip's debug record `Exception information:` holds.
//!
//! Nothing in a log or an output says where a record of several lines ends; what a traceback is made of does.

/// What announces the exceptions that one exception came of.
const ANNOUNCED: [&[u8]; 3] = [
    b"Traceback (most recent call last):",
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
];

/// Follows the lines after `Exception information:`, as long as they belong to it.
#[derive(Debug, Default)]
pub(super) struct Tracebacks {
    /// Where in a traceback the next line stands, if in one.
    place: Option<Place>,
    /// The texts of the last error that was printed, line for line: a traceback ends with its message.
    error: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Frames, further in than this.
    Frames(usize),
    /// The message of an exception; how many of its lines there were.
    Message(usize, usize),
}

impl Tracebacks {
    /// Whether a line begins a traceback or belongs to the one that began.
    pub(super) fn takes(&mut self, indent: usize, text: &[u8]) -> bool {
        if text == b"Exception information:" {
            self.place = Some(Place::Frames(indent));
            return true;
        }
        self.place = match self.place {
            None => return false,
            Some(Place::Frames(base)) => frames(base, indent, text),
            Some(Place::Message(base, lines)) => {
                let goes_on = self.error.get(lines).is_some_and(|line| line == text);
                // What else the exception had led to.
                let led_on = (text.is_empty() || ANNOUNCED.contains(&text)).then_some(Place::Frames(base));
                if goes_on { Some(Place::Message(base, lines + 1)) } else { led_on }
            }
        };
        self.place.is_some()
    }

    /// A line was printed that is no traceback.
    pub(super) fn printed(&mut self, text: &[u8]) {
        if text.starts_with(b"ERROR: ") {
            self.error.clear();
        }
        self.error.push(text.to_vec());
    }
}

/// Where the line behind this one stands, if this one belongs to frames further in than `base`.
fn frames(base: usize, indent: usize, text: &[u8]) -> Option<Place> {
    if text.is_empty() || indent > base || ANNOUNCED.contains(&text) {
        return Some(Place::Frames(base));
    }
    let name = text.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte));
    (is_name && indent == base).then_some(Place::Message(base, 1))
}

//! The name that a question to a name server is about (RFC 1035, section 4).
//!
//! Refuses whatever is not exactly one question of the Internet: descriptors are recycled behind our back, and what goes
//! through one of a name server's may long be something else.

/// The name in a query, without the final dot; `None` if it is no query. Over TCP a query is preceded by its length.
pub(super) fn question(message: &[u8]) -> Option<String> {
    query(message).or_else(|| {
        let (length, rest) = message.split_first_chunk::<2>()?;
        (usize::from(u16::from_be_bytes(*length)) == rest.len()).then(|| query(rest)).flatten()
    })
}

fn query(message: &[u8]) -> Option<String> {
    let (header, mut rest) = message.split_first_chunk::<12>()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (flags, questions, answers, authorities, additional) = (word(2), word(4), word(6), word(8), word(10));
    // A query (no response), of the standard kind, with one question and at most EDNS and a signature behind it.
    if flags & 0xF800 != 0 || questions != 1 || answers != 0 || authorities != 0 || additional > 2 {
        return None;
    }
    let mut name = String::new();
    loop {
        let (&length, after) = rest.split_first()?;
        if length == 0 {
            rest = after;
            break;
        }
        let label = after.get(..usize::from(length)).filter(|_| length <= 63)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(label.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }));
        rest = &after[usize::from(length)..];
        if name.len() > 255 {
            return None;
        }
    }
    // The class: the Internet.
    let class = rest.get(2..4)?;
    (class == [0, 1] && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn of(name: &str) -> Vec<u8> {
        let mut message = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(label.len() as u8);
            message.extend(label.as_bytes());
        }
        message.extend([0, 0, 1, 0, 1]);
        message
    }

    #[test]
    fn reads_the_name_of_a_query_and_of_nothing_else() {
        assert_eq!(question(&of("files.host.invalid")).as_deref(), Some("files.host.invalid"));
        let tcp = [&(of("a.invalid").len() as u16).to_be_bytes()[..], &of("a.invalid")].concat();
        assert_eq!(question(&tcp).as_deref(), Some("a.invalid"));
        let mut response = of("a.invalid");
        response[2] |= 0x80;
        assert_eq!(question(&response), None);
        assert_eq!(question(b"GET / HTTP/1.1\r\nHost: a.invalid\r\n\r\n"), None);
        assert_eq!(question(&[0; 64]), None);
        for cut in 0..of("a.invalid").len() {
            assert_eq!(question(&of("a.invalid")[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_name_holds_nothing_that_a_terminal_obeys() {
        let mut message = of("a.invalid");
        message[13] = 0x1b;
        assert_eq!(question(&message).as_deref(), Some("?.invalid"));
    }
}

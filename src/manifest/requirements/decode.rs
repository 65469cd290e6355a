//! The bytes of a requirements file as text: a byte order mark decides, else a PEP 263 comment in the first two lines,
//! else UTF-8.
//!
//! Refuses encodings that are rare in requirements files, with an error that names them.

/// `bytes` as text, without a byte order mark.
///
/// # Errors
/// What is wrong with the bytes, or which encoding is not known here.
pub(super) fn decode(bytes: &[u8]) -> Result<String, String> {
    // The mark of UTF-16 little-endian opens that of UTF-32 little-endian: the longer ones come first.
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        utf8(rest)
    } else if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        utf32(rest, u32::from_le_bytes)
    } else if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        utf32(rest, u32::from_be_bytes)
    } else if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        utf16(rest, u16::from_le_bytes)
    } else if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        utf16(rest, u16::from_be_bytes)
    } else {
        match declared(bytes) {
            Some(encoding) => named(&encoding, bytes),
            None => utf8(bytes),
        }
    }
}

/// The encoding that a comment in one of the first two lines declares, in lower case with `_` as `-`.
fn declared(bytes: &[u8]) -> Option<String> {
    let comments = bytes.split(|&byte| byte == b'\n').take(2).filter(|line| line.starts_with(b"#"));
    comments.into_iter().find_map(|line| {
        let text = String::from_utf8_lossy(line);
        text.match_indices("coding").find_map(|(at, word)| {
            let value = text[at + word.len()..].strip_prefix([':', '='])?.trim_start();
            let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let end = value.find(|c| !inner(c)).unwrap_or(value.len());
            (end > 0).then(|| value[..end].to_ascii_lowercase().replace('_', "-"))
        })
    })
}

fn named(encoding: &str, bytes: &[u8]) -> Result<String, String> {
    match encoding {
        "utf-8" | "utf8" | "u8" | "utf-8-sig" => utf8(bytes),
        "ascii" | "us-ascii" | "646" => match bytes.is_ascii() {
            true => utf8(bytes),
            false => Err("it declares ASCII and holds other bytes".to_owned()),
        },
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" | "cp819" => {
            Ok(bytes.iter().map(|&byte| char::from(byte)).collect())
        }
        other => Err(format!("it declares the encoding `{other}`, which is not known here")),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            Err(format!("line {line} is not UTF-8"))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().map(|&pair| unit(pair))).collect::<Result<String, _>>();
    match (text, rest) {
        (Ok(text), []) => Ok(text),
        _ => Err("its byte order mark says UTF-16, and it is not".to_owned()),
    }
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<String, String> {
    let (units, rest) = bytes.as_chunks::<4>();
    let text: Option<String> = units.iter().map(|&four| char::from_u32(unit(four))).collect();
    match (text, rest) {
        (Some(text), []) => Ok(text),
        _ => Err("its byte order mark says UTF-32, and it is not".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn byte_order_marks_decide() {
        for bytes in [
            b"\xef\xbb\xbfa\xc3\xa9".as_slice(),
            b"\xff\xfea\0\xe9\0",
            b"\xfe\xff\0a\0\xe9",
            b"\xff\xfe\0\0a\0\0\0\xe9\0\0\0",
            b"\0\0\xfe\xff\0\0\0a\0\0\0\xe9",
        ] {
            assert_eq!(decode(bytes).as_deref(), Ok("aé"), "{bytes:x?}");
        }
    }

    #[test]
    fn a_comment_declares() {
        assert_eq!(decode(b"# -*- coding: latin-1 -*-\n\xe9").unwrap(), "# -*- coding: latin-1 -*-\né");
        assert_eq!(decode(b"x\n#vim: fileencoding=ISO_8859-1\n\xe9").unwrap().chars().last(), Some('é'));
        assert!(decode(b"x\ny\n# coding: latin-1\n\xe9").is_err());
        assert!(decode(b"# coding: koi8-r\n").unwrap_err().contains("koi8-r"));
    }

    #[test]
    fn names_the_line_that_is_not_utf8() {
        assert_eq!(decode(b"a\nb\n\xff").unwrap_err(), "line 3 is not UTF-8");
        assert!(decode(b"\xff\xfea").is_err());
        assert!(decode(b"\xff\xfe\0\0a").is_err());
    }
}

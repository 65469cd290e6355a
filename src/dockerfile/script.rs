//! A here document that is a program of its own (`RUN <<EOF` and then `#!...`): BuildKit mounts it as a file and has the
//! shell run that file, so that the kernel reads its first line. That line is what can be wrapped.
//!
//! Refuses first lines that a kernel would read in another way than they are written.

/// The longest first line that kernels read whole (`BINPRM_BUF_SIZE` before Linux 5.1), with its end.
const LONGEST: usize = 127;

/// The first line of a program that the kernel starts by `wrapper`: its one argument holds the wrapper's own words, the
/// interpreter and what the interpreter was to be given.
///
/// # Errors
/// Why `line`, without its end, is left.
pub(super) fn wrapped(line: &str, wrapper: &[&str]) -> Result<String, &'static str> {
    let blanks = [' ', '\t'];
    let command = line.strip_prefix("#!").unwrap_or_default().trim_matches(blanks);
    if !command.starts_with('/') || command.contains(['\r', '\0']) {
        return Err("the first line of its here document names no interpreter by its path");
    }
    let (interpreter, argument) = command.split_once(blanks).unwrap_or((command, ""));
    let mut words = wrapper.to_vec();
    words.extend([interpreter, argument.trim_start_matches(blanks)].iter().filter(|word| !word.is_empty()));
    let line = format!("#!{}", words.join(" "));
    (line.len() <= LONGEST).then_some(line).ok_or("the first line of its here document is too long to be wrapped")
}

/// Whether a here document is run as a program: it is asked before tabs are taken off.
pub(super) fn is_program(body: &str) -> bool {
    body.starts_with("#!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_starts_the_wrapper() {
        let wrapper = ["/w", "step", "--"];
        assert_eq!(wrapped("#!/bin/sh", &wrapper).unwrap(), "#!/w step -- /bin/sh");
        assert_eq!(wrapped("#! /usr/bin/env  python3 -u\t", &wrapper).unwrap(), "#!/w step -- /usr/bin/env python3 -u");
        for line in ["#!python3", "#!", "#!/bin/sh\r", &format!("#!/{}", "x".repeat(120))] {
            assert!(wrapped(line, &wrapper).is_err(), "{line}");
        }
    }
}

//! Truth values as pip reads them from its variables and configuration (`strtobool`, in any case), and apt from its own
//! (`StringToBool`).
//!
//! Refuses to say what a value means that is neither to pip, which refuses to start with it.

/// What `value` says; `None` where it is no truth value.
pub fn truth_value(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether `value` is a no to apt, which takes all else for a yes where that is what it does of itself.
pub fn is_no_of_apt(value: &str) -> bool {
    ["0", "no", "false", "without", "off", "disable"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::truth_value;

    #[test]
    fn yes_and_no_are_as_pip_reads_them() {
        assert!(["1", "true", "ON", "Yes", "t", "Y"].iter().all(|value| truth_value(value) == Some(true)));
        assert!(["0", "false", "off", "No", "F", "n"].iter().all(|value| truth_value(value) == Some(false)));
        assert!(["", "2", "maybe"].iter().all(|value| truth_value(value).is_none()));
    }
}

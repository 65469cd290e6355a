//! What breaks in a recording, kept from what goes on.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use crate::supervise;

/// The error holds the text of the panic.
pub(crate) fn quietly<T>(what: impl FnOnce() -> T) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(what)).map_err(|payload| {
        let text = supervise::panic_text(payload.as_ref());
        // Even dropping a payload may panic.
        std::mem::forget(payload);
        io::Error::other(text)
    })
}

/// Where the tests have a recording break: at each place that `WHEELTAP_FAULT` names, the first time. A release has no
/// such places.
#[inline]
pub(crate) fn may_break(place: &str) {
    if cfg!(debug_assertions) {
        static BROKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let told = std::env::var("WHEELTAP_FAULT").unwrap_or_default();
        if let (true, Ok(mut broken)) = (told.split(' ').any(|word| word == place), BROKEN.lock())
            && !broken.iter().any(|other| other == place)
        {
            broken.push(place.to_owned());
            drop(broken);
            panic!("told to break: {place}");
        }
    }
}

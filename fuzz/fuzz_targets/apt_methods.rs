//! [`entries::apt_methods`] on whatever the fuzzer thinks of.

#![no_main]

#[allow(dead_code, reason = "each target uses one of them")]
#[path = "../../tests/robustness/entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::apt_methods(data));

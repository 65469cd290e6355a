//! Takes secrets out of text before it is recorded.
//!
//! Two nets. The shapes in which secrets are written ([`shapes`]): user information and query values of URLs,
//! authorization headers, values of options, settings and variables that are named for a secret ([`names`]), lines of a
//! netrc. And the secrets themselves, learnt from arguments and environment, wherever they turn up again, percent-encoded
//! or not. Refuses to be clever: what may be a secret is taken out; but a word that everybody uses is no secret, or a
//! password `true` would empty the record.

mod names;
mod records;
mod redactor;
mod shapes;
#[cfg(test)]
mod tests;

pub use redactor::{REDACTED, Redactor};

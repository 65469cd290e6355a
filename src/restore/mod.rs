//! What pip's log takes from the streams, given back byte for byte.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

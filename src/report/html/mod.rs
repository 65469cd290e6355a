//! Sessions as one page that needs nothing but itself: no request, no handler in an attribute, a policy that allows its
//! own style and script by their digests and nothing else.
//!
//! Refuses to pass markup on: whatever comes from a record goes through [`escape::escaped`], or into a block of JSON in
//! which no character of markup is left.

mod charts;
mod data;
mod escape;
mod page;
mod sections;

pub use page::html;

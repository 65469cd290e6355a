//! Requirements files as pip itself reads them, and the verb that shows them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]

#[path = "requirements/against_pip.rs"]
mod against_pip;
mod support;

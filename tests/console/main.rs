//! The console as its users see it: what it prints, with which status it ends.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod build;
mod caches;
mod doctor;
mod drawn;
mod exported;
mod gates;
mod harness;
mod help;
mod ingest;
mod ingest_apt;
mod manners;
mod metrics;
mod profile;
mod questions;
mod report;
mod run;
mod schemas;
mod shims;
mod site_packages;
mod step;
#[path = "../support/mod.rs"]
mod support;
mod which;

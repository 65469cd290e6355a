//! Real image builds: injected and by the recipe, compared with bare ones, offline, from the layer cache; and what is said
//! of their caches before.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/binary.rs"]
mod binary;
#[path = "../support/picture.rs"]
mod picture;
#[path = "../support/requires.rs"]
#[allow(dead_code, reason = "this binary uses a part of it")]
mod requires;
#[path = "../support/streams.rs"]
#[allow(dead_code, reason = "this binary uses a part of it")]
mod streams;
#[path = "../support/wheels.rs"]
#[allow(dead_code, reason = "this binary uses a part of it")]
mod wheels;

mod bases;
mod caches;
mod display;
mod engine;
mod examples;
mod image;
mod inject;
mod newer;
mod odd;
mod real;
mod registry;
mod remedies;
mod several;

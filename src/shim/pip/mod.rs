//! What is added for pip: a log of its own to listen to, and the files behind its words.
//!
//! A command that can download gets `PIP_LOG` pointed at a fresh private file, unless the user has a log of their own,
//! which is then read instead and never overridden. Off a terminal the streams go through [`crate::restore`], which
//! gives back what the log takes from them. Refuses to record what cannot obtain anything, and what an outer
//! recording sees by itself.

mod cache;
mod command;
mod configuration;
mod doubt;
mod entries;
mod evidence;
mod home;
mod installed;
mod listener;
mod log;
mod named;
mod own_log;
mod page;
mod recording;
mod tail;
mod temporaries;
mod unkept;

pub(crate) use cache::present as file_clock;
pub(crate) use cache::{Cache, NoCache};
pub(crate) use command::Command;
pub(crate) use configuration::{Configuration, Environment, Inherited, files, lines};
pub(crate) use entries::Entries;
pub(crate) use evidence::Files;
pub(crate) use home::expand;
pub(crate) use installed::version as installed_version;
pub(crate) use listener::Listener;
pub(crate) use log::{Log, has_room};
pub(crate) use named::{urls, wheel_directory};
pub(crate) use own_log::{FOLLOW_VARIABLE, PIP_LOG, of_variables as own_log_of_variables};
pub(crate) use recording::{LOG_VARIABLE, LOG_WAS_CUT, begin};
pub(crate) use tail::Tail;

pub(crate) use super::python::arguments_of_pip as arguments_of_module;

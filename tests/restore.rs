//! What pip's log takes from the streams is given back: recorded runs with a log, seen through the restorer, equal the
//! same runs without one.
//!
//! `tests/data/pip` holds a choice; `WHEELTAP_CORPUS=directory` (of `<version>/<scenario>/`) runs a whole corpus.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "restore/recorded.rs"]
mod recorded;
#[path = "restore/same.rs"]
mod same;

use recorded::Scenario;
use same::same;
use wheeltap::restore::Stream;

// Contract: pip-log-gives-back
#[test]
fn recorded_runs_with_a_log_look_like_runs_without() {
    let scenarios = recorded::all();
    let wrong: Vec<String> = scenarios.iter().filter_map(|scenario| differs(scenario).err()).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), scenarios.len(), wrong.join("\n"));
}

fn differs(scenario: &Scenario) -> Result<(), String> {
    let named = |what: &str, difference: String| format!("== {} {what}\n{difference}", scenario.name);
    let [stdout, stderr] = scenario.restored();
    same(&scenario.bare_stdout, &stdout).map_err(|difference| named("stdout", difference))?;
    same(&scenario.bare_stderr, &stderr).map_err(|difference| named("stderr", difference))?;
    if let Some(merged) = &scenario.merged {
        let both = scenario.restore(Stream::Both, &merged.log, &merged.logged);
        same(&merged.bare, &both).map_err(|difference| named("both", difference))?;
    }
    Ok(())
}

//! What pip's log takes from the streams is given back: recorded runs with a log, seen through the restorer, equal the
//! same runs without one.
//!
//! `tests/data/pip` and `pip-rest.tar.gz` hold what was recorded, and `tests/data/pip-restored` what only concerns the restorer: in each file a run
//! without a log and with one, to two pipes and to one. `WHEELTAP_CORPUS=directory` (of `<version>/<scenario>/`) runs a
//! whole corpus, `WHEELTAP_SCENARIO=text` only what has the text in its name.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/pip_runs.rs"]
mod pip_runs;
#[path = "restore/recorded.rs"]
mod recorded;
#[path = "restore/same.rs"]
mod same;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use recorded::Scenario;
use same::same;
use wheeltap::restore::{Facts, Restorer, Stream};

// Contract: pip-log-gives-back
#[test]
fn recorded_runs_with_a_log_look_like_runs_without() {
    let scenarios = recorded::all();
    let wrong: Vec<String> = scenarios.iter().filter_map(|scenario| differs(scenario).err()).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), scenarios.len(), wrong.join("\n"));
    let mut proven: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for scenario in &scenarios {
        let counts = proven.entry(scenario.version()).or_default();
        counts[0] += 1;
        counts[1] += usize::from(scenario.is_touched());
    }
    for (version, [all, touched]) in proven {
        println!("pip {version:<8} {all:>4} runs, in {touched:>3} of them something was given back");
    }
}

fn differs(scenario: &Scenario) -> Result<(), String> {
    let named = |what: &str, difference: String| format!("== {} {what}\n{difference}", scenario.name);
    let [stdout, stderr] = scenario.restored();
    same(scenario.version(), &scenario.bare_stdout, &stdout).map_err(|difference| named("stdout", difference))?;
    same(scenario.version(), &scenario.bare_stderr, &stderr).map_err(|difference| named("stderr", difference))?;
    if let Some(merged) = &scenario.merged {
        let both = scenario.restore(Stream::Both, &merged.log, &merged.logged);
        same(scenario.version(), &merged.bare, &both).map_err(|difference| named("both", difference))?;
    }
    Ok(())
}

/// Pieces of `bytes`, cut after so many bytes each, again and again.
fn cut<'a>(bytes: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    lengths.iter().cycle().map_while(move |length| {
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Scenarios in which something is given back, and small enough to try often.
fn touched() -> &'static [Scenario] {
    static TOUCHED: OnceLock<Vec<Scenario>> = OnceLock::new();
    let small = |scenario: &Scenario| scenario.is_touched() && scenario.log.len() < 60_000;
    TOUCHED.get_or_init(|| recorded::all().into_iter().filter(small).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    // Contract: pip-log-gives-back
    #[test]
    fn any_cut_gives_the_same(lengths in prop::collection::vec(1_usize..90, 1..12), at in any::<prop::sample::Index>()) {
        let scenarios = touched();
        let scenario = &scenarios[at.index(scenarios.len())];
        let [stdout, stderr] = scenario.restored();
        let mut restorer = Restorer::new(scenario.facts.clone());
        cut(&scenario.log, &lengths).for_each(|piece| restorer.log(piece));
        for (stream, bytes, expected) in [(Stream::Stdout, &scenario.stdout, stdout), (Stream::Stderr, &scenario.stderr, stderr)] {
            let mut output = Vec::new();
            cut(bytes, &lengths).for_each(|piece| restorer.pass(stream, piece, &mut output));
            restorer.close(stream, &mut output);
            if stream == Stream::Stderr {
                output.extend(restorer.leftover());
            }
            prop_assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&expected), "{}", scenario.name);
        }
    }

    // Contract: pip-log-gives-back
    #[test]
    fn one_pipe_carries_the_lines_of_both(after in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let scenarios = touched();
        let scenario = &scenarios[at.index(scenarios.len())];
        let lines: Vec<&[u8]> = scenario.stdout.split_inclusive(|byte| *byte == b'\n').collect();
        // An error comes while its spinner turns, wherever a warning may come.
        let ends: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].ends_with(b": finished with status 'error'\n")).collect();
        prop_assume!(ends.len() < 2 && scenario.stderr.ends_with(b"\n"));
        let (before, behind) = lines.split_at(ends.first().copied().unwrap_or_else(|| after.index(lines.len() + 1)));
        let both = [&before.concat()[..], &scenario.stderr, &behind.concat()].concat();
        let restored = scenario.restore(Stream::Both, &scenario.log, &both);
        let [stdout, stderr] = scenario.restored();
        let sorted = |bytes: &[u8]| {
            let mut lines: Vec<String> = String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(&restored), sorted(&[stdout, stderr].concat()), "{}", scenario.name);
    }

    // Contract: pip-log-gives-back
    #[test]
    fn what_is_held_back_is_given_up(length in 1_usize..4000, at in any::<prop::sample::Index>()) {
        // What a pip prints that writes no log, interrupted anywhere.
        let scenarios = recorded::all();
        let scenario = &scenarios[at.index(scenarios.len())];
        for (stream, bytes) in [(Stream::Stdout, &scenario.bare_stdout), (Stream::Stderr, &scenario.bare_stderr)] {
            let mut restorer = Restorer::new(scenario.facts.clone().with_version(scenario.version()));
            let mut output = Vec::new();
            let begun = &bytes[..length.min(bytes.len())];
            restorer.pass(stream, begun, &mut output);
            output.extend(restorer.held(stream));
            prop_assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(begun), "{}", scenario.name);
        }
    }
}

// Contract: pip-log-gives-back
#[test]
fn a_prompt_passes_at_once() {
    for prompt in ["Proceed (Y/n)? ", "User for index.example: ", "Password: ", "Continue? [y/N] ", "> "] {
        for stream in [Stream::Stdout, Stream::Stderr, Stream::Both] {
            let mut restorer = Restorer::new(Facts::default());
            let mut output = Vec::new();
            restorer.pass(stream, prompt.as_bytes(), &mut output);
            assert_eq!(String::from_utf8_lossy(&output), prompt, "{stream:?}");
        }
    }
}

/// A run of which a build failed, as the newest recorded version tells it.
fn failed() -> Scenario {
    let mut scenarios = recorded::bundled();
    scenarios.retain(|scenario| scenario.name == "26.3/build-fail");
    scenarios.pop().expect("it is bundled")
}

// Contract: pip-log-gives-back
#[test]
fn a_version_to_come_loses_no_error() {
    let mut scenario = failed();
    let stderr = String::from_utf8(scenario.stderr).unwrap();
    scenario.stderr = stderr.replace("No available output.", "Output was not kept.").into_bytes();
    let [_, stderr] = scenario.restored();
    let shown = String::from_utf8(stderr).unwrap();
    assert!(shown.starts_with(str::from_utf8(&scenario.stderr).unwrap()), "{shown}");
    assert_eq!(shown.matches("foo.c:1: fatal error: Python.h: No such file").count(), 1, "{shown}");
}

/// On a terminal no line of the log says that the nested pip has ended, but its own last one.
// Contract: pip-log-gives-back
#[test]
fn a_failure_right_after_a_nested_pip_is_told() {
    let log = b"\
2026-11-21T15:53:33,000 Using pip 26.3 from /v/pip (python 3.11)
2026-11-21T15:53:33,001 Processing ./broken
2026-11-21T15:53:33,028   Running command installing build dependencies
2026-11-21T15:53:34,000 Using pip 26.3 from /v/pip (python 3.11)
2026-11-21T15:53:34,001   Using pip 26.3 from /v/pip (python 3.11)
2026-11-21T15:53:35,262 Successfully installed setuptools-84.2.1
2026-11-21T15:53:35,263 Removed build tracker: '/tmp/pip-build-tracker-skyehfjb'
2026-11-21T15:53:35,265   Successfully installed setuptools-84.2.1
2026-11-21T15:53:35,266   Removed build tracker: '/tmp/pip-build-tracker-skyehfjb'
2026-11-21T15:53:35,536   Running command Getting requirements to build wheel
2026-11-21T15:53:36,169   about to fail
2026-11-21T15:53:36,170   compiler: error: no such thing
2026-11-21T15:53:36,245   ERROR: Getting requirements to build wheel exited with 3
";
    let mut restorer = Restorer::new(Facts::default());
    restorer.log(log);
    let told = String::from_utf8(restorer.leftover()).unwrap();
    assert_eq!(told.matches("compiler: error: no such thing").count(), 1, "{told}");
    assert!(told.contains("[2 lines of output]") && !told.contains("setuptools"), "{told}");
}

/// What is told of a log, of which only the texts are given, by a restorer that nobody's streams go through.
fn told(lines: &str) -> String {
    let stamped = |line: &str| format!("2026-11-28T21:53:50,345 {line}\n");
    let mut restorer = Restorer::new(Facts::default());
    restorer.log(lines.lines().map(stamped).collect::<String>().as_bytes());
    String::from_utf8(restorer.leftover()).unwrap()
}

/// The second of two nested pips; what fails stands deeper than they do. Its parent repeats the words of the second too
/// late, when that has said its last.
// Contract: pip-log-gives-back
#[test]
fn a_failure_that_follows_two_nested_pips_is_told_before_22() {
    let told = told("\
Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
Processing ./undone
  Created temporary directory: /tmp/pip-req-build-1
  Added file:///undone to build tracker '/tmp/pip-req-tracker-1'
  Running command /v/bin/python /v/pip install --ignore-installed --no-user --prefix /tmp/pip-build-env-1/overlay
Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
  Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
  Successfully installed backend-1.0
Successfully installed backend-1.0
  Removed build tracker: '/tmp/pip-req-tracker-1'
Removed build tracker: '/tmp/pip-req-tracker-1'
  Running command /v/bin/python /v/pip/_vendor/pep517/_in_process.py get_requires_for_build_wheel /tmp/tmp1
  Running command /v/bin/python /v/pip install --ignore-installed --no-user --prefix /tmp/pip-build-env-1/normal
Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
Collecting extra
  Added extra from file:///links/extra-1.0.tar.gz to build tracker '/tmp/pip-req-tracker-1'
  Running command /v/bin/python /v/pip/_vendor/pep517/_in_process.py build_wheel /tmp/tmp2
Successfully installed extra-1.0
Removed build tracker: '/tmp/pip-req-tracker-1'
  Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
  Collecting extra
    Added extra from file:///links/extra-1.0.tar.gz to build tracker '/tmp/pip-req-tracker-1'
    Running command /v/bin/python /v/pip/_vendor/pep517/_in_process.py build_wheel /tmp/tmp2
    Successfully installed extra-1.0
  Removed build tracker: '/tmp/pip-req-tracker-1'
    Running command /v/bin/python /v/pip/_vendor/pep517/_in_process.py prepare_metadata_for_build_wheel /tmp/tmp3
    compiling x
    error: no such header
ERROR: Command errored out with exit status 3: /v/bin/python /v/pip/_vendor/pep517/_in_process.py prepare_metadata_for_build_wheel /tmp/tmp3 Check the logs for full command output.
");
    let expected = "    ERROR: Command errored out with exit status 3:
     command: /v/bin/python /v/pip/_vendor/pep517/_in_process.py prepare_metadata_for_build_wheel /tmp/tmp3
         cwd: /tmp/pip-req-build-1
    Complete output (2 lines):
    compiling x
    error: no such header
    ----------------------------------------
";
    assert_eq!(told, expected);
}

// Contract: pip-log-gives-back
#[test]
fn the_failed_build_of_a_wheel_is_told_before_22() {
    let told = told(
        "\
Using pip 20.3.4 from /v/lib/python3.11/site-packages/pip (python 3.11)
Building wheels for collected packages: one, two
  Created temporary directory: /tmp/pip-wheel-1
  Running command /v/bin/python -u -c 'setup' bdist_wheel -d /tmp/pip-wheel-1
  fine
  Created wheel for one: filename=one-1.0-py3-none-any.whl size=1 sha256=0
  Running command /v/bin/python -u -c 'setup' bdist_wheel -d /tmp/pip-wheel-2
  compiling x
  error: no such header
  ERROR: Failed building wheel for two
  Running setup.py clean for two
  Running command /v/bin/python -u -c 'setup' clean --all
  cleaned
Failed to build two
",
    );
    assert_eq!(told.matches("error: no such header").count(), 1, "{told}");
    assert!(told.contains("bdist_wheel -d /tmp/pip-wheel-2") && told.contains("Complete output (2 lines)"), "{told}");
    assert!(!told.contains("fine") && !told.contains("cleaned"), "{told}");
}

/// The nested pip goes on when the one nested in it has said its last word.
// Contract: pip-log-gives-back
#[test]
fn the_failure_of_a_pip_in_which_one_was_nested_is_told() {
    let told = told(
        "\
Using pip 24.0 from /v/lib/python3.11/site-packages/pip (python 3.11)
Processing ./outer
  Running command pip subprocess to install build dependencies
Using pip 24.0 from /v/lib/python3.11/site-packages/pip (python 3.11)
  Using pip 24.0 from /v/lib/python3.11/site-packages/pip (python 3.11)
  Processing ./inner
Processing ./inner
  Installing build dependencies: started
  Running command pip subprocess to install build dependencies
    Installing build dependencies: started
    Running command pip subprocess to install build dependencies
Using pip 24.0 from /v/lib/python3.11/site-packages/pip (python 3.11)
    Successfully installed backend-1.0
  Successfully installed backend-1.0
Successfully installed backend-1.0
Removed build tracker: '/tmp/pip-build-tracker-1'
  Installing build dependencies: finished with status 'done'
    Installing build dependencies: finished with status 'done'
  Running command Preparing metadata (pyproject.toml)
    Running command Preparing metadata (pyproject.toml)
  error: no such header
    error: no such header
  ERROR: Preparing metadata (pyproject.toml) exited with 3
    error: subprocess-exited-with-error
ERROR: metadata generation failed
Exception information:
Removed build tracker: '/tmp/pip-build-tracker-1'
  ERROR: pip subprocess to install build dependencies exited with 1
",
    );
    assert_eq!(told.matches("error: no such header").count(), 1, "{told}");
    assert!(told.starts_with("  × pip subprocess to install build dependencies did not run successfully.\n"), "{told}");
}

// Contract: pip-log-gives-back
#[test]
fn where_nobody_stands_in_the_streams_a_failure_is_told_once() {
    let scenario = failed();
    let mut restorer = Restorer::new(scenario.facts);
    let mut told = Vec::new();
    for line in scenario.log.split_inclusive(|byte| *byte == b'\n') {
        restorer.log(line);
        told.extend(restorer.leftover());
    }
    let told = String::from_utf8(told).unwrap();
    assert!(
        told.starts_with("  × Preparing metadata (pyproject.toml) did not run successfully.\n  ╰─> [3 lines"),
        "{told}"
    );
    assert_eq!(told.matches("error: command gcc failed").count(), 1, "{told}");
    let verbose = Facts { verbosity: 1, ..Facts::default() };
    let mut restorer = Restorer::new(verbose);
    restorer.log(&scenario.log);
    assert_eq!(restorer.leftover(), b"", "a verbose pip has shown it");
}

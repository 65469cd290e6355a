//! A log of the user's own is read and never touched.

use serde_json::json;

use crate::support::streams::Streams;
use crate::world::{World, described, each, text};

fn lines(log: &str) -> Vec<String> {
    // Stamps, and the names of temporary directories, are no two times the same.
    log.lines().filter_map(|line| line.get(24..)).map(|line| line.split("/tmp/").next().unwrap().to_owned()).collect()
}

// Contract: run-follow
#[test]
fn it_is_read_from_its_old_length_on_and_left_as_it_is() {
    let world = World::new("24.0");
    let log = world.path("tmp/own.log");
    let old = "2026-11-20T16:27:36,471 Collecting old\n2026-11-20T16:27:36,471   Downloading old-1.0-py3-none-any.whl (1 kB)\n";
    let line = "../venv/bin/pip download -d one beta && ../venv/bin/pip download -d two gamma";
    let variables = [("PIP_LOG", "{root}/tmp/own.log")];
    let (ended, session) = world.recorded_with("", line, &variables);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let fresh = std::fs::read_to_string(&log).unwrap();
    assert_eq!(each(&session["invocations"], "via"), ["log", "log"]);
    assert_eq!(each(&session["invocations"], "blind_spots"), [&json!([]), &json!([])]);
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 5, "{session:#}");
    // Bare, with the same caches filled.
    std::fs::remove_dir_all(world.path("app")).unwrap();
    std::fs::create_dir(world.path("app")).unwrap();
    std::fs::write(&log, old).unwrap();
    let (_, session) = world.recorded_with("", line, &variables);
    let after = std::fs::read_to_string(&log).unwrap();
    assert!(after.starts_with(old) && after.len() > old.len());
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 5, "{session:#}");
    assert!(!session.to_string().contains("old-1.0"));
    assert_eq!(lines(&fresh).len(), lines(&after).len() - 2, "{fresh}\n{after}");
    let names: Vec<_> = std::fs::read_dir(world.path("tmp")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["own.log"]);
}

// Contract: run-follow
#[test]
fn a_shim_and_a_follower_that_read_the_same_log_count_once() {
    let world = World::new("24.0");
    let line = "pip download -d one beta && ../venv/bin/pip download -d two beta";
    let (ended, session) = world.recorded_with("", line, &[("PIP_LOG", "{root}/tmp/own.log")]);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert_eq!(each(&session["invocations"], "via"), ["shim", "log"], "{session:#}");
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 4, "{session:#}");
}

// Contract: run-follow
#[test]
fn a_log_in_pips_configuration_is_the_users_own() {
    let world = World::new("24.0");
    std::fs::create_dir_all(world.path("home/.config/pip")).unwrap();
    let configuration = format!("[download]\nlog = {}\n", world.path("tmp/own.log").display());
    std::fs::write(world.path("home/.config/pip/pip.conf"), configuration).unwrap();
    let (_, session) = world.recorded("", "../venv/bin/pip download -d one beta; echo ${PIP_LOG-none}");
    assert!(world.path("tmp/own.log").is_file());
    assert_eq!(each(&session["invocations"], "via"), ["log"]);
    let files = ["alpha-1.1-py3-none-any.whl", "beta-1.0-py3-none-any.whl"].map(|name| world.served(name));
    assert_eq!(described(&session["downloads"]["wheels"]), files);
}

// Contract: run-follow
#[test]
fn one_that_cannot_be_followed_is_a_blind_spot() {
    let world = World::new("24.0");
    for log in ["relative.log", "/dev/null", "/no/such/directory/own.log"] {
        let (_, session) = world.recorded_with("", "true", &[("PIP_LOG", log)]);
        let spots = session["blind_spots"].to_string();
        assert!(spots.contains(log) && spots.contains("not seen"), "{spots}");
    }
}

// Contract: run-follow
#[test]
fn the_last_of_the_variables_names_it() {
    let world = World::new("24.0");
    let variables = [("PIP_LOG", "{root}/tmp/first.log"), ("PIP_LOG_FILE", "{root}/tmp/last.log")];
    let command = ["../venv/bin/pip", "download", "-d", "one", "beta"];
    let (_, session) = world.recorded_command("", &command, &variables, Streams::default());
    assert!(world.path("tmp/last.log").is_file() && !world.path("tmp/first.log").exists());
    assert_eq!(each(&session["invocations"], "via"), ["log"], "{session:#}");
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 2, "{session:#}");
}

// Contract: run-follow
#[test]
fn one_that_only_a_shimmed_pip_is_told_of_is_written_and_not_the_sessions() {
    let world = World::new("24.0");
    let own = world.path("tmp/own.log");
    let configuration = format!("[download]\nlog = {}\n", own.display());
    std::fs::write(world.path("tmp/pip.conf"), configuration).unwrap();
    for (number, setting) in [
        // A shell puts it before the session's, `env` behind it.
        "PIP_LOG_FILE=../tmp/own.log",
        "env PIP_LOCAL_LOG=../tmp/own.log",
        "env -u PIP_LOG PIP_LOG_FILE=../tmp/own.log PIP_LOG=$PIP_LOG",
        "env PIP_CONFIG_FILE=../tmp/pip.conf",
    ]
    .into_iter()
    .enumerate()
    {
        let line = format!("{setting} pip download -d {number} beta");
        let (ended, session) = world.recorded("", &line);
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        let log = std::fs::read_to_string(&own).expect(setting);
        assert!(log.contains("Collecting beta"), "{setting}: {log}");
        std::fs::remove_file(&own).unwrap();
        assert_eq!(each(&session["invocations"], "via"), ["shim"], "{setting}: {session:#}");
        assert_eq!(each(&session["invocations"], "blind_spots"), [&json!([])], "{setting}");
        // Pages are in the log alone.
        let kinds = each(&session["downloads"]["other"], "kind");
        assert_eq!(kinds.iter().filter(|kind| **kind == "index").count(), 2, "{setting}: {session:#}");
    }
}

// Contract: pip-log-gives-back
#[test]
fn one_that_an_isolated_pip_leaves_to_its_nested_pip_is_written() {
    let world = World::new("24.0");
    let line = "PIP_LOG=../tmp/own.log pip --isolated --cert $PIP_CERT download -d one isolated";
    let (ended, session) = world.recorded("", line);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let log = std::fs::read_to_string(world.path("tmp/own.log")).unwrap();
    assert!(log.contains("Collecting tiny-backend") && !log.contains("Collecting isolated"), "{log}");
    assert_eq!(each(&session["invocations"], "blind_spots"), [&json!([])], "{session:#}");
    assert_eq!(session["downloads"]["sdists"].as_array().unwrap().len(), 1, "{session:#}");
}

// Contract: run-follow
// Contract: pip-log-gives-back
#[test]
fn where_a_shim_gives_no_log_the_sessions_log_is_none_either() {
    let world = World::new("24.0");
    let command = ["pip", "download", "-q", "--no-cache-dir", "-d", "one", "big"];
    let bare = world.run(&command, &[], Streams::Terminal);
    std::fs::remove_dir_all(world.path("app/one")).unwrap();
    let (recorded, session) = world.recorded_command("", &command, &[], Streams::Terminal);
    assert!(bare.status.success() && recorded.status.success());
    assert_eq!(text(&recorded.stdout), text(&bare.stdout));
    let spots = session["invocations"][0]["blind_spots"].to_string();
    assert!(spots.contains("given no log"), "{session:#}");
}

/// Two runs of pip; in the midst of the first its log is rotated.
fn rotated(pip: &str, way: &str, rotate: &str) -> String {
    format!(
        "{pip} download -d one-{way} beta & until grep -q 'Collecting beta' $PIP_LOG; do :; done; {rotate}; \
         wait $! && {pip} download -d two-{way} gamma"
    )
}

// Contract: run-follow
// Contract: pip-truth
#[test]
fn one_that_is_moved_or_removed_is_read_on_and_so_is_the_next() {
    let world = World::new("24.0");
    for (pip, via) in [("../venv/bin/pip", "log"), ("pip", "shim")] {
        let mut found = Vec::new();
        for (way, rotate) in [("left", ":"), ("moved", "mv $PIP_LOG $PIP_LOG.1"), ("removed", "rm $PIP_LOG")] {
            std::fs::write(world.path("tmp/own.log"), "2026-11-20T16:27:36,471 Collecting old\n").unwrap();
            let line = rotated(pip, &format!("{way}-{via}"), rotate);
            let (ended, session) = world.recorded_with("", &line, &[("PIP_LOG", "{root}/tmp/own.log")]);
            assert!(ended.status.success(), "{}", text(&ended.stderr));
            assert_eq!(each(&session["invocations"], "via"), [via, via], "{way}: {session:#}");
            assert_eq!(each(&session["invocations"], "blind_spots"), [&json!([]), &json!([])], "{way}");
            assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 5, "{way}: {session:#}");
            assert_eq!(session["summary"]["complete"], true, "{way}: {session:#}");
            // Pages and metadata are in the log alone.
            found.push(each(&session["downloads"]["other"], "source").into_iter().cloned().collect::<Vec<_>>());
        }
        assert_eq!(found[0].len(), 10, "{found:?}");
        assert!(found.iter().all(|way| *way == found[0]), "{found:#?}");
    }
}

// Contract: run-follow
// Contract: pip-truth
#[test]
fn one_that_is_cut_short_is_read_from_its_beginning_and_that_is_said() {
    let world = World::new("24.0");
    // So long that what follows the cut does not make up for it before anybody looks.
    let old = "2026-11-20T16:27:36,471 Collecting old\n".repeat(1 << 15);
    for (pip, via) in [("../venv/bin/pip", "log"), ("pip", "shim")] {
        std::fs::write(world.path("tmp/own.log"), &old).unwrap();
        let line = rotated(pip, via, "cp $PIP_LOG $PIP_LOG.1; : > $PIP_LOG");
        let (ended, session) = world.recorded_with("", &line, &[("PIP_LOG", "{root}/tmp/own.log")]);
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        let wheels = each(&session["downloads"]["wheels"], "destination");
        let second = wheels.iter().filter(|path| path.as_str().is_some_and(|path| path.contains("/two-")));
        assert_eq!(second.count(), 3, "{session:#}");
        let spots = if via == "log" { &session["blind_spots"] } else { &session["invocations"][0]["blind_spots"] };
        assert!(spots.to_string().contains("was cut short"), "{session:#}");
        assert_eq!(session["summary"]["complete"], false, "{session:#}");
    }
}

//! Each pip is found, and told from the others.

use serde_json::json;

use crate::support::pips::{NEWEST, VERSIONS};
use crate::world::{World, described, each, text};

// Contract: run-follow
#[test]
fn a_pip_that_is_started_by_its_path_is_an_invocation_with_all_its_files() {
    for version in [VERSIONS[0], "23.0.1", NEWEST] {
        let world = World::new(version);
        let (ended, session) = world.recorded("", "../venv/bin/pip install gamma");
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        let [invocation] = session["invocations"].as_array().unwrap().as_slice() else { panic!("{session:#}") };
        assert_eq!(json!([invocation["via"], invocation["exit_code"]]), json!(["log", null]));
        assert_eq!(each(&session["invocations"], "blind_spots"), [&json!([])]);
        let argv = invocation["argv"].as_array().unwrap();
        assert_eq!(argv[argv.len() - 3..], ["../venv/bin/pip", "install", "gamma"].map(|word| json!(word)));
        assert_eq!(invocation["cwd"], world.path("app").to_str().unwrap());
        assert!(invocation["duration_seconds"].as_f64().unwrap() > 0.0);
        let files = ["alpha-1.1-py3-none-any.whl", "beta-1.0-py3-none-any.whl", "gamma-2.0-py3-none-any.whl"];
        assert_eq!(described(&session["downloads"]["wheels"]), files.map(|name| world.served(name)), "{version}");
        assert!(each(&session["downloads"]["wheels"], "origin").iter().all(|origin| **origin == "downloaded"));
        world.place.renew_environment();
        let (_, again) = world.recorded("", "../venv/bin/pip install gamma");
        assert!(
            each(&again["downloads"]["wheels"], "origin").iter().all(|origin| **origin == "http-cache"),
            "{again:#}"
        );
        assert_eq!(described(&again["downloads"]["wheels"]), files.map(|name| world.served(name)), "{version}");
    }
}

// Contract: run-follow
#[test]
fn following_changes_neither_output_nor_status() {
    for version in [VERSIONS[0], "24.0", NEWEST] {
        let world = World::new(version);
        world.place.keep();
        for line in [
            "../venv/bin/pip install gamma; echo status $?",
            "../venv/bin/python -m pip download -d here beta no-such-thing; echo status $?",
            "../venv/bin/pip list; ../venv/bin/pip --version; ../venv/bin/pip install; echo status $?",
        ] {
            world.place.restore();
            let bare = world.bare(line);
            world.place.restore();
            let (recorded, _) = world.recorded("", line);
            // How fast a download was is no two times the same.
            let seen = |bytes: &[u8]| {
                let text = text(bytes);
                text.lines().filter(|line| !line.contains("B/s")).map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(seen(&bare.stdout), seen(&recorded.stdout), "{version}: {line}");
            assert_eq!(seen(&bare.stderr), seen(&recorded.stderr), "{version}: {line}");
            assert_eq!(bare.status, recorded.status);
        }
    }
}

// Contract: run-follow
#[test]
fn pips_that_run_at_once_are_told_apart() {
    let world = World::new("24.0");
    // Two that open their log in the same instant share it: each has been given its own before the next one starts.
    let line = "for name in alpha gamma big; do ../venv/bin/pip download --no-deps -d $name $name & \
        while kill -0 $! && ! ls -l /proc/$!/fd | grep -q 'log (deleted)'; do sleep 0.005; done; done 2>/dev/null; wait";
    let (_, session) = world.recorded("", line);
    let invocations = session["invocations"].as_array().unwrap();
    assert_eq!(invocations.len(), 3, "{session:#}");
    for invocation in invocations {
        assert_eq!(invocation["blind_spots"], json!([]));
        let wheels = session["downloads"]["wheels"].as_array().unwrap();
        let of_this: Vec<_> = wheels.iter().filter(|wheel| wheel["invocation"] == invocation["id"]).collect();
        let [wheel] = of_this.as_slice() else { panic!("{session:#}") };
        assert_eq!(&wheel["name"], invocation["argv"].as_array().unwrap().last().unwrap());
        assert_eq!(wheel["origin"], "downloaded");
    }
}

// Contract: run-follow
#[test]
fn what_a_shim_records_is_recorded_once() {
    let world = World::new("24.0");
    let line =
        "pip download -d one beta && python -m pip download -d two beta && ../venv/bin/pip download -d three beta";
    let (ended, session) = world.recorded("", line);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert_eq!(each(&session["invocations"], "via"), ["shim", "shim", "log"]);
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 6, "{session:#}");
    assert_eq!(session["summary"]["total_downloads"], 2);
    assert_eq!(session["summary"]["total_cached"], 4);
}

/// The index is asked as often as without us.
#[test]
fn the_bystander_asks_the_network_for_nothing() {
    let mut world = World::new("24.0");
    world.place.keep();
    let asked = |world: &mut World, recorded: bool| {
        world.place.restore();
        world.index.begin(&json!([]));
        match recorded {
            true => drop(world.recorded("", "../venv/bin/pip install gamma")),
            false => drop(world.bare("../venv/bin/pip install gamma")),
        }
        let mut urls: Vec<_> = world.index.requests().iter().map(|request| request.url()).collect();
        urls.sort();
        urls
    };
    let bare = asked(&mut world, false);
    assert!(bare.len() > 4);
    assert_eq!(bare, asked(&mut world, true));
}

//! `wheeltap which`: what would run, on `PATH`s made for the purpose.

use crate::harness::{Place, Said};

fn which(place: &Place, tool: &str, path: &str) -> Said {
    let path = path.replace("PLACE", place.path().to_str().unwrap());
    place.of(place.wheeltap(["which", tool]).env("PATH", path))
}

#[test]
fn names_the_file_that_runs_and_why() {
    let place = Place::new();
    place.says("shims install --dir links --python");
    place.script("first/pip", "");
    place.script("second/pip", "");
    place.write("plain/pip", "");
    place.script("first/python3", "");
    std::os::unix::fs::symlink("pip", place.join("second/pip3")).unwrap();
    insta::assert_snapshot!(which(&place, "pip", "PLACE/links:PLACE/plain:PLACE/first:PLACE/second"), @"
        status: 0
        --- stdout
        `pip` runs `[PLACE]/first/pip`, recorded by the shim before it
           1  [PLACE]/links/pip   shim, starts the next one
           2  [PLACE]/plain/pip   not executable, passed over
           3  [PLACE]/first/pip   runs: a script for `/bin/sh`
           4  [PLACE]/second/pip  hidden
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "pip", "PLACE/first:PLACE/links:PLACE/second"), @"
        status: 0
        --- stdout
        `pip` runs `[PLACE]/first/pip`, not recorded: no shim comes before it
           1  [PLACE]/first/pip   runs: a script for `/bin/sh`
           2  [PLACE]/links/pip   a shim that comes too late
           3  [PLACE]/second/pip  hidden
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "pip3", "PLACE/links:PLACE/second"), @"
        status: 0
        --- stdout
        `pip3` runs `[PLACE]/second/pip3`, recorded by the shim before it
           1  [PLACE]/links/pip3   shim, starts the next one
           2  [PLACE]/second/pip3  runs: a script for `/bin/sh`, a link to `pip`
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "python3", "PLACE/links-python:PLACE/first"), @"
        status: 0
        --- stdout
        `python3` runs `[PLACE]/first/python3`, and its `-m pip` is recorded by the shim before it
           1  [PLACE]/links-python/python3  shim, starts the next one
           2  [PLACE]/first/python3         runs: a script for `/bin/sh`
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "pip", "PLACE/links"), @"
        status: 1
        --- stdout
        `pip` does not run: there is a shim, but nothing behind it on PATH
           1  [PLACE]/links/pip  shim, starts the next one
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "pip", "PLACE/plain"), @"
        status: 1
        --- stdout
        `pip` does not run: what there is on PATH is not executable
           1  [PLACE]/plain/pip  not executable, passed over
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "pip", "PLACE/nowhere"), @"
        status: 1
        --- stdout
        `pip` does not run: there is nothing of that name on PATH
        --- stderr
        ");
}

#[test]
fn a_path_is_what_it_is() {
    let place = Place::new();
    place.says("shims install --dir links");
    place.script("venv/bin/pip", "");
    place.write("plain", "");
    insta::assert_snapshot!(which(&place, "venv/bin/pip", "/usr/bin"), @"
        status: 0
        --- stdout
        `venv/bin/pip` runs, recorded by no shim: a path is not searched for (a script for `/bin/sh`)
        --- stderr
        hint: `wheeltap run -- COMMAND` follows what is started by its path
        ");
    insta::assert_snapshot!(which(&place, "links/pip", "PLACE/venv/bin"), @"
        status: 0
        --- stdout
        `links/pip` is a shim and starts `[PLACE]/venv/bin/pip`
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "./plain", "/usr/bin"), @"
        status: 1
        --- stdout
        `./plain` does not run: it is not executable
        --- stderr
        ");
    insta::assert_snapshot!(which(&place, "./nothing", "/usr/bin"), @"
        status: 1
        --- stdout
        `./nothing` does not run: there is no such file
        --- stderr
        ");
}

#[test]
fn shims_that_are_turned_off_record_nothing() {
    let place = Place::new();
    place.says("shims install --dir links");
    place.script("real/pip", "");
    let path = format!("{}:{}", place.join("links").display(), place.join("real").display());
    let said = place.of(place.wheeltap(["which", "pip"]).env("PATH", path).env("WHEELTAP_DISABLE", "1"));
    assert!(said.stdout.contains("not recorded: `WHEELTAP_DISABLE` is set"), "{said}");
}

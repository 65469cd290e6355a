//! `wheeltap shims`: the links' life.

use std::path::Path;

use crate::harness::{Place, wheeltap};

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

// Contract: shim-links
#[test]
fn install_links_to_this_executable_and_can_be_repeated() {
    let place = Place::new();
    insta::assert_snapshot!(place.says("shims install --dir links"), @r#"
        status: 0
        --- stdout
        `[PLACE]/links`: 12 new, 0 already there
        --- stderr
        hint: put them first on PATH: `export PATH="[PLACE]/links:$PATH"`
        "#);
    let links = names(&place.join("links"));
    assert!(links.contains(&"pip".to_owned()) && links.contains(&"pip3.12".to_owned()), "{links:?}");
    assert!(!links.iter().any(|name| name.starts_with("python")), "{links:?}");
    for link in &links {
        assert_eq!(std::fs::read_link(place.join("links").join(link)).unwrap(), wheeltap());
    }
    insta::assert_snapshot!(place.says("shims install --dir links"), @r#"
        status: 0
        --- stdout
        `[PLACE]/links`: 0 new, 12 already there
        --- stderr
        hint: put them first on PATH: `export PATH="[PLACE]/links:$PATH"`
        "#);
    assert_eq!(names(&place.join("links")), links);
}

// Contract: shim-links
#[test]
fn interpreters_have_a_directory_of_their_own() {
    let place = Place::new();
    assert_eq!(place.says("shims install --dir links --python").status, Some(0));
    assert!(names(&place.join("links-python")).contains(&"python3".to_owned()));
    assert!(!names(&place.join("links")).contains(&"python3".to_owned()));
}

// Contract: shim-links
#[test]
fn a_foreign_file_is_never_overwritten_and_nothing_is_half_done() {
    let place = Place::new();
    place.script("links/pip3", "echo mine");
    std::os::unix::fs::symlink("/bin/true", place.join("links/pip")).unwrap();
    insta::assert_snapshot!(place.says("shims install --dir links"), @"
        status: 2
        --- stdout
        --- stderr
        error: `[PLACE]/links` holds files that are no shims: pip, pip3
        hint: nothing was changed; name another directory with `--dir`
        ");
    assert_eq!(names(&place.join("links")), ["pip", "pip3"]);
    insta::assert_snapshot!(place.says("shims uninstall --dir links"), @"
        status: 0
        --- stdout
        `[PLACE]/links`: 0 links removed
        --- stderr
        warning: left alone, as it is no shim: `[PLACE]/links/pip`
        warning: left alone, as it is no shim: `[PLACE]/links/pip3`
        ");
    assert_eq!(names(&place.join("links")), ["pip", "pip3"]);
}

// Contract: shim-links
#[test]
fn a_link_to_a_wheeltap_that_moved_is_renewed() {
    let place = Place::new();
    std::fs::create_dir(place.join("links")).unwrap();
    std::os::unix::fs::symlink("/nowhere/bin/wheeltap", place.join("links/pip")).unwrap();
    assert_eq!(place.says("shims install --dir links").status, Some(0));
    assert_eq!(std::fs::read_link(place.join("links/pip")).unwrap(), wheeltap());
}

// Contract: shim-links
#[test]
fn uninstall_takes_away_what_install_made_and_no_more() {
    let place = Place::new();
    place.says("shims install --dir links --python");
    place.write("links-python/note", "mine");
    let said = place.says("shims uninstall --dir links");
    assert_eq!(said.status, Some(0), "{said}");
    assert!(!place.join("links").exists());
    assert_eq!(names(&place.join("links-python")), ["note"]);
    assert_eq!(place.says("shims uninstall --dir links").status, Some(0));
}

// Contract: shim-links
#[test]
fn status_is_a_finding_until_path_finds_the_shims_first() {
    let place = Place::new();
    place.script("real/pip", "");
    let status = |path: &str| {
        let path = path.replace("PLACE", place.path().to_str().unwrap());
        place.of(place.wheeltap(["shims", "status", "--dir", "links"]).env("PATH", path))
    };
    insta::assert_snapshot!(status("PLACE/real:/usr/bin:/bin"), @"
        status: 1
        --- stdout
        missing `[PLACE]/links`: no shims for pip, pip3
        optional `[PLACE]/links-python`: no shims for python, python3
        --- stderr
        hint: `wheeltap shims install --dir [PLACE]/links` mends the links and says what to put on PATH
        ");
    place.says("shims install --dir links");
    insta::assert_snapshot!(status("PLACE/real:/usr/bin:/bin"), @"
        status: 1
        --- stdout
        unused `[PLACE]/links` is not on PATH
        optional `[PLACE]/links-python`: no shims for python, python3
        --- stderr
        hint: `wheeltap shims install --dir [PLACE]/links` mends the links and says what to put on PATH
        ");
    insta::assert_snapshot!(status("PLACE/real:PLACE/links:/usr/bin:/bin"), @"
        status: 1
        --- stdout
        hidden `[PLACE]/links/pip`: PATH finds `[PLACE]/real/pip` first
        optional `[PLACE]/links-python`: no shims for python, python3
        --- stderr
        hint: `wheeltap shims install --dir [PLACE]/links` mends the links and says what to put on PATH
        ");
    insta::assert_snapshot!(status("PLACE/links:PLACE/real:/usr/bin:/bin"), @"
        status: 0
        --- stdout
        ok `[PLACE]/links`: pip, pip3, pip3.8, pip3.9, pip3.10, pip3.11, pip3.12, pip3.13, pip3.14, pip3.15, apt, apt-get
        optional `[PLACE]/links-python`: no shims for python, python3
        --- stderr
        ");
}

// Contract: shim-links
#[test]
fn the_default_directory_follows_the_desktop_rules() {
    let place = Place::new();
    place.says("shims install");
    assert!(place.join(".local/share/wheeltap/shims/pip").is_symlink());
    place.of(place.wheeltap(["shims", "install"]).env("XDG_DATA_HOME", place.join("data")));
    assert!(place.join("data/wheeltap/shims/pip").is_symlink());
    let said = place.of(place.wheeltap(["shims", "install"]).env_remove("HOME"));
    assert_eq!(said.status, Some(2));
    insta::assert_snapshot!(said.stderr, @"
        error: cannot find the home directory
        hint: set `HOME`, or name a directory with `--dir`
        ");
}

//! What is packed comes out again, and the same files always make the same pack.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::harness::Place;
use crate::{Run as _, contents};

const LONG: &str = "a_name_of_a_distribution_that_is_longer_than_a_header_of_a_tar_archive_has_room_for_in_its_old_form-1.0-py3-none-any.whl";

fn wheelhouse(place: &Place, name: &str) {
    let mut names = ["a-1.0-py3-none-any.whl", LONG, "b-2.tar.gz"];
    // In another order on the disk.
    if name.len().is_multiple_of(2) {
        names.reverse();
    }
    for file in names {
        place.write(&format!("{name}/{file}"), file.repeat(3000));
    }
    place.write(&format!("{name}/c-1-py3-none-any.whl"), "");
    place.write(&format!("{name}/README"), "not carried");
    place.write(&format!("{name}/more/d-1-py3-none-any.whl"), "not carried either");
}

#[test]
fn what_is_packed_comes_out_again() {
    let place = Place::new();
    wheelhouse(&place, "wheelhouse");
    for (file, wants_gzip) in [("wheelhouse.tgz", true), ("plain.tar", false)] {
        let said = place.run(&["wheelhouse", "pack", file]);
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{file}");
        assert!(said.stdout.contains("4 files"), "{}", said.stdout);
        assert_eq!(fs::read(place.join(file)).unwrap().starts_with(&[0x1f, 0x8b]), wants_gzip);
        // Anybody's tar can read it.
        let listed = Command::new("tar").arg("-tf").arg(place.join(file)).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert_eq!(listed.lines().next(), Some("wheeltap_pack.json"));
        assert!(listed.contains(LONG) && !listed.contains("README"), "{listed}");

        let target = format!("new/{file}.d");
        let said = place.run(&["wheelhouse", "unpack", file, "--wheelhouse", &target]);
        assert_eq!(said.status, 0, "{}", said.stderr);
        let mut expected = contents(&place.join("wheelhouse"));
        expected.retain(|name, _| name != "README" && name != "more");
        assert_eq!(contents(&place.join(&target)), expected);
        let time = fs::metadata(place.join(&target).join("b-2.tar.gz")).unwrap().modified().unwrap();
        assert_eq!(time, SystemTime::UNIX_EPOCH + Duration::from_secs(315_532_800));
        assert_eq!(contents(&place.join("new")).len(), 1, "something of ours was left");
        fs::remove_dir_all(place.join("new")).unwrap();
        fs::remove_file(place.join(file)).unwrap();
    }
}

#[test]
fn the_same_files_make_the_same_pack() {
    let place = Place::new();
    wheelhouse(&place, "one");
    wheelhouse(&place, "other1");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in contents(&place.join("other1")).into_keys().filter(|name| name.contains('-')) {
        let path = place.join(format!("other1/{name}"));
        File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for suffix in ["tar", "tgz"] {
        let packed = ["one", "other1", "one"].map(|directory| {
            let file = format!("{directory}.{suffix}");
            let said = place.run(&["wheelhouse", "pack", "--wheelhouse", directory, &file]);
            assert_eq!(said.status, 0, "{}", said.stderr);
            fs::read(place.join(file)).unwrap()
        });
        assert!(packed[0] == packed[1] && packed[0] == packed[2], "{suffix} differs");
    }
    place.write("one/b-2.tar.gz", "changed");
    place.run(&["wheelhouse", "pack", "--wheelhouse", "one", "again.tar"]);
    assert_ne!(fs::read(place.join("again.tar")).unwrap(), fs::read(place.join("one.tar")).unwrap());
}

#[test]
fn of_apts_archives_only_packages_are_carried() {
    let place = Place::new();
    let names = ["lab-a_1.0_all.deb", "lab-native_1%3a2.0~rc1-3+b1_amd64.deb"];
    names.iter().for_each(|name| drop(place.write(&format!("archives/{name}"), name)));
    ["lock", "x_1_all.deb.FAILED", "partial/y_1_all.deb"]
        .iter()
        .for_each(|name| drop(place.write(&format!("archives/{name}"), "no")));
    assert_eq!(place.run(&["archives", "pack", "--archives", "archives"]).status, 0);
    // As in an image: the directory is there, and apt's lock in it.
    place.write("elsewhere/lock", "");
    place.write("elsewhere/lab-a_1.0_all.deb", "lab-a_1.0_all.deb");
    let said = place.run(&["archives", "unpack", "--archives", "elsewhere"]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stdout.contains("1 file, 1 were there already"), "{}", said.stdout);
    let there: Vec<_> = contents(&place.join("elsewhere")).into_keys().collect();
    assert_eq!(there, [names[0], names[1], "lock"]);
    // One is no other.
    let said = place.run(&["wheelhouse", "unpack", "apt-archives.tgz"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("a pack of apt's archives, not of a wheelhouse"), "{}", said.stderr);
    assert!(!place.join("wheelhouse").exists());
}

#[test]
fn other_contents_stay_unless_they_are_to_be_replaced() {
    let place = Place::new();
    wheelhouse(&place, "wheelhouse");
    place.run(&["wheelhouse", "pack"]);
    place.write("there/b-2.tar.gz", "other contents");
    let before = contents(&place.join("there"));
    let unpack = ["wheelhouse", "unpack", "--wheelhouse", "there"];
    let said = place.run(&unpack);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("other contents lie there under b-2.tar.gz"), "{}", said.stderr);
    assert!(said.stderr.contains("--replace"), "{}", said.stderr);
    assert_eq!(contents(&place.join("there")), before);
    let said = place.run(&[&unpack[..], &["--replace"]].concat());
    assert_eq!(said.status, 0, "{}", said.stderr);
    let there = contents(&place.join("there"));
    assert_eq!((there.len(), &there["b-2.tar.gz"]), (4, &"b-2.tar.gz".repeat(3000).into_bytes()));
}

#[test]
fn what_cannot_be_written_is_not_there_in_part() {
    let place = Place::new();
    wheelhouse(&place, "wheelhouse");
    let said = place.run(&["wheelhouse", "pack", "none/wheelhouse.tgz"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: cannot write none/wheelhouse.tgz: "), "{}", said.stderr);
    let said = place.run(&["wheelhouse", "pack", "--wheelhouse", "none"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: cannot list none: "), "{}", said.stderr);
    assert!(!place.join("wheelhouse.tgz").exists());
    let said = place.run(&["wheelhouse", "unpack", "none.tgz"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: cannot read none.tgz: "), "{}", said.stderr);
}

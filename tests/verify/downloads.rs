//! A download from PyPI as the kernel saw it: whom pip asked for, whom it connected to, and how much came.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Place, pip};
use crate::requires;

/// A wheel beside which the pages of the index and TLS are small.
const WHEEL: &str = "babel==2.17.0";

/// The session of a pip that downloads it and is watched; `None` where there is no way to PyPI.
fn session(place: &Place) -> Option<Value> {
    let bin = pip()?;
    let mut command = place.wheeltap(&["run", "--", "pip", "download", "-q", "--no-cache-dir", "--no-deps"]);
    command.args(["-d", "got", WHEEL]).env("WHEELTAP_WITNESS", "observe").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    // Networks that inspect what passes have an authority of their own.
    command.envs(std::env::var_os("PIP_CERT").map(|bundle| ("PIP_CERT", bundle)));
    let output = command.output().unwrap();
    if !requires::met("no way to PyPI", output.status.success()) {
        return None;
    }
    let logs = std::fs::read_dir(place.path().join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    let document = logs.into_iter().find(|path| path.to_str().unwrap().contains("/downloads_")).unwrap();
    Some(serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap())
}

#[test]
fn a_download_is_two_names_two_connections_and_a_few_percent_more_than_the_file() {
    let place = Place::new();
    let Some(session) = session(&place) else { return };
    let network = &session["network"];
    let attempts = network["attempts"].as_array().unwrap().iter().filter(|one| one["kind"] == "witnessed");
    let (names, connects): (Vec<&Value>, Vec<&Value>) = attempts.partition(|one| one["host_source"] == "dns-query");
    let hosts = |attempts: &[&Value]| -> BTreeSet<String> {
        attempts.iter().map(|one| one["host"].as_str().unwrap().to_owned()).collect()
    };
    // The index's and the files'; each address has the name that was asked for before.
    assert_eq!((names.len(), hosts(&names).len()), (2, 2), "{network}");
    assert_eq!(hosts(&connects), hosts(&names), "{network}");
    let wheel = &session["downloads"]["wheels"][0];
    let source = wheel["source"].as_str().unwrap();
    assert!(hosts(&names).iter().any(|host| source.starts_with(&format!("https://{host}/"))), "{source}");
    assert!(connects.iter().all(|one| one["proto"] == "tcp" && one["addr"].as_str().unwrap().ends_with(":443")));
    let witnessed: u64 = connects.iter().map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!(witnessed, 2, "{network}");
    // Others of this machine may have opened some as well.
    let counted = network["counters"]["tcp_active_opens"].as_u64().unwrap();
    assert!(counted >= witnessed, "{counted}: {network}");
    let size = std::fs::metadata(wheel["destination"].as_str().unwrap()).unwrap().len();
    assert_eq!(wheel["size_bytes"], size);
    let addresses: BTreeSet<&str> = connects.iter().map(|one| one["addr"].as_str().unwrap()).collect();
    let connections = network["connections"].as_array().unwrap().iter();
    let received: u64 = connections
        .filter(|one| addresses.contains(one["peer"].as_str().unwrap()))
        .map(|one| one["rx"].as_u64().unwrap())
        .sum();
    assert!((size..size + size / 20).contains(&received), "{received} of {size}");
}

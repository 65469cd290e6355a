//! `wheeltap requirements`.

use crate::harness::Place;

#[test]
fn shows_what_files_ask_for() {
    let place = Place::new();
    place.write(
        "requirements.txt",
        "Requests[socks]>=2,<3 ; python_version < '4'  # why\n-r more/base.txt\n-e ./here\n",
    );
    place.write("more/base.txt", "six==1.16.0 --hash=sha256:00 \\\n  --hash=sha256:11\n-c ../limits.txt\n");
    place.write("limits.txt", "urllib3<3\n");
    place.write("here/pyproject.toml", "");
    let said = place.says("requirements requirements.txt");
    assert_eq!(
        said.stdout,
        concat!(
            "Requests[socks]  >=2, <3   requirements.txt:1  if python_version < '4'\n",
            "six              ==1.16.0  more/base.txt:1  (2 hashes)\n",
            "urllib3          <3        limits.txt:1  (constraint)\n",
            "./here                     requirements.txt:3  (editable)\n",
            "3 dependencies from 3 files, 1 constraint\n",
            "unpinned: 1: requests (requirements.txt:1)\n",
            "unhashed: 1: requests (requirements.txt:1)\n",
        )
    );
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""));
}

#[test]
fn prints_the_dependency_manifest() {
    let place = Place::new();
    place.write("a.txt", "six==${VERSION}\n--index-url https://index.example/simple\n");
    place.write("b.txt", "idna\n");
    let mut command = place.wheeltap(["requirements", "--format", "json", "--stage", "runtime", "a.txt", "b.txt"]);
    let said = place.of(command.env("VERSION", "1.16.0"));
    let manifest: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&manifest["schema"], &manifest["total_dependencies"]), (&1.into(), &2.into()));
    let six = &manifest["dependencies"][0];
    assert_eq!(
        (&six["name"], &six["requirement"], &six["stage"]),
        (&"six".into(), &"six==1.16.0".into(), &"runtime".into())
    );
    assert_eq!((&six["file"], &six["line"], &six["specifier"]), (&"a.txt".into(), &1.into(), &"==1.16.0".into()));
    assert!(six["parsed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(manifest["options"][0]["option"], "--index-url");
    assert_eq!(manifest["files"], serde_json::json!(["a.txt", "b.txt"]));
    assert_eq!(said.status, Some(0));
}

#[test]
fn names_every_fault_and_keeps_the_rest() {
    let place = Place::new();
    place.write("bad.txt", "ok\nsix=1\n-r none.txt\n-r bad.txt\nfine\n\x1b[31m\n");
    let said = place.says("requirements bad.txt");
    assert_eq!(
        said.stdout,
        "ok    bad.txt:1\nfine  bad.txt:5\n2 dependencies from 1 file\nunpinned: 2: fine (bad.txt:5), ok (bad.txt:1)\nunhashed: 2: fine (bad.txt:5), ok (bad.txt:1)\n"
    );
    assert_eq!(said.status, Some(2));
    let errors: Vec<_> = said.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(errors[0].starts_with("error: bad.txt:2: invalid requirement `six=1`: "), "{errors:?}");
    assert_eq!(errors[1], "error: bad.txt:3: cannot read none.txt: No such file or directory (os error 2)");
    assert_eq!(errors[2], "error: bad.txt:4: it includes itself: bad.txt -> bad.txt");
    assert!(errors[3].contains("\\x1b[31m"), "{errors:?}");
    assert_eq!(said.stderr.lines().filter(|line| line.starts_with("hint: ")).count(), 4);
}

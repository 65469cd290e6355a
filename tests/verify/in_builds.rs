//! Steps of image builds under the engine's default profile, as root and as a user: hostile programs, each judged by
//! itself; what a networked step was seen to do; and steps that leave somebody behind or need privileges.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Place, hostile};
use crate::images::{BASE, can_build, verify};
use crate::requires;

fn newest(place: &Place) -> Value {
    let logs = std::fs::read_dir(place.path().join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    let newest = logs.filter(|path| path.to_str().unwrap().contains("/downloads_")).max().unwrap();
    serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap()
}

/// Whether a record is of the step that prints `word`.
fn is_of(record: &Value, word: &str) -> bool {
    record["step"]["instruction"].as_str().is_some_and(|instruction| instruction.contains(&format!("echo {word}:")))
}

/// The certificate of one step of a build: that of a session in which nothing else happened.
fn of_step(place: &Place, session: &Value, word: &str) -> Value {
    let mut alone = session.clone();
    let network = &mut alone["network"];
    network["attempts"].as_array_mut().unwrap().retain(|attempt| is_of(attempt, word));
    let witnesses = network["completeness"]["witnesses"].as_array_mut().unwrap();
    witnesses.retain(|watch| watch["step"].is_null() || is_of(watch, word));
    assert_eq!(witnesses.len(), 2, "the step's and the build's: {word}: {session}");
    let path = place.write("alone.json", &alone.to_string());
    let output = place.wheeltap(&["verify", path.to_str().unwrap(), "--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{word}: {output:?}"))
}

/// Closes its memory to all but the mightiest, which root is not in a container, and connects.
const CLOSED: &str = "python3 -c \"import ctypes, socket; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); \
    socket.socket().connect_ex(('127.0.0.1', 84))\"";

/// What each program is certified, and what is said of it.
const EXPECTED: [(&str, &str, &str); 10] = [
    ("race", "FAIL", "to reach"),
    ("ring", "FAIL", "io_uring"),
    ("question", "FAIL", "secret.invalid"),
    ("daemon", "FAIL", "192.0.2.1:81"),
    ("compat", "FAIL", "192.0.2.1:82"),
    ("many", "FAIL", "[2001:db8::1]:9"),
    ("virtual", "UNKNOWN", "AF_VSOCK"),
    ("dropped", "FAIL", "192.0.2.1:83"),
    ("closed", "UNKNOWN", "could not be read"),
    ("harmless", "PASS", "none tried to reach out"),
];

/// The command of one of them.
fn command(program: &str, word: &str) -> String {
    match word {
        "closed" => CLOSED.to_owned(),
        "harmless" => "python3 -c 'print(1)'".to_owned(),
        "daemon" => format!("{program} daemon 200"),
        _ => format!("{program} {word}"),
    }
}

/// The same without an engine: neither namespaces nor the capabilities that a container lacks.
// Contract: never-a-false-pass
#[test]
fn no_hostile_program_passes_where_it_is_as_in_a_container() {
    const CAPABILITIES: &str = "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,\
        +net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap";
    const LOOPBACK: &str = "import fcntl, os, socket, struct, sys\n\
        fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))\n\
        os.execvp(sys.argv[1], sys.argv[1:])\n";
    let tools = ["unshare", "setpriv", "python3"];
    if !requires::root() || !tools.iter().all(|tool| requires::program(tool)) {
        return;
    }
    let Some(program) = hostile() else { return };
    for user in [&[][..], &["--reuid=65534", "--regid=65534", "--clear-groups"]] {
        for (word, verdict, names) in EXPECTED {
            let place = Place::new();
            std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
            let mut whole = place.command("unshare");
            whole.args(["--net", "python3", "-c", LOOPBACK, program, "cage", "setpriv", CAPABILITIES]).args(user);
            whole.args([env!("CARGO_BIN_EXE_wheeltap"), "verify", "--", "sh", "-c", &command(program, word)]);
            let said = place.said(whole.output().unwrap());
            let possible = said.certificate["command"]["exit_code"] != 77;
            if requires::met(&format!("{word} is not possible here"), possible) {
                assert_eq!(said.verdict().1, verdict, "{user:?} {word}: {said:?}");
                assert!(said.reasons().contains(names), "{user:?} {word}: {said:?}");
                assert_eq!(said.certificate["boundary"], "kernel-netns", "{user:?} {word}");
            }
        }
    }
}

// Contract: never-a-false-pass
#[test]
fn no_step_with_a_hostile_program_passes_and_those_beside_it_do() {
    let Some(program) = hostile().filter(|_| can_build()) else { return };
    let place = Place::new();
    let context = place.context();
    std::fs::copy(program, context.join("hostile")).unwrap();
    let steps = |user: &str| -> String {
        // A user cannot become another.
        let words = EXPECTED.iter().map(|(word, ..)| *word).filter(|word| user == "root" || *word != "dropped");
        let ends = |word: &str| format!("echo {user}-{word}: ended $?");
        // The engine ends a daemon with its step.
        let stays = |word: &str| if word == "daemon" { "; sleep 1" } else { "" };
        let step = |word: &str| format!("RUN {}; {}{}\n", command("/hostile", word), ends(word), stays(word));
        words.map(step).collect()
    };
    let steps = format!(
        "COPY hostile /hostile\nRUN useradd -m app && echo {}\n{}USER app\n{}",
        place.path().display(),
        steps("root"),
        steps("user"),
    );
    let said = verify(&place, &["--inject"], &["--no-cache", "--progress=plain"], &steps);
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.stderr);
    let session = newest(&place);
    for user in ["root", "user"] {
        for (word, verdict, names) in EXPECTED {
            let word = format!("{user}-{word}");
            if word == "user-dropped" {
                continue;
            }
            // What the machine or the engine's profile does not let a program do it has not done.
            if !requires::met(
                &format!("{word} is not possible here"),
                said.stderr.contains(&format!("{word}: ended 0")),
            ) {
                continue;
            }
            let certificate = of_step(&place, &session, &word);
            let reasons = certificate["reasons"].to_string();
            assert!(reasons.contains(names), "{word}: {certificate}");
            assert_eq!(certificate["verdict"], verdict, "{word}: {certificate}");
            let attempts = certificate["attempts"].as_array().unwrap();
            let named = attempts.iter().filter(|one| one["uid"].is_u64());
            assert!(
                named.into_iter().all(|one| (one["uid"] == 0) == (user == "root" && !word.ends_with("dropped"))),
                "{word}: {certificate}"
            );
        }
    }
}

/// With a network every step is watched and nobody is kept from it: whom pip asked, and how much came.
#[test]
fn a_networked_step_is_observed_as_root_and_as_a_user() {
    if !can_build() {
        return;
    }
    let place = Place::new();
    let context = place.context();
    let bundle = std::env::var_os("PIP_CERT").unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into());
    std::fs::write(context.join("authorities.pem"), std::fs::read(bundle).unwrap_or_default()).unwrap();
    let pip = "pip download -q --no-cache-dir --no-deps -d /tmp/w";
    let steps = format!(
        "FROM {BASE}\nCOPY authorities.pem /\nENV PIP_CERT=/authorities.pem WHEELTAP_WITNESS=observe\nRUN useradd -m app\n\
         RUN {pip}-root babel==2.17.0; echo root: ended $?\nUSER app\nRUN {pip}-user babel==2.17.0; echo user: ended $?\n"
    );
    std::fs::write(context.join("Dockerfile"), steps).unwrap();
    let mut command = place.wheeltap(&["build", "--inject", "api", "--", "/usr/bin/docker", "build", "--no-cache"]);
    // The engine's own network where that leads anywhere, else the machine's.
    let leads = Command::new("/usr/bin/docker")
        .args(["run", "--rm", BASE, "python3", "-c"])
        .arg("import pip._internal.models.index as index, socket; socket.getaddrinfo(index.PyPI.netloc, 443)")
        .output()
        .is_ok_and(|output| output.status.success());
    command.args(["--progress=plain"]).args((!leads).then_some("--network=host")).arg(&context);
    let output = command.env("DOCKER_BUILDKIT", "1").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let reached = stderr.contains("root: ended 0") && stderr.contains("user: ended 0");
    if !requires::met("no way to PyPI from a build", output.status.success() && reached) {
        return;
    }
    let session = newest(&place);
    let network = &session["network"];
    for user in ["root", "user"] {
        let of = |list: &Value| -> Vec<Value> {
            list.as_array().unwrap().iter().filter(|one| is_of(one, user)).cloned().collect()
        };
        let watches = of(&network["completeness"]["witnesses"]);
        let [watch] = &watches[..] else { panic!("{user}: {network}") };
        assert_eq!((&watch["method"], &watch["boundary"]), (&json!("seccomp-notify"), &json!("none")), "{watch}");
        assert_eq!((&watch["unavailable"], &watch["doubts"]), (&json!([]), &json!([])), "{watch}");
        let attempts = of(&network["attempts"]);
        let seen: Vec<&Value> = attempts.iter().filter(|one| one["kind"] == "witnessed").collect();
        let names: Vec<&str> = seen
            .iter()
            .filter(|one| one["host_source"] == "dns-query")
            .map(|one| one["host"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), 2, "{user}: {seen:?}");
        let connects = seen.iter().filter(|one| one["proto"] == "tcp");
        assert_eq!(connects.map(|one| one["count"].as_u64().unwrap()).sum::<u64>(), 2, "{user}: {seen:?}");
        assert!(seen.iter().all(|one| (one["uid"] == 0) == (user == "root")), "{user}: {seen:?}");
        assert!(seen.iter().all(|one| one["chain"].to_string().contains("pip download")), "{user}: {seen:?}");
    }
    let wheels = session["downloads"]["wheels"].as_array().unwrap();
    let size: u64 = wheels.iter().map(|wheel| wheel["size_bytes"].as_u64().unwrap()).sum();
    let secured = network["connections"].as_array().unwrap().iter();
    let secured = secured.filter(|one| one["peer"].as_str().unwrap().ends_with(":443"));
    let received: u64 = secured.map(|one| one["rx"].as_u64().unwrap()).sum();
    assert_eq!(wheels.len(), 2, "{session}");
    assert!((size..size + size / 20).contains(&received), "{received} of {size}: {network}");
    if leads {
        // Nobody else is in the network of a step.
        assert_eq!(network["counters"]["tcp_active_opens"], 4, "{network}");
    }
}

/// Whoever is left behind by a step keeps nobody waiting: the engine ends it with the step.
// Contract: observe-transparent
#[test]
fn an_orphan_does_not_delay_the_end_of_a_step() {
    if !can_build() {
        return;
    }
    let place = Place::new();
    let steps =
        format!("RUN echo {}; (setsid sleep 60 >/dev/null 2>&1 </dev/null &); echo left", place.path().display());
    let started = Instant::now();
    let said = verify(&place, &["--inject"], &["--no-cache"], &steps);
    assert!(started.elapsed() < Duration::from_secs(30), "{said:?}");
    assert!(said.verdict().1 != "FAIL" && !said.stderr.contains("exit code"), "{}", said.stderr);
}

/// Debian's own programs that need privileges, in containers of root and of a user who asked to be watched.
// Contract: observe-transparent
#[test]
fn debians_privileged_programs_do_what_they_do_bare_for_root_and_not_for_a_watched_user() {
    const IMAGE: &str = "wheeltap-test/privileged";
    if !can_build() {
        return;
    }
    let place = Place::new();
    let image = format!(
        "FROM {BASE}\nRUN apt-get -qq update && apt-get install -y -qq --no-install-recommends sudo cron iputils-ping \
         libcap2-bin && setcap cap_net_raw+ep /bin/ping && useradd -m app && \
         echo 'app ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/app\n"
    );
    place.write("Dockerfile", &image);
    let mut docker = Command::new("/usr/bin/docker");
    docker.args(["build", "-q", "-t", IMAGE, "--network=host", "."]).current_dir(place.path());
    let built = docker.env("DOCKER_BUILDKIT", "1").output().is_ok_and(|output| output.status.success());
    if !requires::met("no way to Debian's packages", built) {
        return;
    }
    let script = "cd /tmp; for what in 'sudo id -u' 'sudo -u app id -u' 'su app -c id' 'runuser -u app id' \
        'setpriv --reuid=65534 id -u' 'ping -q -c1 -W1 127.0.0.1' 'crontab -l' 'grep CapEff /proc/self/status'; do \
        $what >/tmp/out 2>/tmp/err; echo \"$what: $?\"; grep -v rtt /tmp/out | sed 's/time [0-9]*ms//'; cat /tmp/err; done";
    let run = |user: &str, mode: Option<&str>| {
        let mount = format!("--volume={}:/wheeltap:ro", env!("CARGO_BIN_EXE_wheeltap"));
        let user = format!("--user={user}");
        let mut docker = Command::new("/usr/bin/docker");
        // Pings without privileges are off where there is such a setting.
        docker.args([
            "run",
            "--rm",
            "--hostname=box",
            "--network=none",
            "--sysctl=net.ipv4.ping_group_range=1 0",
            &mount,
            &user,
        ]);
        if let Some(mode) = mode {
            docker.args(["--env", &format!("WHEELTAP_WITNESS={mode}"), "--env=WHEELTAP_LOG_DIR=/tmp/logs"]);
        }
        let watched: &[&str] = if mode.is_some() { &["/wheeltap", "run", "--no-follow", "--"] } else { &[] };
        let output = docker.arg(IMAGE).args(watched).args(["bash", "-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let bare = run("root", None);
    for works in ["sudo id -u: 0\n0\n", "sudo -u app id -u: 0\n1000\n", "ping -q -c1 -W1 127.0.0.1: 0\n"] {
        assert!(bare.contains(works), "{works}: {bare}");
    }
    assert_eq!(run("root", Some("observe")), bare);
    let bare = run("app", None);
    for works in ["sudo id -u: 0\n0\n", "ping -q -c1 -W1 127.0.0.1: 0\n", "crontab -l: 1\nno crontab for app\n"] {
        assert!(bare.contains(works), "{works}: {bare}");
    }
    assert_eq!(run("app", Some("counters")), bare);
    let watched = run("app", Some("observe"));
    assert!(watched.contains("sudo: The \"no new privileges\" flag is set"), "{watched}");
    assert!(!watched.contains("ping -q -c1 -W1 127.0.0.1: 0\n"), "{watched}");
    assert!(!watched.contains("no crontab for app"), "{watched}");
}

//! `wheeltap run`: a command with and without a session around it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};

use crate::harness::{Place, wheeltap};

/// What a script does on its own, and what it does under `wheeltap run`.
fn bare_and_wrapped(place: &Place, script: &str, prepare: impl Fn(&mut Command) -> Output) -> [Output; 2] {
    let mut bare = place.command("sh");
    bare.args(["-c", script, "name", "a b", ""]);
    let mut wrapped = place.wheeltap(["run", "--", "sh", "-c", script, "name", "a b", ""]);
    [prepare(&mut bare), prepare(&mut wrapped)]
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Everything of two ends that a caller can see.
fn assert_same([bare, wrapped]: &[Output; 2], what: &str) {
    let seen = |output: &Output| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), output.status.signal(), text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(seen(bare), seen(wrapped), "{what}");
}

// Contract: run-transparent
#[test]
fn exit_status_signals_and_streams_are_the_commands_own() {
    let place = Place::new();
    for script in [
        "exit 0",
        "exit 1",
        "exit 255",
        "kill -TERM $$",
        "kill -KILL $$",
        "kill -INT $$",
        "echo out; echo err >&2; echo again; printf 'no newline'",
        "printf '%s\\n' \"$0\" \"$@\"",
        "pwd; umask; ulimit -n",
        "echo early; exec >&-; exit 4",
        "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo no terminal",
        "exec 9<&0; ls /proc/self/fd | wc -l",
        // The signals 32 and 33 are the C library's own, and differ from one start to the next.
        "sed -nE 's/^(Sig(Blk|Ign|Cgt)).*(.{7})$/\\1 \\3/p' /proc/self/status",
        "sh -c 'sleep 0.3; echo late' & echo first; wait",
        "trap 'echo got it; exit 7' USR1; kill -USR1 $$; exit 1",
    ] {
        assert_same(&bare_and_wrapped(&place, script, run), script);
    }
}

// Contract: run-transparent
#[test]
fn standard_input_is_the_commands_own() {
    let place = Place::new();
    let feed = |command: &mut Command| {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"one\ntwo").unwrap();
        child.wait_with_output().unwrap()
    };
    assert_same(&bare_and_wrapped(&place, "read line; echo \"$line\"; cat", feed), "stdin");
}

// Contract: run-transparent
#[test]
fn a_terminal_is_the_commands_own() {
    let place = Place::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size && ps -o tpgid= -o pgid= -p $$ | \
        awk '{ print ($1 == $2) ? \"foreground\" : \"background\" }'; exit 5";
    place.write("script", script);
    let on_terminal = |command: &str| {
        let mut pty = place.command("script");
        pty.args(["-qec", command, "/dev/null"]);
        run(&mut pty)
    };
    let wrapped = format!("{} run -- sh ./script", wheeltap().display());
    let both = [on_terminal("sh ./script"), on_terminal(&wrapped)];
    assert!(String::from_utf8_lossy(&both[0].stdout).contains("foreground"), "{both:?}");
    assert_same(&both, "terminal");
}

// Contract: run-transparent
#[test]
fn the_environment_differs_by_the_documented_variables_only() {
    let place = Place::new();
    let differences = |variables: &[(&str, &str)], options: &str| {
        let mut wrapped = place.wheeltap(["run"]);
        wrapped.args(options.split_whitespace()).args(["--", "env", "-0"]);
        let [bare, wrapped] = [place.command("env").arg("-0"), &mut wrapped].map(|command| {
            let output = run(command.env("ODD", "a\nb=c").envs(variables.iter().copied()));
            let text = String::from_utf8(output.stdout).unwrap();
            text.split('\0').map(str::to_owned).collect::<BTreeSet<_>>()
        });
        let names = |entries: &mut dyn Iterator<Item = &String>| -> Vec<String> {
            entries.filter_map(|entry| entry.split('=').next().map(str::to_owned)).collect()
        };
        (names(&mut bare.difference(&wrapped)), names(&mut wrapped.difference(&bare)))
    };
    let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let ours = owned(&["PATH", "WHEELTAP_LOG_DIR", "WHEELTAP_SESSION", "WHEELTAP_WITNESSED"]);
    let following =
        owned(&["PATH", "PIP_LOG", "WHEELTAP_FOLLOW", "WHEELTAP_LOG_DIR", "WHEELTAP_SESSION", "WHEELTAP_WITNESSED"]);
    assert_eq!(differences(&[], ""), (owned(&["PATH"]), following));
    assert_eq!(differences(&[], "--no-follow"), (owned(&["PATH"]), ours.clone()));
    assert_eq!(differences(&[("PIP_LOG", "own.log")], ""), (owned(&["PATH"]), ours.clone()));
    assert_eq!(differences(&[("WHEELTAP_PIP_LOG", "never")], ""), (owned(&["PATH"]), ours));
}

// Contract: run-transparent
#[test]
fn a_signal_sent_to_us_is_sent_to_the_command() {
    let place = Place::new();
    for signal in ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"] {
        let script = format!("trap 'echo caught; exit 9' {signal}; echo ready; while :; do sleep 0.02; done");
        let mut child = place.wheeltap(["run", "--", "sh", "-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        place.command("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        std::io::Read::read_to_string(&mut stdout, &mut line).unwrap();
        assert_eq!((line.as_str(), child.wait().unwrap().code()), ("ready\ncaught\n", Some(9)), "{signal}");
    }
}

// Contract: run-transparent
#[test]
fn a_command_that_does_not_start_ends_as_in_a_shell() {
    let place = Place::new();
    place.write("plain", "text");
    place.script("tools/tool", "echo tool");
    insta::assert_snapshot!(place.says("run -- no-such-command"), @"
        status: 127
        --- stdout
        --- stderr
        error: cannot run `no-such-command`: there is no such command
        ");
    insta::assert_snapshot!(place.says("run -- ./no-such-command"), @"
        status: 127
        --- stdout
        --- stderr
        error: cannot run `./no-such-command`: there is no such command
        ");
    insta::assert_snapshot!(place.says("run -- ./plain"), @"
        status: 126
        --- stdout
        --- stderr
        error: cannot run `./plain`: it is not executable
        ");
    assert!(!place.join("logs").exists());
    assert_eq!(place.says("run tools/tool").stdout, "tool\n");
}

#[test]
fn a_session_is_left_behind_and_the_shims_are_not() {
    let place = Place::new();
    place.script("tools/pip3", "echo real pip");
    let said = place.of(place
        .wheeltap(["run", "--", "sh", "-c", "command -v pip3; command -v pip3.7; echo $WHEELTAP_SESSION; pip3 list"])
        .env("PATH", format!("{}:/usr/bin:/bin", place.join("tools").display())));
    let lines: Vec<_> = said.stdout.lines().collect();
    let [shim, stamp, real] = lines.as_slice() else { panic!("{said}") };
    assert!(shim.ends_with("/pip3") && !shim.contains("/tools/"), "{said}");
    assert!(!std::path::Path::new(shim).parent().unwrap().exists(), "{shim}");
    assert_eq!(*real, "real pip");
    assert_eq!(place.sessions(), [*stamp]);
    for file in ["events_STAMP.jsonl", "downloads_STAMP.json", "build_session_STAMP.log"] {
        assert!(place.join("logs/build").join(file.replace("STAMP", stamp)).is_file(), "{file}");
    }
}

#[test]
fn a_session_inside_a_session_is_the_same_one() {
    let place = Place::new();
    let inner = format!("{} run -- sh -c 'echo $WHEELTAP_SESSION'", wheeltap().display());
    let said = place.of(&mut place.wheeltap(["run", "--", "sh", "-c", &format!("echo $WHEELTAP_SESSION; {inner}")]));
    let stamps: Vec<_> = said.stdout.lines().collect();
    assert_eq!(stamps.len(), 2, "{said}");
    assert_eq!(stamps[0], stamps[1]);
    assert_eq!(place.sessions(), [stamps[0]]);
    let joined = place.of(&mut place.wheeltap(["run", "--session", stamps[0], "--", "true"]));
    assert_eq!((joined.status, joined.stderr.as_str()), (Some(0), ""));
    assert_eq!(place.sessions(), [stamps[0]]);
    insta::assert_snapshot!(place.says("run --session yesterday -- true"), @"
        status: 2
        --- stdout
        --- stderr
        error: `yesterday` names no session: a stamp is wanted, YYYYMMDD_HHMMSS
        ");
}

#[test]
fn a_log_directory_that_cannot_be_written_keeps_nothing_from_running() {
    let place = Place::new();
    place.write("file", "");
    let command = |variable: &str| {
        let mut command = place.wheeltap(["run", "--", "sh", "-c", "echo ran; exit 3"]);
        command.env("WHEELTAP_LOG_DIR", place.join("file/logs")).env(variable, "1");
        place.of(&mut command)
    };
    insta::assert_snapshot!(command("UNRELATED"), @"
        status: 3
        --- stdout
        ran
        --- stderr
        ");
    insta::assert_snapshot!(command("WHEELTAP_DEBUG"), @"
        status: 3
        --- stdout
        ran
        --- stderr
        warning: nothing is recorded: cannot create `[PLACE]/file/logs/events_[STAMP].jsonl`: Not a directory (os error 20)
        ");
}

#[test]
fn disabled_it_only_runs_the_command() {
    let place = Place::new();
    let said = place.of(place
        .wheeltap(["run", "--", "sh", "-c", "echo ${WHEELTAP_SESSION-none}; kill -TERM $$"])
        .env("WHEELTAP_DISABLE", "1"));
    assert_eq!((said.status, said.stdout.as_str(), said.stderr.as_str()), (None, "none\n", ""));
    assert!(!place.join("logs").exists());
}

// Contract: secrets, run-follow
#[test]
fn what_a_pip_says_that_nobody_saw_is_without_the_secrets_of_its_session() {
    let place = Place::new();
    let log = "2026-11-20T16:26:59,521 Using pip 25.3 from /v/lib/python3.11/site-packages/pip (python 3.11)\n\
               2026-11-20T16:26:59,521   Found link https://index.example/CaNaRyToken/one-1.0-py3-none-any.whl (from \
               https://index.example/CaNaRyToken/simple/one/), version: 1.0\n\
               2026-11-20T16:26:59,521 Collecting one\n\
               2026-11-20T16:26:59,521   Downloading one-1.0-py3-none-any.whl (10 kB)\n\
               2026-11-20T16:26:59,521   Created temporary directory: /tmp/pip-unpack-CaNaRyArgument\n";
    place.write("log", log);
    // Whoever has closed the log when it is found is nobody: a shell is no pip, should it be seen with it open.
    let script = "while IFS= read -r line; do printf '%s\\n' \"$line\"; done <log >>\"$PIP_LOG\"";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let mut command = place.wheeltap(["run", "--", "sh", "-c", script, "sh", "--token", "CaNaRyArgument"]);
        let output = command.env("API_TOKEN", "CaNaRyToken").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let written: Vec<u8> = std::fs::read_dir(place.join("logs/build"))
            .unwrap()
            .flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default())
            .collect();
        let written = String::from_utf8_lossy(&written).into_owned();
        assert!(!written.contains("CaNaRy"), "{written}");
        if written.contains("index.example") {
            return;
        }
        assert!(std::time::Instant::now() < end, "it was never recorded");
    }
}

/// The places in the log directory to which followed pips are led.
fn followed(place: &Place) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(place.join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("follow-")).collect()
}

// Contract: secrets, session-files
#[test]
fn what_a_killed_run_left_of_pips_logs_goes_with_the_next_run_and_nothing_of_a_living_one() {
    let place = Place::new();
    let killed = run(&mut place.wheeltap(["run", "--", "sh", "-c", "echo secret >\"$PIP_LOG.1\"; kill -9 $PPID"]));
    assert_eq!(killed.status.signal(), Some(9));
    let [dead] = followed(&place).try_into().unwrap();
    let mut living = place.wheeltap(["run", "--", "sh", "-c", "echo; read go"]);
    let mut living = living.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Read::read_exact(living.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    // Both have been there for a while.
    let all = followed(&place);
    assert_eq!(all.len(), 2, "one that was made just now may not be held yet");
    for path in &all {
        std::fs::File::open(path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    assert!(run(&mut place.wheeltap(["run", "--", "true"])).status.success());
    assert_eq!(followed(&place), all.into_iter().filter(|path| *path != dead).collect::<Vec<_>>());
    living.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(living.wait().unwrap().success());
    assert!(followed(&place).is_empty());
}

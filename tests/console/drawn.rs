//! A build on a terminal, of a docker that is a script: what is drawn, when it is not, and that nothing else changes.

use std::io::{Read as _, Write as _};
use std::process::Command;

use crate::harness::{Place, wheeltap};
use crate::support::picture::{picture, shows_cursor};
use crate::support::streams::{self, Streams, terminal};

/// Waits for the file `go` in the middle of a step that fails.
const FAILS: &str = r##"exec >&2
printf '%s\n' '#0 building with "default" instance using docker driver' ''
printf '%s\n' '#1 [1/3] FROM base' '#1 CACHED' '' '#7 [2/3] RUN false' '#7 0.100 one' '#7 0.200 10%'
printf '#7 0.300 50%%\r80%%\033[2J \033[31mheard\033[0m\n'
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e go ] || sleep 0.5; done
printf '%s\n' '#7 ERROR: exit code: 9' '------' ' > [2/3] RUN false:' '------' 'failed to solve: exit code: 9'
exit 1"##;

/// One that does not wait.
const PRINTS: &str = r"exec >&2
printf '%s\n' 'words before' '#1 [1/2] FROM base' '#1 CACHED' '' '#2 [2/2] RUN true' '#2 0.1 heard' '#2 DONE 0.3s'
exit 3";

fn build(place: &Place, script: &str, arguments: &[&str]) -> Command {
    let docker = place.script("docker", script);
    place.write(".dockerignore", "logs\n");
    let mut command = place.wheeltap(["build", "api", "--"]);
    command.arg(docker).args(["build"]).args(arguments).arg(".").env("TERM", "xterm");
    command
}

/// Runs a command on a terminal, and once `text` is seen, `then`, with what may be typed there.
fn watch(mut command: Command, text: &str, then: impl FnOnce(&mut std::fs::File)) -> (Option<i32>, String) {
    let (mut ours, theirs) = terminal();
    let again = || theirs.try_clone().unwrap();
    command.stdin(again()).stdout(again()).stderr(again());
    let mut child = command.spawn().unwrap();
    drop((command, theirs));
    let (mut shown, mut then) = (Vec::new(), Some(then));
    let mut piece = [0; 4096];
    // Reading from a terminal that nobody has any more fails.
    while let Ok(count @ 1..) = ours.read(&mut piece) {
        shown.extend_from_slice(&piece[..count]);
        if String::from_utf8_lossy(&shown).contains(text)
            && let Some(then) = then.take()
        {
            then(&mut ours);
        }
    }
    (child.wait().unwrap().code(), String::from_utf8(shown).unwrap())
}

/// Without times, blanks, and what comes from us in the end.
fn docker_only(lines: &[String]) -> Vec<String> {
    let time = regex::Regex::new(r" +\d+\.\ds| {2,}").unwrap();
    let ours = lines.iter().position(|line| line.starts_with("wheeltap: api:")).expect("our summary");
    lines[..ours].iter().map(|line| time.replace_all(line, " ~").into_owned()).collect()
}

// Contract: build-display
#[test]
fn a_build_is_drawn_and_its_log_is_kept() {
    let place = Place::new();
    let (status, written) = watch(build(&place, FAILS, &[]), "heard", |_| drop(place.write("go", "")));
    assert_eq!(status, Some(1));
    assert!(written.contains(" => => # one\x1b[0m\x1b[K\r\n"), "{written:?}");
    assert!(written.contains(" => => # 80% heard"), "what is obeyed is taken out: {written:?}");
    assert!(!written.contains("#7 ") && shows_cursor(&written), "{written:?}");
    assert!(written.contains("\x1b[34m => CACHED [1/3] FROM base"), "{written:?}");
    // docker's own words have the line as the step wrote it.
    let raw = "0.300 50%\r80%\x1b[2J \x1b[31mheard\x1b[0m\r\n";
    assert_eq!(written.matches(raw).count(), 1, "{written:?}");
    assert_eq!(
        docker_only(&picture(&written.replace(raw, "RAW\r\n"), 24)),
        [
            "[+] Building ~ (2/3) ~docker:default",
            " => CACHED [1/3] FROM base ~",
            " => ERROR [2/3] RUN false ~",
            "------",
            " > [2/3] RUN false:",
            "0.100 one",
            "0.200 10%",
            "RAW",
            "------",
            "failed to solve: exit code: 9",
        ]
    );
    let log = std::fs::read_to_string(place.join("logs/docker_build/build_api.log")).unwrap();
    assert!(log.lines().any(|line| line.ends_with(" #7 [2/3] RUN false")) && log.contains("Z #7 0.200 10%"), "{log}");
    assert_eq!(place.sessions().len(), 1);
}

// Contract: build-display
#[test]
fn the_log_is_shown_where_it_is_asked_for_or_nobody_looks() {
    let bytes =
        "words before\n#1 [1/2] FROM base\n#1 CACHED\n\n#2 [2/2] RUN true\n#2 0.1 heard\n#2 DONE 0.3s\nwheeltap: api:";
    let shown = |arguments: &[&str], variables: &[(&str, &str)], streams| {
        let place = Place::new();
        let mut command = build(&place, PRINTS, arguments);
        command.envs(variables.iter().copied());
        let ended = streams::run(command, streams);
        assert_eq!(ended.status.code(), Some(3));
        String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap().replace("\r\n", "\n")
    };
    for (arguments, variables, streams) in [
        (&[][..], &[][..], Streams::Apart),
        (&[], &[], Streams::Together),
        (&["--progress=plain"], &[], Streams::Terminal),
        (&["--progress", "rawjson"], &[], Streams::Terminal),
        (&["-q"], &[], Streams::Terminal),
        (&[], &[("BUILDKIT_PROGRESS", "plain")], Streams::Terminal),
        (&[], &[("TERM", "dumb")], Streams::Terminal),
        (&[], &[("DOCKER_BUILDKIT", "0")], Streams::Terminal),
    ] {
        let shown = shown(arguments, variables, streams).replace("\x1b[33m", "").replace("\x1b[0m", "");
        assert!(shown.starts_with(bytes), "{arguments:?} {variables:?}: {shown:?}");
    }
    for (arguments, variables) in [(&["--progress=auto"][..], &[][..]), (&[], &[("NO_COLOR", "1")])] {
        let written = shown(arguments, variables, Streams::Terminal);
        assert!(written.starts_with("words before\n\x1b[?25l\r[+] Building "), "{written:?}");
        assert!(written.contains("(2/2) FINISHED"), "{written:?}");
        assert_eq!(written.contains("\x1b[34m"), variables.is_empty(), "{written:?}");
    }
}

// Contract: build-display
#[test]
fn an_interrupted_build_leaves_its_last_picture_and_the_cursor() {
    const WAITS: &str = r"trap 'printf %s\\n \#2\ CANCELED ERROR:\ canceled >&2; exit 1' INT
printf '%s\n' '#2 [2/2] RUN sleep' '#2 0.1 heard' >&2
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.5; done";
    let place = Place::new();
    let inner = build(&place, WAITS, &[]);
    let mut command = place.command("setsid");
    command.args(["--ctty", "--wait"]).arg(wheeltap()).args(inner.get_args()).env("TERM", "xterm");
    let (status, written) = watch(command, "=> # heard", |keyboard| keyboard.write_all(b"\x03").unwrap());
    assert_eq!(status, Some(1), "{written:?}");
    assert!(shows_cursor(&written), "{written:?}");
    let lines = docker_only(&picture(&written, 24));
    assert_eq!(
        lines,
        ["[+] Building ~ (1/1) FINISHED", " => CANCELED [2/2] RUN sleep ~", "ERROR: canceled"],
        "{written:?}"
    );
    assert_eq!(place.sessions().len(), 1);
}

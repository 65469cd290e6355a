use super::frame::Size;
use super::*;

const WIDE: Size = Size { height: 24, width: 60 };

/// A view of these lines, each after its moment.
fn view(lines: &[(f64, &str)]) -> View {
    let mut view = View::default();
    for (at, line) in lines {
        assert!(view.line(line.as_bytes(), *at), "{line}");
    }
    view
}

fn rows(view: &View, size: Size, at: f64, is_last: bool) -> Vec<String> {
    let rows = frame(view, size, at, is_last);
    assert!(rows.iter().all(|row| columns(&row.text) < size.width.max(1)), "{rows:?}");
    assert!(is_last || rows.len() < size.height.max(2), "{rows:?}");
    rows.into_iter().map(|row| row.text).collect()
}

const BUILD: &[(f64, &str)] = &[
    (0.1, "#0 building with \"default\" instance using docker driver"),
    (0.1, "#2 [internal] load .dockerignore"),
    (0.1, "#2 sha256:1fbc1bfac258cb7701f5ad822716086bf8d91e7739c748cbb507528c4c0c37d7"),
    (0.2, "#2 transferring context: 34B 0.1s done"),
    (0.2, "#2 DONE 0.1s"),
    (0.2, "#1 [internal] load build definition from Dockerfile"),
    (0.2, "#1 DONE 0.0s"),
    (0.3, "#4 [1/4] FROM docker.io/library/base"),
    (0.3, "#4 CACHED"),
    (0.4, "#5 [2/4] RUN pip install a package with a name that is long enough"),
    (0.5, "#5 0.100 Collecting it"),
];

#[test]
fn looks_as_buildkit_looks() {
    assert_eq!(
        rows(&view(BUILD), WIDE, 2.4, false),
        [
            "[+] Building 2.4s (3/6)                      docker:default",
            " => [internal] load build definition from Dockerfile   0.0s",
            " => [internal] load .dockerignore                      0.1s",
            " => => transferring context: 34B                       0.1s",
            " => CACHED [1/4] FROM docker.io/library/base           0.0s",
            " => [2/4] RUN pip install a package with a name that   2.0s",
            " => => # Collecting it",
        ]
    );
}

#[test]
fn the_last_picture_is_whole() {
    let mut view = view(BUILD);
    for line in ["#5 DONE 12.0s", "#6 exporting to image", "#6 naming to docker.io/library/x done", "#6 DONE 0.2s"] {
        assert!(view.line(line.as_bytes(), 12.5));
    }
    let last = rows(&view, Size { height: 3, width: 60 }, 12.5, true);
    assert_eq!(last.first().unwrap(), "[+] Building 12.5s (5/5) FINISHED            docker:default");
    let end = [
        " => [2/4] RUN pip install a package with a name that  12.0s",
        " => exporting to image                                 0.2s",
        " => => naming to docker.io/library/x                   0.0s",
    ];
    assert_eq!(last[last.len() - 3..], end);
    assert_eq!(last.len(), 8);
}

#[test]
fn what_failed_is_told_from_what_was_stopped() {
    let mut view = view(BUILD);
    for line in [
        "#7 [b 2/2] RUN other",
        "#7 ERROR: executor failed running [/bin/sh -c other]: exit code: 3",
        "#5 ERROR: context canceled",
    ] {
        assert!(view.line(line.as_bytes(), 2.0));
    }
    let last = frame(&view, WIDE, 2.0, true);
    let told: Vec<_> = last.iter().map(|row| (row.tone, row.text.get(..26).unwrap())).collect();
    assert_eq!(told[0], (Tone::Running, "[+] Building 2.0s (5/7)   "));
    assert_eq!(told[5], (Tone::Canceled, " => CANCELED [2/4] RUN pip"));
    assert_eq!(told[6], (Tone::Failed, " => ERROR [b 2/2] RUN othe"));
    assert_eq!(told[3], (Tone::Ended, " => => transferring contex"));
}

#[test]
fn fits_any_terminal() {
    let mut view = view(BUILD);
    for number in 10..40 {
        let name = format!("#{number} [s {}/60] RUN 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 {number}", number);
        assert!(view.line(name.as_bytes(), 1.0));
        assert!(number % 2 == 0 || view.line(format!("#{number} DONE 0.1s").as_bytes(), 1.0));
    }
    for height in 0..50 {
        for width in 0..90 {
            rows(&view, Size { height, width }, 5.0, height == 7);
        }
    }
    // What still runs stays in sight.
    let shown = rows(&view, Size { height: 12, width: 90 }, 5.0, false);
    assert_eq!(shown.len(), 11);
    assert!(shown[1..].iter().all(|row| row.ends_with("4.0s")), "{shown:?}");
    let narrow = rows(&view, Size { height: 30, width: 20 }, 5.0, false);
    assert_eq!(narrow, ["[+] Building 5.0s ("], "a row without a name says nothing");
}

#[test]
fn running_steps_show_their_last_lines() {
    let mut view = view(BUILD);
    for number in 0..9 {
        assert!(view.line(format!("#5 1.{number} line {number}").as_bytes(), 2.0));
    }
    // A line that was not finished comes again; the same line twice is two.
    for line in [
        "#5 1.9 same",
        "#5 1.9 same",
        "#5 2.0 begun",
        "#5 ...",
        "#5 [2/4] RUN pip install a package with a name that is long enough",
        "#5 2.0 begun and ended",
    ] {
        assert!(view.line(line.as_bytes(), 2.0));
    }
    let output = |size| {
        let rows = rows(&view, size, 3.0, false).into_iter();
        rows.filter_map(|row| row.strip_prefix(" => => # ").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(output(WIDE), ["line 6", "line 7", "line 8", "same", "same", "begun and ended"]);
    assert!(output(Size { height: 12, width: 60 }).is_empty(), "there is no room for it");
}

#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let mut view = view(BUILD);
    for output in [
        "\x1b[2J\x1b[31mred\x1b[0m\ttab",
        "10%\r50%\rdone\r",
        "a\x08b\x07\x00\u{9b}2Jc\u{202e}d",
        "\x1b]0;title\x07x\x1b[",
    ] {
        assert!(view.line(format!("#5 0.200 {output}").as_bytes(), 1.0));
    }
    assert!(view.line(b"#6 [3/4] RUN \x1b[5m echo\ra\xff", 1.0));
    let shown = rows(&view, WIDE, 1.0, false);
    assert!(shown.iter().all(|row| !row.contains(char::is_control)), "{shown:?}");
    let told: Vec<&str> = shown.iter().filter_map(|row| row.strip_prefix(" => => # ")).collect();
    assert_eq!(told, ["Collecting it", "red tab", "done", "b2Jc\\u{202e}d", "x"]);
}

#[test]
fn the_clock_of_a_step_that_was_told_of_late_goes_right() {
    let view = view(&[(9.0, "#5 [2/4] RUN sleep"), (9.0, "#5 4.500 x")]);
    assert!(rows(&view, WIDE, 10.0, false)[1].ends_with(" 5.5s"));
}

/// What is written for these lines of docker's, after each and then at the end.
fn written(has_colours: bool, lines: &[&str]) -> Vec<String> {
    let mut display = Display::new(has_colours);
    let text = |output: Vec<u8>| String::from_utf8(output).unwrap();
    let mut all = Vec::new();
    for line in lines {
        let mut output = Vec::new();
        display.line_at(line.as_bytes(), b"\n", (1.0, Size { height: 24, width: 30 }), &mut output);
        all.push(text(output));
    }
    let mut output = Vec::new();
    display.end(&mut output);
    all.push(text(output));
    all
}

#[test]
fn docker_has_the_last_word() {
    let written = written(
        false,
        &[
            "DEPRECATED: words before",
            "#5 [2/3] RUN false",
            "#5 0.100 first",
            "#5 0.200 last#5 CANCELED",
            "#5 ERROR: exit code: 1",
            "",
            "------",
            " > [2/3] RUN false:",
            "0.200 last",
            "------",
            "failed to solve: exit code: 1",
            "#5 0.300 is no step any more",
        ],
    );
    let picture = "\x1b[?25l\r[+] Building 1.0s (1/2)\x1b[K\n => ERROR [2/3] RUN fal  0.2s\x1b[K\n\x1b[J\x1b[?25h";
    assert_eq!(
        written,
        [
            "DEPRECATED: words before\n",
            "",
            "",
            "",
            "",
            "",
            &format!("{picture}------\n"),
            // All that the step printed stands where docker's plain log has its end, or nothing.
            " > [2/3] RUN false:\n0.100 first\n0.200 last\n",
            "",
            "------\n",
            "failed to solve: exit code: 1\n",
            "#5 0.300 is no step any more\n",
            "",
        ]
    );
}

#[test]
fn a_picture_is_drawn_over_the_one_before() {
    let mut display = Display::new(true);
    let mut draw = |line: &str, width| {
        let mut output = Vec::new();
        let now = (1.0, Size { height: 24, width });
        display.line_at(line.as_bytes(), b"\n", now, &mut output);
        display.draw_at(now, false, &mut output);
        String::from_utf8(output).unwrap()
    };
    let header = "[+] Building 1.0s (0/1)\x1b[K\n";
    let first = draw("#1 [internal] load", 40);
    assert_eq!(first, format!("\x1b[?25l\r{header} => [internal] load                0.0s\x1b[K\n\x1b[J\x1b[?25h"));
    let second = draw("#1 DONE 0.4s", 40);
    assert!(
        second.starts_with("\x1b[?25l\r\x1b[2A[+] Building 1.0s (1/1)\x1b[K\n\x1b[34m => [internal]"),
        "{second:?}"
    );
    assert!(second.ends_with("0.4s\x1b[0m\x1b[K\n\x1b[J\x1b[?25h"), "{second:?}");
    // The row of 39 columns has become two.
    assert!(draw("#1 DONE 0.5s", 30).starts_with("\x1b[?25l\r\x1b[3A[+]"));
}

#[test]
fn what_is_no_build_is_left_alone() {
    let legacy = ["Sending build context to Docker daemon  2kB", "#1 [2/2] RUN echo", "", "#1 DONE 0.1s"];
    let same: Vec<String> = legacy.iter().map(|line| format!("{line}\n")).chain([String::new()]).collect();
    assert_eq!(written(true, &legacy), same);
}

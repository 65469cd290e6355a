//! Wraps each `RUN` step.
//!
//! A wrapped step is in exec form: the wrapping program, then what the builder would have executed: the shell in force
//! and the joined command, or the words of an exec form. The lines that the step had are kept as comment lines, so
//! that every other instruction keeps its number.

use std::collections::HashMap;

use parse_dockerfile::{Command, Flag, Instruction, RunInstruction, ShellInstruction};

use super::heredoc::{self, Document};
use super::output::{Output, covers, is_whole};
use super::shells::{Arguments, Shell};
use super::wrapping::{Error, Injected, Injection};
use super::{lines, script};

/// Wraps every `RUN` step of the Dockerfile `text`.
///
/// # Errors
/// When the text is no Dockerfile that can be understood.
pub fn inject(text: &str, injection: &Injection<'_>) -> Result<Injected, Error> {
    let (mark, text) = text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 });
    let (escape, frontend) = directives(text)?;
    if let Some(frontend) = frontend.filter(|frontend| !is_dockerfile_frontend(frontend)) {
        return Err(Error::Frontend(frontend));
    }
    // To a builder that does not know here documents their lines are instructions like any other.
    let documents = if injection.here_documents { heredoc::find(text, escape) } else { Vec::new() };
    if let Some(endless) = documents.iter().find(|document| !document.is_closed) {
        let line = 1 + text[..endless.marker.start].matches('\n').count();
        return Err(Error::Syntax(format!("line {line}: the here document `{}` has no end", endless.name)));
    }
    let covered = match injection.here_documents {
        true => heredoc::cover(text, &documents),
        false => heredoc::cover_markers(text, escape),
    };
    let parsed = parse_dockerfile::parse(&covered).map_err(|error| Error::Syntax(error.to_string()))?;

    let mut arguments = Arguments::default();
    let mut stages: HashMap<String, Shell> = HashMap::new();
    let mut stage = String::new();
    let mut shell = Shell::Err("it is in no stage".to_owned());
    // The shell that stages which build on this one begin with.
    let mut triggered = None;
    let mut output = Output::new(mark, text, escape);
    for (number, instruction) in parsed.instructions.iter().enumerate() {
        match instruction {
            Instruction::Arg(argument) if stages.is_empty() && stage.is_empty() => {
                arguments.take(&argument.arguments.value, escape, injection);
            }
            Instruction::From(from) => {
                stages.insert(std::mem::take(&mut stage), triggered.take().unwrap_or(shell));
                shell = arguments.base_shell(from, escape, &stages, injection);
                stage = from.as_.as_ref().map_or_else(|| format!("#{number}"), |(_, name)| name.value.to_lowercase());
            }
            Instruction::Shell(words) => shell = Ok(words_of(words)),
            Instruction::Run(run) => {
                let of_this: Vec<&Document<'_>> =
                    documents.iter().filter(|document| covers(run, &document.marker)).collect();
                let wrapped = match program(run, &of_this) {
                    Some(document) => output.wrap_program(run, document, injection).map_err(str::to_owned),
                    None => words(run, &of_this, &shell, &output)
                        .and_then(|words| output.wrap(run, &of_this, &words, injection).map_err(str::to_owned)),
                };
                if let Err(reason) = wrapped {
                    output.leave(run.run.span.start, &reason);
                }
            }
            Instruction::Onbuild(onbuild) => match onbuild.instruction.as_ref() {
                Instruction::Run(_) => output.leave(
                    onbuild.onbuild.span.start,
                    "it is kept in the image, for builds where wheeltap may be absent",
                ),
                Instruction::Shell(words) => triggered = Some(Ok(words_of(words))),
                _ => {}
            },
            _ => {}
        }
    }
    Ok(output.finish(has_one_nameless_stage(&parsed.instructions, injection.here_documents)))
}

fn words_of(shell: &ShellInstruction<'_>) -> Vec<String> {
    shell.arguments.iter().map(|word| word.value.to_string()).collect()
}

/// Whether a builder has no reason to name stages. What is mounted counts as one: in `newer` ones whatever its kind, in
/// those before what comes from elsewhere or from a cache.
fn has_one_nameless_stage(instructions: &[Instruction<'_>], newer: bool) -> bool {
    let mut stages = 0;
    for instruction in instructions {
        let flags: &[Flag<'_>] = match instruction {
            Instruction::From(from) if from.as_.is_some() => return false,
            Instruction::From(_) => {
                stages += 1;
                &[]
            }
            Instruction::Copy(copy) => &copy.options,
            Instruction::Run(run) => &run.options,
            _ => &[],
        };
        let takes_from_image = flags.iter().any(|flag| {
            let value = flag.value.as_ref().map_or("", |value| value.value.as_ref());
            let is_stage = |mount: &str| newer || mount.contains("from=") || mount.contains("type=cache");
            flag.name.value == "from" || (flag.name.value == "mount" && is_stage(value))
        });
        if takes_from_image || stages > 1 {
            return false;
        }
    }
    true
}

/// The escape character and the frontend that the parser directives name.
pub(super) fn directives(text: &str) -> Result<(char, Option<String>), Error> {
    let mut head: String = text.split_inclusive('\n').take_while(|line| line.trim_start().starts_with('#')).collect();
    head.push_str("\nFROM scratch\n");
    let head = parse_dockerfile::parse(&head).map_err(|error| Error::Syntax(error.to_string()))?.parser_directives;
    let escape = head.escape.map_or('\\', |escape| escape.value.value);
    Ok((escape, head.syntax.map(|syntax| syntax.value.value.to_owned())))
}

/// `docker/dockerfile`, of any registry and version, and the `-upstream` one.
fn is_dockerfile_frontend(frontend: &str) -> bool {
    let name = frontend.split_whitespace().next().unwrap_or_default().split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    let last = last.split(':').next().unwrap_or_default();
    last == "dockerfile" || last == "dockerfile-upstream"
}
/// The document that is a program of its own.
fn program<'a>(run: &RunInstruction<'_>, documents: &[&'a Document<'a>]) -> Option<&'a Document<'a>> {
    match documents {
        [document] if is_whole(run, document) && script::is_program(document.body) => Some(document),
        _ => None,
    }
}

/// What the builder would execute for a step; the reason if that is not known.
fn words(
    run: &RunInstruction<'_>,
    documents: &[&Document<'_>],
    shell: &Shell,
    output: &Output<'_>,
) -> Result<Vec<String>, String> {
    let command = match &run.arguments {
        Command::Exec(words) => return Ok(words.value.iter().map(|word| word.value.to_string()).collect()),
        Command::Shell(command) => lines::join(&output.text[command.span.clone()], output.escape),
        _ => return Err("it has neither shell form nor exec form".to_owned()),
    };
    let command = match documents {
        [] => command,
        // One document that is the whole command is the script itself; otherwise the shell reads the documents.
        [document] if is_whole(run, document) => document.content(),
        documents => {
            documents.iter().fold(command, |command, document| format!("{command}\n{}{}", document.body, document.name))
        }
    };
    let mut words = shell.clone()?;
    words.push(command);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INJECTION: Injection<'static> = Injection {
        mount: "type=bind,from=w",
        wrapper: &["/w", "step", "--"],
        here_documents: true,
        argument: &|_| None,
        shell: &|image| match image {
            "unknown" => Err("why".into()),
            _ => Ok(vec!["/bin/sh".into(), "-c".into()]),
        },
    };

    fn injected(text: &str) -> Injected {
        let injected = inject(text, &INJECTION).expect("a Dockerfile");
        assert_eq!(injected.text.lines().count(), text.lines().count(), "line for line: {}", injected.text);
        assert!(inject(&injected.text, &INJECTION).is_ok(), "still a Dockerfile: {}", injected.text);
        injected
    }

    #[test]
    fn wraps_each_form_and_moves_no_line() {
        let text = "\
# syntax=docker/dockerfile:1
ARG BASE=debian
FROM ${BASE}:12 AS Base
RUN --mount=type=cache,target=/c \\
    --network=none apt-get update && \\
    # why
    apt-get install -y \"x\" # no comment

SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]
run pip install six
RUN [\"pip\", \"install\", \"six\"]
RUN [[ -e x ]] && echo y
FROM base
RUN <<EOF
one
two
EOF
RUN cat <<A > /x && cat <<-'B'
a
A
\tb
\tB
COPY x /y
";
        let injected = injected(text);
        assert_eq!(injected.wrapped.len(), 6);
        assert!(injected.left.is_empty());
        let lines: Vec<&str> = injected.text.lines().collect();
        assert_eq!(lines[3], "RUN --mount=type=bind,from=w --mount=type=cache,target=/c \\");
        assert_eq!(
            lines[4..7],
            [
                "    --network=none \\",
                "#",
                "[\"/w\",\"step\",\"--\",\"/bin/sh\",\"-c\",\"apt-get update &&     apt-get install -y \\\"x\\\" # no comment\"]",
            ]
        );
        assert_eq!(
            lines[9],
            "run --mount=type=bind,from=w [\"/w\",\"step\",\"--\",\"/bin/bash\",\"-o\",\"pipefail\",\"-c\",\"pip install six\"]"
        );
        assert_eq!(lines[10], "RUN --mount=type=bind,from=w [\"/w\",\"step\",\"--\",\"pip\",\"install\",\"six\"]");
        assert!(lines[11].ends_with("\"-c\",\"[[ -e x ]] && echo y\"]"));
        // The stage begins with the shell that the stage it builds on ends with.
        assert_eq!(lines[13..16], ["RUN --mount=type=bind,from=w \\", "#", "#"]);
        assert!(lines[16].ends_with("\"/bin/bash\",\"-o\",\"pipefail\",\"-c\",\"one\\ntwo\\n\"]"), "{}", lines[16]);
        assert!(lines[21].ends_with("\"cat <<A > /x && cat <<-'B'\\na\\nA\\n\\tb\\nB\"]"), "{}", lines[21]);
        assert_eq!(lines[22], "COPY x /y");
    }

    #[test]
    fn leaves_what_it_cannot_wrap_and_names_it() {
        let injected = injected("FROM unknown\nRUN a\nRUN [\"b\"]\nONBUILD RUN c\nRUN <<E\n#!python3\nE\n");
        assert_eq!(injected.wrapped.len(), 1);
        let left: Vec<(usize, &str)> =
            injected.left.iter().map(|left| (left.line, left.instruction.as_str())).collect();
        assert_eq!(left, [(2, "RUN a"), (4, "ONBUILD RUN c"), (5, "RUN <<E")]);
        assert_eq!(injected.left[0].reason, "why");
    }

    #[test]
    fn base_images_are_named_as_the_builder_names_them() {
        let images = |text: &str, given: &'static str| {
            let images = std::cell::RefCell::new(Vec::new());
            let injection = Injection {
                argument: &|name| (name == "GIVEN").then(|| given.to_owned()),
                shell: &|image| {
                    images.borrow_mut().push(image.to_owned());
                    Err(String::new())
                },
                ..INJECTION
            };
            let injected = inject(text, &injection).expect("a Dockerfile");
            (images.into_inner().join(" "), injected.left.into_iter().map(|left| left.reason).collect::<String>())
        };
        for (text, expected) in [
            ("ARG V=12\nARG BASE=debian:${V}\nFROM ${BASE}\n", "debian:12"),
            ("ARG NAME=debian V='1'\"2\"\nFROM $NAME:$V\n", "debian:12"),
            ("ARG NAME=debian V=${GIVEN:-12} \\\n  TAIL=-slim\nFROM $NAME:$V$TAIL\n", "debian:12-slim"),
            ("ARG GIVEN=11 V=$GIVEN\nFROM debian:$V\n", "debian:13"),
            ("# escape=`\nARG A=\"x`$\" B\nFROM r/${A}${B}\nARG B=y\nFROM s${B}\n", "r/x$ s"),
        ] {
            let given = if expected.ends_with("13") { "13" } else { "" };
            assert_eq!(images(text, given).0, expected, "{text}");
        }
        let (images, reason) = images("ARG TARGETARCH V=$TARGETARCH\nFROM x:$V\nRUN a\n", "");
        assert_eq!((images.as_str(), reason.contains("only the builder knows")), ("", true), "{reason}");
    }

    #[test]
    fn wraps_a_program_by_its_first_line() {
        let injected = injected(
            "FROM unknown\nrun --network=none <<'E'\n#!/usr/bin/env python3\nprint()\nE\nRUN <<-E\n\t#!/x\n\tE\n",
        );
        let expected = "FROM unknown\nrun --mount=type=bind,from=w --network=none <<'E'\n#!/w step -- /usr/bin/env python3\nprint()\nE\n";
        assert!(injected.text.starts_with(expected), "{}", injected.text);
        let step = &injected.wrapped[0];
        assert_eq!(step.original, "run --network=none <<'E' (#!/usr/bin/env python3...)");
        assert_eq!(
            step.rewritten,
            "run --mount=type=bind,from=w --network=none <<'E' (#!/w step -- /usr/bin/env python3...)"
        );
        // Tabs before it make it a script of the shell, and that is not known.
        assert_eq!((injected.wrapped.len(), injected.left.len()), (1, 1));
    }

    #[test]
    fn obeys_the_directives() {
        let windows = injected("# escape=`\nFROM x\nRUN a `\n  b \\\n");
        assert!(windows.text.contains("\"a   b \\\\\"]"), "{}", windows.text);
        assert_eq!(
            inject("# syntax=example/other\nFROM x\n", &INJECTION),
            Err(Error::Frontend("example/other".into()))
        );
        assert!(matches!(inject("FROM x\nRUNN y\n", &INJECTION), Err(Error::Syntax(_))));
        let endless = inject("FROM x\nRUN a\nRUN <<EOF\nb\n", &INJECTION);
        assert_eq!(endless, Err(Error::Syntax("line 3: the here document `EOF` has no end".into())));
        let unaware = Injection { here_documents: false, ..INJECTION };
        let text = "FROM x\nRUN cat <<EOF\nRUN b\n";
        assert_eq!(inject(text, &unaware).expect("two steps").wrapped.len(), 2);
        assert!(matches!(inject("FROM x\nRUN <<EOF\nb\nEOF\n", &unaware), Err(Error::Syntax(_))));
        assert_eq!(injected("\u{feff}FROM x\nRUN a\n").wrapped.len(), 1);
    }
}

//! `build` around a client that is a script: what is asked of it, what it is given, and what is said of it.

use crate::harness::{Place, Said};

/// A place with a client `docker` that answers from files there, writes its calls to `calls`, and "builds" by printing
/// `log` to standard error; its Dockerfile is `dockerfile`.
fn project(dockerfile: &str, log: &str) -> Place {
    let place = Place::new();
    place.write("context/Dockerfile", dockerfile);
    place.write("log", log);
    place.write("version", "20.10.24 20.10.24 linux/amd64\n");
    place.write("images", "sha256:0 null null\n");
    place.script(
        "docker",
        "cd \"${0%/*}\" && printf '%s\\n' \"$*\" >>calls\n\
         case \"$1 $2\" in\n\
         version*) cat version ;;\n\
         'image inspect') cat images ;;\n\
         build*) cat log >&2 ;;\n\
         *) echo \"unknown command: $*\" >&2; exit 1 ;;\n\
         esac",
    );
    place
}

/// `wheeltap build OPTIONS api -- ./docker build context`.
fn build(place: &Place, options: &[&str]) -> Said {
    let words = [&["build"], options, &["api", "--", "./docker", "build", "context"]].concat();
    place.of(&mut place.wheeltap(words))
}

fn report(place: &Place) -> String {
    std::fs::read_to_string(place.join("logs/docker_build/build_report.md")).unwrap()
}

// Contract: secrets
#[test]
fn secrets_of_a_step_that_is_left_are_in_no_note() {
    let dockerfile =
        "FROM x\nRUN true\nONBUILD RUN pip install --index-url https://user:t0ps3cret@index.example/simple/ six\n";
    let place = project(dockerfile, "#4 [2/2] RUN true\n#4 DONE 0.1s\n");
    place.write("images", "null [\"RUN curl https://us:hush0ne@index.example/x\"]\n");
    let said = build(&place, &["--inject"]);
    for text in [&said.stderr, &report(&place)] {
        assert!(text.contains("ONBUILD RUN pip install") && text.contains("index.example"), "{text}");
        assert!(!text.contains("t0ps3cret") && !text.contains("hush0ne"), "{text}");
    }
}

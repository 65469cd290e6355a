use super::*;
use crate::classify::buildkit::Reader;
use crate::cli::build::told;
use crate::event::Redactor;

const AT: Moment = Moment::EPOCH;

fn read(log: &str) -> Build {
    let mut reader = Reader::default();
    reader.feed(log.as_bytes());
    reader.finish().expect("a log")
}

/// The log of a build whose only step has this name and these lines.
fn log(base: &str, digest: &str, lines: &str) -> Build {
    let lines: String = lines.lines().map(|line| format!("#5 {line}\n")).collect();
    read(&format!("#4 [1/3] FROM {base}\n#4 DONE 0.0s\n\n#5 [3/3] RUN pip download -r r\n{digest}{lines}"))
}

fn took(versions: &[&str]) -> String {
    let line = |version: &&str| {
        format!("0.5 Downloading one-{version}-py3-none-any.whl (2 kB)\n0.5 Saved ./one-{version}-py3-none-any.whl\n")
    };
    versions.iter().map(line).collect::<String>() + "DONE 0.9s\n"
}

/// Steps that nothing wraps, and whose inputs are not known.
fn bare(build: &Build) -> Steps<'_> {
    Steps { build, wrapping: &|_| None, inputs: &|_| None }
}

impl Layers {
    /// Builds, with what else is known of it.
    fn built(&mut self, build: &Build, more: &[Event]) {
        let events = [told::events(build, &Redactor::default(), AT).as_slice(), more].concat();
        self.learn(&bare(build), &events, AT);
    }

    /// What a build replays: version and origin of each file, and the blind spots.
    fn replays(&self, build: &Build) -> (Vec<(String, Origin)>, Vec<String>) {
        self.replays_on(&bare(build))
    }

    fn replays_on(&self, steps: &Steps<'_>) -> (Vec<(String, Origin)>, Vec<String>) {
        let (mut files, mut blind) = (Vec::new(), Vec::new());
        for event in self.replayed(steps, AT) {
            match event {
                Event::Artifact { record, .. } => {
                    files.push((record.version.unwrap_or_default().to_string(), record.origin));
                }
                Event::BlindSpot { reason, .. } => blind.push(reason),
                _ => {}
            }
        }
        files.sort();
        (files, blind)
    }
}

fn file(version: &str, origin: Origin) -> (String, Origin) {
    (version.to_owned(), origin)
}

#[test]
fn of_several_runs_only_what_they_have_in_common_is_in_a_layer() {
    let mut layers = Layers::default();
    let (first, second) = (log("x", "", &took(&["1.0", "9.0"])), log("x", "", &took(&["2.0", "9.0"])));
    let cached = log("x", "", "CACHED");
    layers.built(&first, &[]);
    layers.built(&first, &[]);
    assert_eq!(layers.replays(&cached).0, [file("1.0", Origin::LayerCache), file("9.0", Origin::LayerCache)]);
    assert!(layers.replays(&cached).1.is_empty());
    layers.built(&second, &[]);
    layers.built(&cached, &[]);
    let (files, blind) = layers.replays(&cached);
    let expected = [file("1.0", Origin::Unknown), file("2.0", Origin::Unknown), file("9.0", Origin::LayerCache)];
    assert_eq!(files, expected);
    assert!(matches!(&blind[..], [one] if one.contains("step #5 was cached: earlier runs of it")), "{blind:?}");
    // A run that fails makes no layer.
    layers.built(&log("x", "", "0.5 Downloading one-3.0-py3-none-any.whl (2 kB)\nERROR: x"), &[]);
    assert_eq!(layers.replays(&cached).0, expected);
    for version in 3..40 {
        layers.built(&log("x", "", &took(&[&format!("{version}.0")])), &[]);
    }
    assert_eq!(layers.replays(&cached).0.len(), MOST_RUNS);
}

#[test]
fn the_inputs_of_a_run_tell_it_apart() {
    let (first, second) = (log("x", "", &took(&["1.0"])), log("x", "", &took(&["2.0"])));
    let cached = log("x", "", "CACHED");
    let mut layers = Layers::default();
    let learn = |layers: &mut Layers, build: &Build, inputs: Option<u8>| {
        let inputs = |_: &Vertex| inputs.map(|inputs| Sha256([inputs; 32]));
        layers.learn(&Steps { inputs: &inputs, ..bare(build) }, &told::events(build, &Redactor::default(), AT), AT);
    };
    let replays = |layers: &Layers, inputs: u8| {
        let inputs = |_: &Vertex| Some(Sha256([inputs; 32]));
        layers.replays_on(&Steps { inputs: &inputs, ..bare(&cached) }).0
    };
    let (v1, v2) = ([file("1.0", Origin::LayerCache)], [file("2.0", Origin::LayerCache)]);
    let undecided = [file("1.0", Origin::Unknown), file("2.0", Origin::Unknown)];
    learn(&mut layers, &first, Some(1));
    learn(&mut layers, &second, Some(2));
    assert_eq!((replays(&layers, 2), replays(&layers, 1)), (v2.to_vec(), v1.to_vec()));
    assert_eq!((replays(&layers, 3), layers.replays(&cached).0), (undecided.to_vec(), undecided.to_vec()));
    // The same files on other inputs, and the same inputs with other files: the latest holds.
    learn(&mut layers, &first, Some(3));
    assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), v1.to_vec()));
    learn(&mut layers, &second, Some(3));
    assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), v2.to_vec()));
    // What ran last may have been the latter.
    learn(&mut layers, &first, None);
    assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), undecided.to_vec()));
}

#[test]
fn a_wrapped_step_is_not_the_bare_one() {
    let (unwrapped, wrapped, cached) =
        (log("x", "", &took(&["1.0"])), log("x", "", &took(&["2.0"])), log("x", "", "CACHED"));
    let mut layers = Layers::default();
    layers.built(&unwrapped, &[]);
    let in_w = |build| Steps { wrapping: &|_| Some("w"), ..bare(build) };
    layers.learn(&in_w(&wrapped), &told::events(&wrapped, &Redactor::default(), AT), AT);
    assert_eq!(layers.replays(&cached).0, [file("1.0", Origin::LayerCache)]);
    let replayed = layers.replayed(&in_w(&cached), AT);
    let versions: Vec<_> = replayed
        .iter()
        .filter_map(|event| match event {
            Event::Artifact { record, .. } => record.version.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(versions, ["2.0"]);
}

#[test]
fn the_builders_digest_tells_runs_apart_where_it_is_that_of_the_files_below() {
    let hex = |digit: &str| format!("#5 sha256:{}\n", digit.repeat(64));
    let pinned = format!("docker.io/library/x@sha256:{}", "0".repeat(64));
    for (base, expected) in [
        (pinned.as_str(), vec![file("1.0", Origin::LayerCache)]),
        ("x", vec![file("1.0", Origin::Unknown), file("2.0", Origin::Unknown)]),
    ] {
        let mut layers = Layers::default();
        layers.built(&log(base, &hex("a"), &took(&["1.0"])), &[]);
        layers.built(&log(base, &hex("b"), &took(&["2.0"])), &[]);
        assert_eq!(layers.replays(&log(base, &hex("a"), "CACHED")).0, expected, "{base}");
        assert_eq!(layers.replays(&log(base, &hex("c"), "CACHED")).0.len(), 2, "{base}");
    }
}

#[test]
fn what_is_unknown_or_unseen_stays_so() {
    let build = log("x", "", &took(&["1.0"]));
    let mut events = told::events(&build, &Redactor::default(), AT);
    for event in &mut events {
        if let Event::Artifact { record, .. } = event {
            record.origin = Origin::Unknown;
        }
    }
    let mut layers = Layers::default();
    layers.learn(&bare(&build), &events, AT);
    assert_eq!(layers.replays(&log("x", "", "CACHED")).0, [file("1.0", Origin::Unknown)]);

    let reason = "step #5: nothing was heard from it".to_owned();
    let unheard = [Event::BlindSpot { at: AT, invocation: None, reason }];
    let mut layers = Layers::default();
    layers.built(&log("x", "", "DONE 0.1s"), &unheard);
    let (files, blind) = layers.replays(&log("x", "", "CACHED"));
    assert_eq!(
        (files.len(), blind),
        (0, vec!["step #5 was cached: when it ran, nothing was heard from it".to_owned()])
    );

    let mut invocation = Invocation::new(invocation_id(), "pip", "shim");
    invocation.step = Some(build.steps[1].step());
    invocation.blind_spots.push("a part of it".to_owned());
    let id = Some(invocation.id.clone());
    let told = [
        Event::InvocationFinished { at: AT, record: Box::new(invocation) },
        Event::Degraded { at: AT, invocation: id, reason: "no log".to_owned() },
    ];
    let mut layers = Layers::default();
    layers.built(&build, &told);
    let said = layers.replays(&log("x", "", "CACHED")).1.join("\n");
    assert!(said.contains("when it ran, a part of it") && said.contains("when it ran, no log"), "{said}");
}

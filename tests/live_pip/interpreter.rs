//! The shims of the interpreter, as `wheeltap shims install --python` makes them: Python finds itself and its libraries
//! as it does without them, and its module pip is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::support::index::Index;
use super::support::pips::RealPip;
use super::support::place::{Place, Run, Side};

/// What an interpreter knows of itself.
const PROBE: &str = "\
import sys
for name in 'executable _base_executable prefix base_prefix exec_prefix base_exec_prefix flags path argv'.split():
    print(name, getattr(sys, name))
print('arguments', getattr(sys, 'orig_argv', [''])[1:])
";

/// The name by which it was called.
const NAME: &str = "import sys; print(sys.orig_argv[0] if sys.version_info >= (3, 10) else '')";

/// A place, the directory of the shims of the interpreter, and that of the plain one.
struct World {
    index: Index,
    place: Place,
    shims: PathBuf,
    plain: String,
}

impl World {
    fn new() -> Option<World> {
        let pip = RealPip::required("24.0")?;
        let (index, place) = (Index::start(&pip).unwrap(), Place::new(&pip));
        let shims = place.logs().with_file_name("installed");
        let mut install = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
        let done = install.args(["shims", "install", "--python", "--dir"]).arg(&shims).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let base = Command::new(pip.python()).args(["-c", "import sys; print(sys._base_executable)"]).output().unwrap();
        let base = PathBuf::from(String::from_utf8(base.stdout).unwrap().trim());
        let plain = base.parent().unwrap().to_str().unwrap().to_owned();
        Some(World { index, place, shims: shims.with_file_name("installed-python"), plain })
    }

    /// Runs with the interpreters of `directory`, and the shims before them or not.
    fn run(&self, side: Side, directory: &str, argv: &[&str]) -> (Option<i32>, String, String) {
        let shims = match side {
            Side::Bare => String::new(),
            Side::Shimmed => format!("{}:", self.shims.display()),
        };
        let run = Run {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: vec![("PATH".to_owned(), Some(format!("{shims}{directory}:/usr/bin:/bin")))],
            ..Run::default()
        };
        let ended = self.place.run(side, &run, &self.index);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    }

    /// The directories of a plain interpreter and of a virtual environment.
    fn directories(&self) -> [&str; 2] {
        [&self.plain, "{root}/venv/bin"]
    }
}

// Contract: argument-bytes, environment
#[test]
fn an_interpreter_finds_itself_as_without_shims() {
    let Some(world) = World::new() else { return };
    fs::write(world.place.root().join("app/probe.py"), PROBE).unwrap();
    for directory in world.directories() {
        let absolute = Path::new(&world.place.expand(directory, &world.index)).join("python3").display().to_string();
        for argv in [
            &["python3", "-c", PROBE][..],
            &["python3", "-I", "-S", "-c", PROBE, "-m", "pip"],
            &["python3", "-OO", "-X", "dev", "probe.py", "-m", "pip", "install"],
            &["sh", "-c", "python3 - one two <probe.py; python3 <probe.py"],
            &["env", "python3", "-m", "probe", "install"],
            &["python3", "-m", "pip", "--version"],
            &["python3", "-m", "pip", "list"],
            &["python3", "-m", "no_such_module"],
        ] {
            let bare = world.run(Side::Bare, directory, argv);
            assert_eq!(world.run(Side::Shimmed, directory, argv), bare, "{argv:?}");
        }
        let probed = world.run(Side::Shimmed, directory, &["python3", "-c", PROBE]).1;
        assert!(probed.contains(&format!("executable {absolute}\n")), "{probed}");
        // The one thing that differs.
        let name = |side| world.run(side, directory, &["python3", "-c", NAME]).1;
        assert!(["python3\n", "\n"].contains(&name(Side::Bare).as_str()));
        assert!([absolute + "\n", "\n".to_owned()].contains(&name(Side::Shimmed)));
    }
    assert!(world.place.sessions().is_empty(), "nothing of this obtains anything");
}

// Contract: argument-bytes, environment
#[test]
fn the_module_pip_is_recorded_and_its_interpreter_is_what_it_was() {
    let Some(mut world) = World::new() else { return };
    world.index.begin(&json!([]));
    // Every interpreter that starts tells.
    let telling = format!("import sys\nsys.stdout = open('told', 'a')\n{PROBE}sys.stdout = sys.__stdout__\n");
    fs::write(world.place.root().join("app/sitecustomize.py"), telling).unwrap();
    let line = "PYTHONPATH=. python3 -m pip -q download --no-deps -d got gamma && cat told && rm -r told got";
    let bare = world.run(Side::Bare, "{root}/venv/bin", &["sh", "-c", line]);
    assert_eq!(bare.0, Some(0), "{bare:?}");
    assert!(bare.1.contains("executable "), "{bare:?}");
    fs::remove_dir_all(world.place.root().join("home/.cache")).unwrap();
    assert_eq!(world.run(Side::Shimmed, "{root}/venv/bin", &["sh", "-c", line]), bare);
    let [session] = &world.place.sessions()[..] else { panic!("not one session") };
    let [invocation] = session["invocations"].as_array().unwrap().as_slice() else { panic!("not one invocation") };
    assert_eq!((&invocation["tool"], &invocation["tool_version"]), (&json!("pip"), &json!("24.0")));
    assert_eq!(invocation["argv"].as_array().unwrap()[1..4], [json!("-m"), json!("pip"), json!("-q")]);
    let wheel = &session["downloads"]["wheels"][0];
    assert_eq!((&wheel["name"], &wheel["origin"]), (&json!("gamma"), &json!("downloaded")));
}

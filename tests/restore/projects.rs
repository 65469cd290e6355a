//! Projects that fail to build, each in its own way. Their build backends lie beside them, so that nothing is fetched.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Prints what terminals, logs and consoles treat unlike.
const ODD: &str = r#"
import sys
print("tab\there\n\tlead\tx\n  two spaces\nbell\x07 bs\x08 vt\x0bafter ff\x0cafter")
print("esc \x1b[31mred\x1b[0m\nwide \u8868\t\u8868x\te\u0301\tend\n\n[bold]markup[/] \\[esc] :smile:  ")
print("nel \x85 x ls \u2028 y fs \x1c gs \x1d rs \x1e us \x1f.\nnul \x00 x")
print("Running command foo\nERROR: not pip's\nFound link x\nerror: subprocess-exited-with-error")
print("\u2570\u2500> See above for output.\n" + "x" * 300 + " " + "y" * 50)
sys.stdout.flush()
sys.stdout.buffer.write(b"bad \xff\xfe utf-8, no newline at the end")
sys.stdout.flush()
sys.exit(1)
"#;

/// Makes the directory `place` anew, with all of them in it.
pub(crate) fn make(place: &Path, python: &Path) {
    if place.exists() {
        fs::remove_dir_all(place).unwrap();
    }
    fs::create_dir_all(place.join("home")).unwrap();
    project(place, "odd", "prepare_metadata_for_build_wheel", ODD, "");
    project(place, "silent", "build_wheel", "import os; os._exit(1)", "");
    project(place, "long", "build_wheel", "for i in range(10000): print('line', i)\nraise SystemExit(1)", "");
    project(place, "lacking", "", "", "\"there-is-no-such-thing>=2\"");
    project(place, "nested", "", "", "\"fails\"");
    project(place, "needing", "", "", "\"good\"");
    project(place, "fails", "prepare_metadata_for_build_wheel", "print('a\\n\\nb')\nraise SystemExit(1)", "");
    fs::create_dir(place.join("setup")).unwrap();
    fs::write(place.join("setup/setup.py"), ODD).unwrap();
    let pack = "import sys, zipfile, tarfile, io\n\
        for name in ('fails', 'lacking'):\n\
        \x20   with tarfile.open(f'links/{name}-1.0.tar.gz', 'w:gz') as archive:\n\
        \x20       archive.add(name, f'{name}-1.0')\n\
        with zipfile.ZipFile('links/good-1.0-py3-none-any.whl', 'w') as archive:\n\
        \x20   info = 'good-1.0.dist-info/'\n\
        \x20   archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: good\\nVersion: 1.0\\n')\n\
        \x20   archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        \x20   archive.writestr(info + 'RECORD', '')\n";
    fs::create_dir(place.join("links")).unwrap();
    let status = Command::new(python).args(["-c", pack]).current_dir(place).env_clear().status().unwrap();
    assert!(status.success());
}

/// A project `name` whose hook `fails` runs `code`, and which needs `requires` to be built.
fn project(place: &Path, name: &str, fails: &str, code: &str, requires: &str) {
    let place = place.join(name);
    fs::create_dir(&place).unwrap();
    let table = format!(
        "[build-system]\nrequires = [{requires}]\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n\
         [project]\nname = \"{name}\"\nversion = \"1.0\"\n"
    );
    fs::write(place.join("pyproject.toml"), table).unwrap();
    fs::write(place.join("code.txt"), code).unwrap();
    let backend = format!(
        r#"
import os, zipfile
HERE = os.path.dirname(os.path.abspath(__file__))
META = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: back\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
def reach(hook):
    if hook == "{fails}":
        exec(open(os.path.join(HERE, "code.txt"), encoding="utf-8").read())
def get_requires_for_build_wheel(settings=None):
    return []
def prepare_metadata_for_build_wheel(directory, settings=None):
    reach("prepare_metadata_for_build_wheel")
    info = "{name}-1.0.dist-info"
    os.makedirs(os.path.join(directory, info))
    for file, text in (("METADATA", META), ("WHEEL", WHEEL)):
        with open(os.path.join(directory, info, file), "w") as target:
            target.write(text)
    return info
def build_wheel(directory, settings=None, metadata=None):
    reach("build_wheel")
    wheel = "{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        for file, text in (("METADATA", META), ("WHEEL", WHEEL), ("RECORD", "")):
            archive.writestr("{name}-1.0.dist-info/" + file, text)
    return wheel
"#
    );
    fs::write(place.join("back.py"), backend).unwrap();
}

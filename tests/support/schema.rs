//! The schemas of `docs/schema`, held against what was really written by a validator that knows nothing of us.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use super::requires;

/// Reads objects one after the other, so that lines of JSON are checked as a document is.
const CHECK: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator, text, at, number = jsonschema.Draft202012Validator(schema), sys.stdin.read().strip(), 0, 0
assert text, 'nothing to validate'
while at < len(text):
    document, at = json.JSONDecoder().raw_decode(text, at)
    while at < len(text) and text[at].isspace():
        at += 1
    number += 1
    for error in validator.iter_errors(document):
        print(error.json_path, f'document {number}:', error.message[:200])
";

/// A Python with the validator.
pub(crate) struct Validator(&'static Path);

impl Validator {
    /// Installed once from PyPI, under `target/`. `None`, said loudly, where that does not work.
    #[track_caller]
    pub(crate) fn installed() -> Option<Self> {
        static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(install);
        requires::met(&format!("no jsonschema: {:?}", *PYTHON), PYTHON.is_ok())
            .then(|| Validator(PYTHON.as_ref().unwrap()))
    }

    /// What is wrong with `documents`, a line for each error: its JSON path, `document 1:`, what it is.
    pub(crate) fn faults(&self, schema: &str, documents: &[u8]) -> String {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{schema}.schema.json"));
        let mut check = Command::new(self.0);
        check.args(["-c", CHECK]).arg(schema).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = check.spawn().unwrap();
        child.stdin.take().unwrap().write_all(documents).unwrap();
        said(Ok(child.wait_with_output().unwrap())).unwrap()
    }
}

fn install() -> Result<PathBuf, String> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/jsonschema");
    let (python, whole) = (venv.join("bin/python"), venv.join(".whole"));
    if !whole.exists() {
        said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).output())?;
        said(Command::new(&python).args(["-m", "pip", "install", "--quiet", "jsonschema==4.23.0"]).output())?;
        fs::write(whole, "").map_err(|error| error.to_string())?;
    }
    Ok(python)
}

fn said(output: std::io::Result<Output>) -> Result<String, String> {
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

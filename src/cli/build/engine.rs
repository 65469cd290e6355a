//! What the client and its engine can do, asked of the client itself.
//!
//! Refuses to change anything: it asks for versions, for the shells of images, and hands one small image over.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The client of an engine.
pub(super) struct Engine {
    /// The words that every command to it begins with.
    client: Vec<OsString>,
    /// The major versions of client and engine.
    versions: Option<(u32, u32)>,
}

/// How an image can be named to the builder, or something else be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carriage {
    /// As a directory by `--build-context`.
    NamedContext,
    /// As an image that the engine has.
    LocalImage,
}

impl Engine {
    /// The engine behind these words.
    pub(super) fn new(client: Vec<OsString>) -> Engine {
        let mut engine = Engine { client, versions: None };
        let answer = engine.ask(&["version", "--format", "{{.Client.Version}} {{.Server.Version}}"]);
        engine.versions = answer.and_then(|answer| {
            let mut majors = answer.split_whitespace().map(|version| version.split('.').next()?.parse().ok());
            Some((majors.next()??, majors.next()??))
        });
        engine
    }

    /// What the client prints, if it succeeds.
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let words: Vec<OsString> = self.client.iter().cloned().chain(arguments.iter().map(OsString::from)).collect();
        ask(&words).ok().map(|printed| String::from_utf8_lossy(&printed).trim().to_owned())
    }

    /// Whether the client has buildx, which is BuildKit's own client.
    fn has_buildx(&self) -> bool {
        self.ask(&["buildx", "version"]).is_some()
    }

    /// Why `docker build` will not be done by BuildKit, even if it is asked to; `None` if it will.
    pub(super) fn lacks_buildkit(&self) -> Option<String> {
        let Some((client, engine)) = self.versions else { return Some("the engine does not answer".to_owned()) };
        match (client, engine) {
            (_, ..18) => Some(format!("engine {engine} has no BuildKit")),
            (23.., _) if !self.has_buildx() => Some(format!("client {client} needs buildx for BuildKit, and has none")),
            _ => None,
        }
    }

    /// Whether BuildKit knows here documents: since Docker 23.
    pub(super) fn knows_here_documents(&self) -> bool {
        self.versions.is_some_and(|(_, engine)| engine >= 23)
    }

    /// How our binary gets in: by a named context where the client and the builder's own frontend know it (Docker 23), or
    /// where the builder is none of the engine's and has no access to its images.
    pub(super) fn carriage(&self, is_buildx: bool) -> Carriage {
        let client = self.versions.map_or(0, |(client, _)| client);
        if !(is_buildx || client >= 23) {
            return Carriage::LocalImage;
        }
        match self.builds_itself(None) && !self.knows_here_documents() {
            true => Carriage::LocalImage,
            false => Carriage::NamedContext,
        }
    }

    /// Whether a builder, or the usual one, is the engine's own, which has its images.
    pub(super) fn builds_itself(&self, builder: Option<&OsStr>) -> bool {
        let named = builder.and_then(OsStr::to_str);
        let words: Vec<&str> = ["buildx", "inspect"].into_iter().chain(named).collect();
        match self.ask(&words) {
            Some(said) => {
                let driver = said.lines().find_map(|line| line.strip_prefix("Driver:"));
                driver.is_none_or(|driver| driver.trim() == "docker")
            }
            None => named.is_none(),
        }
    }

    /// What of an image's configuration matters to a stage that builds on it; `None` if the engine has none of that name.
    pub(super) fn base(&self, image: &str) -> Option<Base> {
        if image == "scratch" {
            return Some(Base { shell: default_shell(), triggers: Vec::new() });
        }
        let format = "{{json .Config.Shell}} {{json .Config.OnBuild}}";
        let answer = self.ask(&["image", "inspect", "--format", format, image])?;
        Base::read(&answer)
    }

    /// Whether the engine has an image of that name.
    pub(super) fn has_image(&self, name: &str) -> bool {
        self.ask(&["image", "inspect", "--format", "{{.Id}}", name]).is_some()
    }

    /// Makes an image of the files in a tar archive.
    ///
    /// # Errors
    /// With what the client says.
    pub(super) fn import(&self, archive: &[u8], name: &str) -> anyhow::Result<()> {
        let (program, words) = self.client.split_first().unwrap_or((&self.client[0], &[]));
        let mut child = Command::new(program)
            .args(words)
            .args(["import", "-", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // Whoever does not read to the end says why.
        let _ = child.stdin.take().map(|mut input| input.write_all(archive));
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        anyhow::ensure!(output.status.success(), "cannot make the image `{name}`: {said}");
        Ok(())
    }
}

/// What a stage begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// The shell of its steps.
    shell: Vec<String>,
    /// The `RUN` among its `ONBUILD` triggers, which a builder runs as they stand.
    triggers: Vec<String>,
}

impl Base {
    /// Of the image's shell and its triggers, as JSON.
    fn read(answer: &str) -> Option<Base> {
        let mut values = serde_json::Deserializer::from_str(answer).into_iter::<Option<Vec<String>>>();
        let mut shell = values.next()?.ok()?.filter(|shell| !shell.is_empty()).unwrap_or_else(default_shell);
        let mut triggers = Vec::new();
        for trigger in values.next()?.ok()?.unwrap_or_default() {
            let (keyword, rest) = trigger.split_once(char::is_whitespace).unwrap_or((&trigger, ""));
            if keyword.eq_ignore_ascii_case("SHELL") {
                shell = serde_json::from_str(rest).ok()?;
            } else if keyword.eq_ignore_ascii_case("RUN") {
                triggers.push(trigger);
            }
        }
        Some(Base { shell, triggers })
    }
}

fn default_shell() -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned()]
}

/// Base images, each asked for once.
pub(super) struct Bases<'a> {
    engine: &'a Engine,
    known: std::cell::RefCell<HashMap<String, Option<Base>>>,
}

impl<'a> Bases<'a> {
    pub(super) fn of(engine: &'a Engine) -> Self {
        Bases { engine, known: std::cell::RefCell::default() }
    }

    /// The shell of an image; `None` if it cannot be known.
    pub(super) fn shell(&self, image: &str) -> Option<Vec<String>> {
        let mut known = self.known.borrow_mut();
        let base = known.entry(image.to_owned()).or_insert_with(|| self.engine.base(image));
        base.as_ref().map(|base| base.shell.clone())
    }

    /// The triggers of the images that were asked for, each with the image that brings it.
    pub(super) fn triggers(&self) -> Vec<(String, String)> {
        let known = self.known.borrow();
        let each = known.iter().filter_map(|(image, base)| Some((image, base.as_ref()?)));
        let mut triggers: Vec<(String, String)> =
            each.flat_map(|(image, base)| base.triggers.iter().map(|run| (image.clone(), run.clone()))).collect();
        triggers.sort_unstable();
        triggers
    }
}

/// What a client prints.
///
/// # Errors
/// The last line of what it says if it fails.
pub(super) fn ask(words: &[OsString]) -> anyhow::Result<Vec<u8>> {
    let (program, arguments) = words.split_first().unwrap_or((&words[0], &[]));
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}", said.trim().lines().last().unwrap_or("the client does not say why"));
    Ok(output.stdout)
}

/// Whether a build argument or option says that the image is for another machine than this binary is.
pub(super) fn is_other_platform(platform: &OsStr) -> bool {
    let ours = match std::env::consts::ARCH {
        "x86_64" => "linux/amd64",
        "aarch64" => "linux/arm64",
        other => other,
    };
    !platform.to_string_lossy().split(',').all(|wanted| wanted == ours || wanted.starts_with(&format!("{ours}/")))
}

#[cfg(test)]
mod tests {
    use super::Base;

    #[test]
    fn triggers_are_a_part_of_what_a_stage_begins_with() {
        let base = Base::read(r#"["/bin/bash","-c"] ["COPY . /x","run make","SHELL [\"/bin/ash\",\"-c\"]"]"#).unwrap();
        assert_eq!((base.shell.join(" "), base.triggers), ("/bin/ash -c".to_owned(), vec!["run make".to_owned()]));
        let base = Base::read("null null").unwrap();
        assert_eq!((base.shell.join(" "), base.triggers.len()), ("/bin/sh -c".to_owned(), 0));
        assert_eq!(Base::read(r#"null ["SHELL x"]"#), None, "a shell that cannot be read is none that is known");
    }
}

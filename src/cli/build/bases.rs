//! The shells and triggers of the images that stages are built on.
//!
//! Of an image that the engine does not have, the registry is asked for the configuration, as the builder is about to do
//! itself: of a base that only a build pulled, engines show nothing. Refuses to take the client's own summary of it, which
//! has neither shell nor triggers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::engine::Client;

/// What a stage begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// The shell of its steps.
    shell: Vec<String>,
    /// The `RUN` among its `ONBUILD` triggers, which a builder runs as they stand.
    triggers: Vec<String>,
}

impl Base {
    /// Of an image that the engine has.
    fn of_engine(client: &Client, image: &str) -> Option<Base> {
        if image == "scratch" {
            return Base::of(Vec::new(), Vec::new());
        }
        let format = "{{json .Config.Shell}} {{json .Config.OnBuild}}";
        Base::read(&client.ask(&["image", "inspect", "--format", format, image])?)
    }

    /// Of an image in its registry: from the list of its platforms to the one that is built for, and from that to its
    /// configuration.
    fn of_registry(image: &str, platform: &str, get: &dyn Fn(&str) -> Option<Value>) -> Option<Base> {
        let mut document = get(image)?;
        for _ in 0..2 {
            match next(&document, platform) {
                Some(digest) => document = get(&format!("{}@{digest}", repository(image)))?,
                None => break,
            }
        }
        // What is no configuration has no layers of its own.
        document.get("rootfs")?;
        let list = |name: &str| match &document["config"][name] {
            Value::Null => Some(Vec::new()),
            list => serde_json::from_value(list.clone()).ok(),
        };
        Base::of(list("Shell")?, list("OnBuild")?)
    }

    /// Of the image's shell and its triggers, as JSON.
    fn read(answer: &str) -> Option<Base> {
        let mut values = serde_json::Deserializer::from_str(answer).into_iter::<Option<Vec<String>>>();
        let mut list = || Some(values.next()?.ok()?.unwrap_or_default());
        Base::of(list()?, list()?)
    }

    fn of(shell: Vec<String>, on_build: Vec<String>) -> Option<Base> {
        let mut shell = if shell.is_empty() { default_shell() } else { shell };
        let mut triggers = Vec::new();
        for trigger in on_build {
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

/// The digest that leads on from a list of platforms, or from the manifest of one; `None` from a configuration.
fn next(document: &Value, platform: &str) -> Option<String> {
    let Some(list) = document["manifests"].as_array() else {
        return document["config"]["digest"].as_str().map(str::to_owned);
    };
    let of = |entry: &Value, key: &str| entry["platform"][key].as_str().unwrap_or_default().to_owned();
    // What is wanted may go on with a variant, or with platforms that run the same.
    let is_wanted = |entry: &&Value| {
        let rest = platform.strip_prefix(&format!("{}/{}", of(entry, "os"), of(entry, "architecture")));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ',']))
    };
    list.iter().find(is_wanted)?["digest"].as_str().map(str::to_owned)
}

/// The name of an image without tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// Base images, each asked for once.
pub(super) struct Bases<'a> {
    client: &'a Client,
    /// The platform for which registries are asked; `None` if they cannot be.
    platform: Option<String>,
    known: RefCell<BTreeMap<String, Option<Base>>>,
}

impl<'a> Bases<'a> {
    /// The engine is asked for these images, for all at the same time.
    pub(super) fn of(client: &'a Client, images: BTreeSet<String>) -> Self {
        let known = each(images, &|image| Base::of_engine(client, image));
        Bases { client, platform: None, known: known.into() }
    }

    /// Registries are asked for those that the engine does not have.
    pub(super) fn ask_registries(&mut self, platform: &str) {
        let known = self.known.get_mut();
        let absent = known.iter().filter(|(_, base)| base.is_none()).map(|(image, _)| image.clone()).collect();
        let client = self.client;
        known.extend(each(absent, &|image| Base::of_registry(image, platform, &|name| client.of_registry(name))));
        self.platform = Some(platform.to_owned());
    }

    /// The shell of an image; `None` if it cannot be known.
    pub(super) fn shell(&self, image: &str) -> Option<Vec<String>> {
        let of_registry = |platform| Base::of_registry(image, platform, &|name| self.client.of_registry(name));
        let mut known = self.known.borrow_mut();
        let base = known.entry(image.to_owned()).or_insert_with(|| {
            Base::of_engine(self.client, image).or_else(|| self.platform.as_deref().and_then(of_registry))
        });
        base.as_ref().map(|base| base.shell.clone())
    }

    /// The triggers of the images that were asked for, each with the image that brings it.
    pub(super) fn triggers(&self) -> Vec<(String, String)> {
        let known = self.known.borrow();
        let each = known.iter().filter_map(|(image, base)| Some((image, base.as_ref()?)));
        each.flat_map(|(image, base)| base.triggers.iter().map(|run| (image.clone(), run.clone()))).collect()
    }
}

/// What is known of each image, asked for at the same time.
fn each(images: BTreeSet<String>, ask: &(dyn Fn(&str) -> Option<Base> + Sync)) -> BTreeMap<String, Option<Base>> {
    std::thread::scope(|scope| {
        let asked = |image: String| (image.clone(), scope.spawn(move || ask(&image)));
        let asked: Vec<_> = images.into_iter().map(asked).collect();
        asked.into_iter().map(|(image, answer)| (image, answer.join().ok().flatten())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_are_a_part_of_what_a_stage_begins_with() {
        let base = Base::read(r#"["/bin/bash","-c"] ["COPY . /x","run make","SHELL [\"/bin/ash\",\"-c\"]"]"#).unwrap();
        assert_eq!((base.shell.join(" "), base.triggers), ("/bin/ash -c".to_owned(), vec!["run make".to_owned()]));
        let base = Base::read("null null").unwrap();
        assert_eq!((base.shell.join(" "), base.triggers.len()), ("/bin/sh -c".to_owned(), 0));
        assert_eq!(Base::read(r#"null ["SHELL x"]"#), None, "a shell that cannot be read is none that is known");
    }

    /// As registries have them: a list with attestations, manifests, configurations.
    fn registry(name: &str) -> Option<Value> {
        let text = match name {
            "r:5000/x:1" | "r:5000/x@sha256:01" => {
                r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:02", "size": 1,
                 "platform": {"architecture": "amd64", "os": "linux"}},
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:03", "size": 1,
                 "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                 "platform": {"architecture": "unknown", "os": "unknown"}},
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:04", "size": 1,
                 "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}}]}"#
            }
            "r:5000/x@sha256:02" | "one" => {
                r#"{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:05"},
                "layers": []}"#
            }
            "r:5000/x@sha256:04" => r#"{"schemaVersion": 2, "config": {"digest": "sha256:06"}, "layers": []}"#,
            "r:5000/x@sha256:05" | "one@sha256:05" => {
                r#"{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
                "config": {"Env": ["A=b"], "Cmd": ["x"], "OnBuild": ["RUN a"], "Shell": ["/bin/bash", "-c"]}}"#
            }
            "r:5000/x@sha256:06" => r#"{"os": "linux", "rootfs": {}, "config": {"Cmd": ["x"], "OnBuild": null}}"#,
            "odd" => r#"{"rootfs": {}, "config": {"Shell": "/bin/bash"}}"#,
            "other" => r#"{"schemaVersion": 1, "fsLayers": []}"#,
            _ => return None,
        };
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_registry_leads_from_a_list_to_the_configuration_of_the_platform() {
        let base = |image, platform| {
            let base = Base::of_registry(image, platform, &registry)?;
            Some((base.shell.join(" "), base.triggers.join(";")))
        };
        let pair = |shell: &str, triggers: &str| Some((shell.to_owned(), triggers.to_owned()));
        for image in ["r:5000/x:1", "r:5000/x@sha256:01", "one"] {
            assert_eq!(base(image, "linux/amd64"), pair("/bin/bash -c", "RUN a"), "{image}");
        }
        assert_eq!(base("r:5000/x:1", "linux/amd64/v2,linux/amd64"), pair("/bin/bash -c", "RUN a"));
        assert_eq!(base("r:5000/x:1", "linux/arm64"), pair("/bin/sh -c", ""));
        for unknown in ["odd", "other", "absent"] {
            assert_eq!(base(unknown, "linux/amd64"), None, "{unknown}");
        }
        assert_eq!(base("r:5000/x:1", "linux/s390x"), None);
    }
}

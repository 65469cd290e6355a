//! What the builder itself fetches, beside its steps: files and repositories that `ADD` names, a context that lies
//! elsewhere, images of a registry. No `--network` of a build cuts that off, and no witness sees it.
//!
//! Refuses to take an image for a local one because nothing was said of a registry: only the engine knows whether it has
//! it.

use crate::classify::buildkit::{State, Vertex};
use crate::event::host_of;

/// What a vertex shows of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// It was fetched, or it was asked whether what is there is current.
    File { host: Option<String>, wanted: String },
    /// An image was needed, and came from a registry if the engine did not have it.
    Image {
        reference: String,
        /// Layers of it were transferred.
        pulled: bool,
    },
}

impl Fetch {
    /// Whether both are of one thing.
    pub(super) fn is_of_same(&self, other: &Fetch) -> bool {
        match (self, other) {
            (Fetch::File { wanted, .. }, Fetch::File { wanted: other, .. }) => wanted == other,
            (Fetch::Image { reference, .. }, Fetch::Image { reference: other, .. }) => reference == other,
            _ => false,
        }
    }

    /// Whether layers of an image were transferred.
    pub(super) fn is_pulled(&self) -> bool {
        matches!(self, Fetch::Image { pulled: true, .. })
    }
}

/// What a vertex shows.
pub(super) fn by(vertex: &Vertex) -> Vec<Fetch> {
    let whole = vertex.name.instruction.as_str();
    let (place, rest) = match whole.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((place, rest)) if vertex.name.index.is_none() => (place, rest),
        _ => ("", whole),
    };
    let keyword = rest.split_whitespace().next().unwrap_or_default();
    if vertex.name.index.is_some() && keyword.eq_ignore_ascii_case("ADD") {
        return added(vertex, rest);
    }
    if place == "auth" {
        let host = rest.rsplit_once(" token for ").map(|(_, host)| host.to_owned());
        return vec![Fetch::File { host, wanted: rest.to_owned() }];
    }
    const IMAGES: [&str; 5] = [
        "FROM ",
        "load metadata for ",
        "resolve image config for ",
        "importing cache manifest from ",
        "docker-image://",
    ];
    if let Some(reference) = IMAGES.iter().find_map(|before| rest.strip_prefix(before)) {
        let reference = reference.strip_prefix("docker-image://").unwrap_or(reference);
        let reference = reference.split_whitespace().find(|word| !word.starts_with("--")).unwrap_or_default();
        // What lies in a directory of the client's.
        let is_elsewhere = !["oci-layout://", "local:"].iter().any(|local| reference.starts_with(local));
        let image = Fetch::Image { reference: without_digest(reference).to_owned(), pulled: vertex.pulled };
        return is_elsewhere.then_some(image).into_iter().collect();
    }
    let source = rest.strip_prefix("load git source ").or_else(|| {
        let is_source = vertex.name.index.is_none() && vertex.state != State::Cached;
        (is_source && !rest.contains(' ')).then_some(rest)
    });
    source.and_then(remote).into_iter().collect()
}

/// What `ADD` fetched. The builder asks a server whether the file that it has is current, unless its digest is given.
fn added(vertex: &Vertex, instruction: &str) -> Vec<Fetch> {
    let words = || instruction.split_whitespace().skip(1);
    if vertex.state == State::Cached && words().any(|word| word.starts_with("--checksum=")) {
        return Vec::new();
    }
    let sources = words().filter(|word| !word.starts_with("--"));
    sources.filter_map(|word| remote(word.trim_matches(|c| "[]\",".contains(c)))).collect()
}

/// A file or a repository that lies elsewhere: a URL, or a place as git's users write it (`git@host:path`).
pub(super) fn remote(word: &str) -> Option<Fetch> {
    let host = match host_of(word) {
        Some(host) => host,
        None => {
            let (user, rest) = word.split_once('@')?;
            let (host, _) = rest.split_once(':')?;
            let is_name = |text: &str, more: &str| {
                !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
            };
            Some(host).filter(|host| is_name(user, "-_") && is_name(host, "-."))?
        }
    };
    Some(Fetch::File { host: Some(host.to_owned()), wanted: word.to_owned() })
}

/// The name and tag of an image that has both a tag and a digest.
fn without_digest(reference: &str) -> &str {
    match reference.split_once('@') {
        Some((name, _)) if name.rsplit('/').next().is_some_and(|last| last.contains(':')) => name,
        _ => reference,
    }
}

/// The registry that has an image of this name.
pub(super) fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::buildkit::Reader;

    fn images(log: &str) -> Vec<(String, bool)> {
        let mut reader = Reader::default();
        reader.feed(log.as_bytes());
        let fetched = reader.finish().unwrap().steps.iter().flat_map(by).collect::<Vec<_>>();
        let image = |fetch| match fetch {
            Fetch::Image { reference, pulled } => (reference, pulled),
            Fetch::File { host, wanted } => (format!("{} {wanted}", host.unwrap_or_default()), false),
        };
        fetched.into_iter().map(image).collect()
    }

    #[test]
    fn images_are_named_wherever_they_are_needed() {
        let digest = "0123456789abcdef".repeat(4);
        let layer = format!("#4 sha256:{digest} 5.81kB / 5.81kB 0.3s done");
        for (log, expected) in [
            (
                "#2 [internal] load metadata for docker.io/library/x:1".to_owned(),
                vec![("docker.io/library/x:1", false)],
            ),
            (
                "#2 resolve image config for docker.io/docker/dockerfile:1".to_owned(),
                vec![("docker.io/docker/dockerfile:1", false)],
            ),
            (
                format!("#4 docker-image://docker.io/docker/dockerfile:1@sha256:{digest}\n{layer}"),
                vec![("docker.io/docker/dockerfile:1", true)],
            ),
            (
                format!("#4 [b 1/2] FROM h.invalid:5000/x:1@sha256:{digest}\n{layer}"),
                vec![("h.invalid:5000/x:1", true)],
            ),
            // The digest of a vertex, as old clients print it, is no layer.
            (format!("#4 [1/2] FROM x:1\n#4 sha256:{digest}\n#4 CACHED"), vec![("x:1", false)]),
            ("#4 FROM docker.io/library/x@sha256:00".to_owned(), vec![("docker.io/library/x@sha256:00", false)]),
            ("#4 importing cache manifest from h.invalid/x".to_owned(), vec![("h.invalid/x", false)]),
            ("#4 importing cache manifest from local:17".to_owned(), vec![]),
            ("#4 [context y] load metadata for docker.io/library/y".to_owned(), vec![("docker.io/library/y", false)]),
            ("#4 [internal] load build context\n#4 transferring context: 2B done".to_owned(), vec![]),
            ("#4 [1/2] COPY --from=x FROM y".to_owned(), vec![]),
            (
                "#4 [auth] library/x:pull token for r.invalid".to_owned(),
                vec![("r.invalid library/x:pull token for r.invalid", false)],
            ),
            (
                "#4 [internal] load git source https://g.invalid/x.git".to_owned(),
                vec![("g.invalid https://g.invalid/x.git", false)],
            ),
            ("#4 https://f.invalid/x\n#4 DONE 0.1s".to_owned(), vec![("f.invalid https://f.invalid/x", false)]),
            ("#4 https://f.invalid/x\n#4 CACHED".to_owned(), vec![]),
        ] {
            let expected: Vec<(String, bool)> =
                expected.into_iter().map(|(name, pulled)| (name.to_owned(), pulled)).collect();
            assert_eq!(images(&format!("{log}\n")), expected, "{log}");
        }
    }

    /// Every recorded build of BuildKit's, of which all but one used an image that the engine had.
    #[test]
    fn builds_on_a_local_image_fetch_nothing_else() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/buildkit");
        let below = |path: std::path::PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let mut found = std::collections::BTreeSet::new();
        for scenario in below(corpus).flat_map(below) {
            let mut reader = Reader::default();
            reader.feed(&std::fs::read(scenario.join("stderr")).unwrap());
            let build = reader.finish();
            for fetch in build.iter().flat_map(|build| &build.steps).flat_map(by) {
                found.insert(format!("{fetch:?}"));
            }
        }
        let image = |reference: &str| format!("{:?}", Fetch::Image { reference: reference.to_owned(), pulled: false });
        let expected = ["docker.io/library/localbase:bookworm", "nosuchimage.invalid/x:1"].map(image);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn layers_that_rawjson_tells_of_were_pulled() {
        let digest = "0123456789abcdef".repeat(4);
        let vertex = r#"{"digest":"sha256:1","name":"[1/2] FROM x:1","started":"2026-11-20T16:02:59Z"}"#;
        let status = format!(r#"{{"id":"sha256:{digest}","vertex":"sha256:1","current":5,"total":5}}"#);
        let log = |statuses: &str| format!("{{\"vertexes\":[{vertex}],\"statuses\":[{statuses}]}}\n");
        assert_eq!(images(&log(&status)), [("x:1".to_owned(), true)]);
        assert_eq!(
            images(&log(&status.replace(&format!("sha256:{digest}"), "resolve x:1"))),
            [("x:1".to_owned(), false)]
        );
    }

    #[test]
    fn a_name_without_a_registry_is_of_the_default_one() {
        assert_eq!(
            ["x:1", "org/x", "localhost/x", "h.invalid/x", "h:5000/x"].map(registry),
            ["docker.io", "docker.io", "localhost", "h.invalid", "h:5000"]
        );
    }
}

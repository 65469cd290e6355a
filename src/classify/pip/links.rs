//! Which URL a file name stands for: the links that pip found on index pages, kept until one of them is chosen.
//!
//! pip lists every file of every project that it looks at and later names only the file that it takes, so the lists are
//! kept as the bytes they were, page by page, and searched when a name comes. Refuses to grow beyond [`HELD`] bytes: the
//! oldest lists go first. Refuses to choose between two URLs that end in the same name.

use std::collections::VecDeque;

use memchr::{memchr, memmem, memrchr};

use super::url;
use crate::event::{Sha256, canonical_name};

/// How many bytes of links are kept: about a hundred thousand links.
const HELD: usize = 16 << 20;
/// How many bytes are kept, and let go, at a time.
const SHEET: usize = 256 << 10;
/// How many bytes of chosen URLs are kept.
const CHOSEN: usize = 4 << 20;

/// What is known of a file's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The URL without its fragment.
    pub(super) url: Vec<u8>,
    /// The page that lists it.
    pub(super) page: Option<Vec<u8>>,
    /// The digest that the page promises.
    pub(super) promised: Option<Sha256>,
}

/// The links of one process, newest last.
#[derive(Debug, Default)]
pub(super) struct Links {
    sheets: VecDeque<Sheet>,
    held: usize,
    /// What the user named.
    named: Vec<Vec<u8>>,
    chosen: VecDeque<Vec<u8>>,
    chosen_bytes: usize,
    project: String,
}

/// A part of the list of one page: lines of `URL#FRAGMENT`.
#[derive(Debug)]
struct Sheet {
    page: Vec<u8>,
    project: String,
    urls: Vec<u8>,
}

impl Links {
    /// Without any links yet but the URLs that the user named.
    pub(super) fn naming(named: &[Vec<u8>]) -> Self {
        Links { named: named.to_vec(), ..Links::default() }
    }

    /// pip looks for this project now.
    pub(super) fn search(&mut self, project: &str) {
        self.project = canonical_name(project);
    }

    /// The project that pip looked for last; empty before the first.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// What follows `Found link `: `URL (from PAGE) (requires-python:...), version: V`.
    pub(super) fn found(&mut self, text: &[u8]) {
        let (link, rest) = memchr(b' ', text).map_or((text, &[][..]), |at| text.split_at(at));
        let page =
            rest.strip_prefix(b" (from ").map_or(&[][..], |from| &from[..memchr(b')', from).unwrap_or(from.len())]);
        let link = if page.is_empty() { link.strip_suffix(b",").unwrap_or(link) } else { link };
        if self.sheets.back().is_none_or(|sheet| sheet.page != page || sheet.urls.len() >= SHEET) {
            let project = self.project.clone();
            self.sheets.push_back(Sheet { page: page.to_vec(), project, urls: Vec::with_capacity(1024) });
            self.held += page.len();
        }
        if let Some(sheet) = self.sheets.back_mut() {
            sheet.urls.extend_from_slice(link);
            sheet.urls.push(b'\n');
            self.held += link.len() + 1;
        }
        while self.held > HELD && self.sheets.len() > 1 {
            self.held -= self.sheets.pop_front().map_or(0, |sheet| sheet.page.len() + sheet.urls.len());
        }
    }

    /// pip chose this URL, or was given it.
    pub(super) fn chose(&mut self, url: &[u8]) {
        self.chosen_bytes += url.len();
        self.chosen.push_back(url.to_vec());
        while self.chosen_bytes > CHOSEN {
            self.chosen_bytes -= self.chosen.pop_front().map_or(0, |url| url.len());
        }
    }

    /// The link of a file that pip names without its URL.
    pub(super) fn of_name(&self, filename: &[u8], name: Option<&str>) -> Option<Link> {
        let chosen = self.chosen.iter().rev().find(|link| url::filename(url::without_fragment(link)) == filename);
        match chosen {
            Some(link) => Some(self.of_url(link, name)),
            None => self.listed(filename, name, |_| true).or_else(|| self.of_user(filename)),
        }
    }

    /// The only URL of a file of this name that the user named.
    fn of_user(&self, filename: &[u8]) -> Option<Link> {
        let mut fitting = self.named.iter().filter(|url| url::filename(url) == filename);
        let first = fitting.next()?;
        fitting.all(|other| other == first).then(|| link(first, &[]))
    }

    /// The link of a URL: what the page says beside it.
    pub(super) fn of_url(&self, wanted: &[u8], name: Option<&str>) -> Link {
        let bare = url::without_fragment(wanted);
        let listed = self.listed(&url::filename(bare), name, |link| url::without_fragment(link) == bare);
        listed.unwrap_or_else(|| link(wanted, &[]))
    }

    /// The link of a local file of this name, if a directory or page that pip searched listed it.
    pub(super) fn of_file(&self, filename: &[u8], name: Option<&str>) -> Option<Link> {
        self.listed(filename, name, |link| link.starts_with(b"file:"))
    }

    fn listed(&self, filename: &[u8], name: Option<&str>, fits: impl Fn(&[u8]) -> bool) -> Option<Link> {
        let project = name.map(canonical_name).unwrap_or_default();
        let of_project = |sheet: &&Sheet| sheet.project == project;
        let known = !project.is_empty() && self.sheets.iter().any(|sheet| of_project(&sheet));
        let mut found: Option<Link> = None;
        for needle in needles(filename) {
            for sheet in self.sheets.iter().rev().filter(|sheet| !known || of_project(sheet)) {
                for at in memmem::find_iter(&sheet.urls, &needle) {
                    let start = memrchr(b'\n', &sheet.urls[..at]).map_or(0, |end| end + 1);
                    let text = &sheet.urls[start..at + memchr(b'\n', &sheet.urls[at..]).unwrap_or_default()];
                    if !ends_in_name(&text[at - start + needle.len()..]) || !fits(text) {
                        continue;
                    }
                    let candidate = link(text, &sheet.page);
                    match &found {
                        Some(other) if other.url != candidate.url => return None,
                        Some(_) => {}
                        None => found = Some(candidate),
                    }
                }
            }
        }
        found
    }
}

fn needles(filename: &[u8]) -> Vec<Vec<u8>> {
    let plain = [b"/", filename].concat();
    let encoded = [b"/", &url::encoded(filename)[..]].concat();
    if plain == encoded { vec![plain] } else { vec![plain, encoded] }
}

/// Whether a file name ends before this rest of a URL.
fn ends_in_name(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'#' | b'?'))
}

fn link(text: &[u8], page: &[u8]) -> Link {
    let promised = memmem::find(text, b"sha256=").and_then(|at| Sha256::from_hex(text.get(at + 7..at + 71)?));
    Link { url: url::without_fragment(text).to_vec(), page: (!page.is_empty()).then(|| page.to_vec()), promised }
}

#[cfg(test)]
mod tests {
    use super::{HELD, Links};

    const DIGEST: &str = "aba0f4dc9ed8013c424088f68a5c226f7d6097ed89b246d7749c2ec4175c6adb";

    #[test]
    fn finds_the_link_of_a_name() {
        let mut links = Links::default();
        links.search("jinja2");
        links.found(
            format!("https://f.example/j/jinja2-3.1.5-py3-none-any.whl#sha256={DIGEST} (from https://i.example/simple/jinja2/) (requires-python:>=3.7), version: 3.1.5")
                .as_bytes(),
        );
        links.found(b"https://f.example/t/jinja2-3.1.6%2Bcu-py3-none-any.whl (from https://i.example/simple/jinja2/), version: 3.1.6");
        links.found(b"file:///app/wheelhouse/jinja2-3.1.6-py3-none-any.whl, version: 3.1.6");
        let link = links.of_name(b"jinja2-3.1.5-py3-none-any.whl", Some("Jinja2")).unwrap();
        assert_eq!(link.url, b"https://f.example/j/jinja2-3.1.5-py3-none-any.whl");
        assert_eq!(link.page.as_deref(), Some(&b"https://i.example/simple/jinja2/"[..]));
        assert_eq!(link.promised.unwrap().to_string(), DIGEST);
        let local = links.of_name(b"jinja2-3.1.6+cu-py3-none-any.whl", None).unwrap();
        assert_eq!(local.url, b"https://f.example/t/jinja2-3.1.6%2Bcu-py3-none-any.whl");
        assert_eq!(links.of_name(b"2-3.1.5-py3-none-any.whl", None), None);
        assert_eq!(links.of_name(b"jinja2-3.1.5-py3-none-any.wh", None), None);
        let file = links.of_file(b"jinja2-3.1.6-py3-none-any.whl", Some("jinja2")).unwrap();
        assert_eq!((file.url, file.page), (b"file:///app/wheelhouse/jinja2-3.1.6-py3-none-any.whl".to_vec(), None));
    }

    #[test]
    fn does_not_choose_between_two_urls() {
        let mut links = Links::default();
        links.search("six");
        links.found(b"https://a.example/six-1.0.tar.gz (from https://a.example/six/), version: 1.0");
        links.found(b"https://a.example/six-1.0.tar.gz (from https://a.example/six/), version: 1.0");
        assert!(links.of_name(b"six-1.0.tar.gz", Some("six")).is_some());
        links.found(b"https://b.example/six-1.0.tar.gz (from https://b.example/six/), version: 1.0");
        assert_eq!(links.of_name(b"six-1.0.tar.gz", Some("six")), None);
        links.chose(b"https://b.example/six-1.0.tar.gz");
        let link = links.of_name(b"six-1.0.tar.gz", Some("six")).unwrap();
        assert_eq!(link.page.as_deref(), Some(&b"https://b.example/six/"[..]));
    }

    #[test]
    fn keeps_the_newest_within_its_bound() {
        let mut links = Links::default();
        for number in 0..300_000 {
            links.found(
                format!(
                    "https://files.example/{:0>64}/demo-{number}.tar.gz (from https://i.example/demo/), version: 1",
                    ""
                )
                .as_bytes(),
            );
        }
        assert!(links.held <= HELD && links.sheets.iter().map(|sheet| sheet.urls.len()).sum::<usize>() <= HELD);
        assert!(links.of_name(b"demo-299999.tar.gz", None).is_some());
        assert!(links.of_name(b"demo-0.tar.gz", None).is_none());
    }
}

//! The parts of a URL, as bytes, as far as pip's text needs them.
//!
//! Refuses to normalize: what pip wrote is the key of its cache.

/// Whether this is a URL rather than a path or a bare file name.
pub(super) fn is_url(target: &[u8]) -> bool {
    memchr::memmem::find(target, b"://").is_some_and(|at| at > 0 && !target[..at].contains(&b'/'))
}

/// The URL before its fragment.
pub(super) fn without_fragment(url: &[u8]) -> &[u8] {
    memchr::memchr(b'#', url).map_or(url, |at| &url[..at])
}

/// The URL without user name and password: pip takes them out before it asks, so that they are not in its cache's key.
pub(super) fn without_user(url: &[u8]) -> Vec<u8> {
    let host = host_start(url);
    match memchr::memchr(b'@', authority(url)) {
        Some(at) => [&url[..host], &url[host + at + 1..]].concat(),
        None => url.to_vec(),
    }
}

/// The host, without user and port; `None` where there is none, as in `file:///`.
pub(super) fn host(url: &[u8]) -> Option<&[u8]> {
    let authority = is_url(url).then(|| authority(url))?;
    let authority = memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    let host = match authority {
        [b'[', rest @ ..] => &rest[..memchr::memchr(b']', rest)?],
        _ => memchr::memchr(b':', authority).map_or(authority, |at| &authority[..at]),
    };
    (!host.is_empty()).then_some(host)
}

/// The path with its query, from its first slash on.
pub(super) fn path(url: &[u8]) -> &[u8] {
    let url = without_fragment(url);
    &url[(host_start(url) + authority(url).len()).min(url.len())..]
}

/// The last component of a URL's or a file's path, decoded: the file's own name.
pub(super) fn filename(target: &[u8]) -> Vec<u8> {
    if !is_url(target) {
        return last_component(target).to_vec();
    }
    let path = path(target);
    let path = memchr::memchr(b'?', path).map_or(path, |at| &path[..at]);
    decoded(last_component(path))
}

/// The path that a `file:` URL names; `None` for any other.
pub(super) fn file_path(url: &[u8]) -> Option<Vec<u8>> {
    url.strip_prefix(b"file:").map(|_| decoded(path(url)))
}

/// The last component of a path that may end in slashes.
pub(super) fn last_component(path: &[u8]) -> &[u8] {
    let path = &path[..path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1)];
    memchr::memrchr(b'/', path).map_or(path, |at| &path[at + 1..])
}

/// Bytes that a URL writes as `%XX` in a path, as Python's `quote` does.
pub(super) fn encoded(name: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(name.len());
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
            encoded.push(byte);
        } else {
            encoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    encoded
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            decoded.push((high << 4 | low) as u8);
            rest = &after[2..];
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    decoded
}

fn host_start(url: &[u8]) -> usize {
    memchr::memmem::find(url, b"://").map_or(0, |at| at + 3)
}

fn authority(url: &[u8]) -> &[u8] {
    let rest = &url[host_start(url)..];
    &rest[..rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let url = b"https://me:pa%40ss@files.example:8443/a/b/torch-2.0%2Bcu118-py3-none-any.whl?x=/y#sha256=00";
        assert!(is_url(url) && !is_url(b"./a://b") && !is_url(b"six-1.0.tar.gz"));
        assert_eq!(host(url), Some(&b"files.example"[..]));
        assert_eq!(filename(url), b"torch-2.0+cu118-py3-none-any.whl");
        assert_eq!(path(url), b"/a/b/torch-2.0%2Bcu118-py3-none-any.whl?x=/y");
        assert_eq!(without_user(without_fragment(b"https://me:****@h/x@1#f")), b"https://h/x@1");
        assert_eq!(host(b"http://[::1]:80/x"), Some(&b"::1"[..]));
        assert_eq!(host(b"file:///srv/x"), None);
        assert_eq!(file_path(b"file:///srv/a%20b/x.whl"), Some(b"/srv/a b/x.whl".to_vec()));
        assert_eq!(filename(b"./wheelhouse/six%20-1.0.tar.gz"), b"six%20-1.0.tar.gz");
        assert_eq!(last_component(b"/simple/six//"), b"six");
        assert_eq!(encoded(b"a+b-1.0.whl"), b"a%2Bb-1.0.whl");
    }
}

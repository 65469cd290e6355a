//! Where users are at home, as Python finds it: by `HOME`, else by the list of users.
//!
//! Refuses to ask anything but `/etc/passwd`: a user whom only a directory service knows has no home here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::configuration::Environment;

/// The home of the user that pip runs as.
pub(super) fn home(environment: &impl Environment) -> Option<OsString> {
    environment.get("HOME").or_else(|| {
        let number = environment.user()?.to_string();
        listed(&users(), |user| user.number == number.as_bytes())
    })
}

/// `path` as pip takes it: a leading `~` is the home directory, `~name` that of another user (`os.path.expanduser`);
/// anything else is relative to the working directory.
pub(crate) fn expand(path: &[u8], environment: &impl Environment) -> PathBuf {
    let as_it_stands = || PathBuf::from(OsStr::from_bytes(path));
    let Some(behind) = path.strip_prefix(b"~") else { return as_it_stands() };
    // By the plain way, before the tool starts: memchr first asks what this processor has, which traps in a virtual machine.
    let (name, rest) = behind.split_at(behind.iter().position(|&byte| byte == b'/').unwrap_or(behind.len()));
    let home = match name {
        b"" => home(environment),
        _ => listed(&users(), |user| user.name == name),
    };
    let Some(home) = home else { return as_it_stands() };
    let mut expanded = home.into_vec();
    while expanded.last() == Some(&b'/') {
        expanded.pop();
    }
    expanded.extend_from_slice(rest);
    PathBuf::from(OsString::from_vec(if expanded.is_empty() { b"/".to_vec() } else { expanded }))
}

fn users() -> Vec<u8> {
    std::fs::read("/etc/passwd").unwrap_or_default()
}

struct User<'a> {
    name: &'a [u8],
    number: &'a [u8],
}

/// The home of the first user of a list (`passwd(5)`) who is meant.
fn listed(users: &[u8], is_meant: impl Fn(&User<'_>) -> bool) -> Option<OsString> {
    users.split(|&byte| byte == b'\n').find_map(|line| {
        let mut fields = line.split(|&byte| byte == b':');
        let user = User { name: fields.next()?, number: fields.nth(1)? };
        let home = fields.nth(2)?;
        is_meant(&user).then(|| OsStr::from_bytes(home).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_tilde_is_a_home_directory() {
        for (home, path, expanded) in [
            ("/h", "~/x", "/h/x"),
            ("/h/", "~", "/h"),
            ("/h", "~nobody-of-this-name/x", "~nobody-of-this-name/x"),
            ("/h", "x/~", "x/~"),
            ("", "~/x", "/x"),
            ("/", "~", "/"),
        ] {
            assert_eq!(expand(path.as_bytes(), &vec![("HOME", home)]), Path::new(expanded), "{home} {path}");
        }
    }

    #[test]
    fn without_a_variable_the_list_of_users_tells() {
        let users = b"root:x:0:0:root:/root:/bin/sh\n\n+::::::\nbuilder:x:10:10::/srv/build:\nshort:x:1\n";
        let of = |number: &[u8]| listed(users, |user| user.number == number);
        assert_eq!((of(b"0"), of(b"10"), of(b"1")), (Some("/root".into()), Some("/srv/build".into()), None));
        assert_eq!(listed(users, |user| user.name == b"builder"), Some("/srv/build".into()));
        // Of the user that this test runs as, and of one whom nobody knows.
        let own = rustix::process::getuid().as_raw();
        let listed_home = listed(&super::users(), |user| user.number == own.to_string().as_bytes());
        assert_eq!(home(&As(own)), listed_home);
        assert_eq!(home(&As(3_999_999_999)), None);
    }

    /// An empty environment of this user.
    struct As(u32);

    impl Environment for As {
        fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
            std::iter::empty()
        }

        fn get(&self, _: &str) -> Option<OsString> {
            None
        }

        fn user(&self) -> Option<u32> {
            Some(self.0)
        }
    }
}

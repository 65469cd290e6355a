//! The cache mounts of a step, as the value of its `--mount` flag names them (Dockerfile reference, `RUN --mount`).

/// A cache mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheMount<'a> {
    /// Where it is in the step, without a slash at its end.
    pub target: &'a str,
    /// Its name among all builds of an engine; the builder takes the target where none is given.
    pub id: Option<&'a str>,
    /// Whose it is when it is made.
    pub uid: Option<&'a str>,
}

impl<'a> CacheMount<'a> {
    /// Of the flag's value (`type=cache,target=/root/.cache/pip`); `None` if it is another kind of mount, or is nowhere.
    pub fn of(value: &'a str) -> Option<Self> {
        let field = |names: &[&str]| {
            let mut fields = value.split(',').filter_map(|field| field.split_once('='));
            fields.find_map(|(name, value)| names.contains(&name).then_some(value))
        };
        let target = field(&["target", "dst", "destination"])?.trim_end_matches('/');
        (field(&["type"]) == Some("cache")).then(|| CacheMount { target, id: field(&["id"]), uid: field(&["uid"]) })
    }
}

//! Files of which pip refused one without saying which: their digests tell.
//!
//! Refuses to guess: what neither a digest nor the digests of all the others decide stays unknown.

use std::collections::BTreeMap;

use crate::classify::Clues;
use crate::event::{Artifact, Origin};

/// Settles what is in doubt among the artifacts of a run that are completed as far as they will be.
pub(super) fn settle(found: &mut BTreeMap<u64, (Box<Artifact>, Box<Clues>)>) {
    let Some(mut unseen) =
        found.values().find_map(|(_, clues)| clues.doubt.as_ref().map(|doubt| doubt.refused.clone()))
    else {
        return;
    };
    let in_doubt =
        |(artifact, clues): &(Box<Artifact>, Box<Clues>)| clues.doubt.is_some() && artifact.origin == Origin::Unknown;
    for (artifact, clues) in found.values_mut().filter(|one| in_doubt(one)) {
        if let (Some(digest), Some(doubt)) = (artifact.sha256, &clues.doubt) {
            unseen.retain(|refused| *refused != digest);
            decide(artifact, clues, doubt.refused.contains(&digest));
        }
    }
    // By the digests of all the others.
    let open = found.values().filter(|one| in_doubt(one)).count();
    if unseen.is_empty() || open <= unseen.len() {
        found.values_mut().filter(|one| in_doubt(one)).for_each(|(artifact, clues)| {
            decide(artifact, clues, !unseen.is_empty());
        });
    }
}

fn decide(artifact: &mut Artifact, clues: &Clues, refused: bool) {
    let Some(doubt) = &clues.doubt else { return };
    artifact.origin = if refused { Origin::Failed } else { doubt.otherwise };
    artifact.reason = refused.then(|| doubt.reason.clone().into());
    if refused {
        artifact.size_bytes = None;
        artifact.sha256 = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::classify::Doubt;
    use crate::event::{Ecosystem, Kind, Sha256};

    use super::*;

    /// The origins that artifacts with these first bytes of digests get where two bytes were refused.
    fn origins(digests: &[Option<u8>], refused: &[u8]) -> Vec<Origin> {
        let digest = |byte: u8| Sha256([byte; 32]);
        let doubt = Doubt {
            refused: refused.iter().map(|&byte| digest(byte)).collect(),
            reason: "refused".to_owned(),
            otherwise: Origin::Downloaded,
        };
        let mut found = BTreeMap::new();
        for (number, byte) in digests.iter().enumerate() {
            let mut artifact = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
            artifact.sha256 = byte.map(digest);
            let clues = Clues { doubt: Some(doubt.clone()), ..Clues::default() };
            found.insert(number as u64, (Box::new(artifact), Box::new(clues)));
        }
        settle(&mut found);
        assert!(found.values().all(|(artifact, _)| artifact.origin != Origin::Failed || artifact.sha256.is_none()));
        found.into_values().map(|(artifact, _)| artifact.origin).collect()
    }

    #[test]
    fn digests_tell_which_file_was_refused() {
        use Origin::{Downloaded, Failed, Unknown};
        assert_eq!(origins(&[Some(1), Some(2), Some(3)], &[2]), [Downloaded, Failed, Downloaded]);
        assert_eq!(origins(&[Some(1), None, Some(3)], &[2]), [Downloaded, Failed, Downloaded]);
        assert_eq!(origins(&[Some(2), None], &[2]), [Failed, Downloaded]);
        assert_eq!(origins(&[Some(1), None, None], &[2]), [Downloaded, Unknown, Unknown]);
    }
}

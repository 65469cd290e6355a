//! `wheeltap report --budget FILE`: a session held to what was agreed on.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Console, Hint as _, Status, Tone};
use crate::event::json::document;
use crate::report::{Accepted, Analysis, Budget, Case, judge};

/// What of a budget is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Wish {
    /// Hold the session to the limits of this file: exit status 1 if it is over one
    #[arg(long, value_name = "FILE")]
    pub(crate) budget: Option<PathBuf>,
    /// Accept the session: what the growth of later ones is measured against, in FILE.accepted.json
    #[arg(long, requires = "budget")]
    pub(crate) accept: bool,
}

/// Judges, and says on stderr how the session stands to each limit that it does not keep.
///
/// # Errors
/// When the budget cannot be read, or what was accepted cannot be read or written.
pub(crate) fn hold(wish: &Wish, analysis: &Analysis<'_>, console: &mut Console) -> anyhow::Result<(Vec<Case>, Status)> {
    let Some(path) = &wish.budget else { return Ok((Vec::new(), Status::Ok)) };
    let budget = read(path)?;
    let beside = accepted_file(path);
    if wish.accept {
        let mut text = Vec::new();
        document(&mut text, &Accepted::of(analysis))?;
        crate::ledger::replace(&beside, &text).map_err(|error| anyhow::anyhow!("cannot {error}"))?;
        console.talk(&format!("accepted session {} in `{}`", analysis.session.session_id, beside.display()));
    }
    let accepted = match std::fs::read(&beside) {
        Ok(bytes) => Some(
            serde_json::from_slice::<Accepted>(&bytes)
                .with_context(|| format!("cannot read `{}` as an accepted session", beside.display()))
                .hint("`--accept` writes it anew")?,
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", beside.display())),
    };
    let cases = judge(&budget, analysis, accepted.as_ref());
    for case in &cases {
        match case.kept {
            Some(true) => {}
            Some(false) => console.say(Tone::Bad, "over budget", &format!("{}: {}", case.name, case.said)),
            None => console.say(Tone::Doubtful, "budget not judged", &format!("{}: {}", case.name, case.said)),
        }
    }
    let has_gaps = analysis.is_bound() && !budget.allow_incomplete;
    let status = if cases.iter().any(|case| case.kept == Some(false)) {
        Status::Finding
    } else if has_gaps || cases.iter().any(|case| case.kept.is_none()) {
        if has_gaps {
            let text =
                "within budget by what was seen, but the record has gaps; `allow-incomplete = true` lets it pass";
            console.say(Tone::Doubtful, "warning", text);
        }
        Status::Incomplete
    } else {
        Status::Ok
    };
    Ok((cases, status))
}

fn read(path: &Path) -> anyhow::Result<Budget> {
    let text = fs_err::read_to_string(path).context("cannot read the budget")?;
    let wrong = |error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        anyhow::anyhow!("cannot read `{}` as a budget: line {line}: {}", path.display(), error.message())
    };
    let budget: Budget = toml::from_str(&text).map_err(wrong).hint(
        "for example: [limits] downloads = 10, bytes = \"5 MB\", hosts = [\"*.example\"]; [growth] bytes = \"10 %\"",
    )?;
    match budget.fault() {
        Some(fault) => Err(anyhow::anyhow!("cannot use `{}`: {fault}", path.display())),
        None => Ok(budget),
    }
}

fn accepted_file(budget: &Path) -> PathBuf {
    let mut name = budget.as_os_str().to_owned();
    name.push(".accepted.json");
    name.into()
}

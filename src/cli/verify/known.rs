//! The file of accepted tries.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::Hint as _;
use crate::report::certificate::Known;

/// Reads it.
pub(super) fn read(path: &Path) -> anyhow::Result<Known> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    match Known::parse(&text) {
        Ok(known) => Ok(known),
        Err(faults) => {
            let lines: Vec<String> =
                faults.iter().map(|fault| format!("{}:{}: {}", path.display(), fault.line, fault.reason)).collect();
            let refused: anyhow::Result<Known> =
                (|| bail!("cannot accept what `--known` lists: {}", lines.join("; ")))();
            refused.hint("a line is `HOST[:PORT]  # why` or `/PATH/OF/A/SOCKET  # why`; `*` stands for any characters")
        }
    }
}

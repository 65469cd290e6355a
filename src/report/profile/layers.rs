//! The layers of an image, from `docker history --no-trunc --human=false --format '{{json .}}'`.

use serde::{Deserialize, Serialize};

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// The instruction that made it, without the builder's own words.
    pub created_by: String,
    /// Its size.
    pub bytes: u64,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "CreatedBy")]
    created_by: String,
    #[serde(rename = "Size")]
    size: String,
}

/// The layers, oldest first; a line that is none is passed over.
pub fn layers(history: &str) -> Vec<Layer> {
    let rows = history.lines().filter_map(|line| serde_json::from_str::<Row>(line).ok());
    let mut layers: Vec<Layer> = rows
        .map(|row| {
            let text = row.created_by.trim().trim_end_matches("# buildkit").trim();
            let text = text.strip_prefix("/bin/sh -c #(nop)").map_or(text, str::trim);
            Layer { created_by: text.to_owned(), bytes: row.size.parse().unwrap_or(0) }
        })
        .collect();
    layers.reverse();
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_builders_are_read() {
        let history = r#"{"Comment":"buildkit.dockerfile.v0","CreatedBy":"RUN /bin/sh -c a # buildkit","Size":"12"}
{"Comment":"","CreatedBy":"/bin/sh -c #(nop) COPY x /y ","Size":"3"}
"#;
        let layer = |created_by: &str, bytes| Layer { created_by: created_by.to_owned(), bytes };
        assert_eq!(layers(history), [layer("COPY x /y", 3), layer("RUN /bin/sh -c a", 12)]);
    }
}

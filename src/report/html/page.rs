//! The page as a whole: its policy, its head, the order of its sections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::data::data;
use super::escape::escaped;
use super::{charts, sections};
use crate::report::analysis::Analysis;
use crate::report::text::{circumstances, headline};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page on the last of `analyses`; those before it are its history. `None` if there is none.
pub fn html(analyses: &[Analysis<'_>]) -> Option<String> {
    let analysis = analyses.last()?;
    let session = analysis.session;
    let (_, headline) = headline(session, &analysis.figures);
    let mut page = String::new();
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    page += &format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · wheeltap {}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#files\">to the table of files</a>\n",
        escaped(&headline),
        session.session_id
    );
    page += &format!(
        "<header>\n<div class=\"brand\"><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"9\"/>\
         <circle cx=\"12\" cy=\"12\" r=\"2\"/><path d=\"M12 3v7M12 14v7M3 12h7M14 12h7\"/></svg>\
         <span><b>wheeltap</b> · build report</span></div>\n<h1>{}</h1>\n<p class=\"soft\">{}</p>\n",
        escaped(&capital(&headline)),
        escaped(&circumstances(session))
    );
    page += &sections::warnings(analysis);
    page += "</header>\n<main>\n";
    page += &sections::tiles(analysis);
    page += &charts::origins(analysis);
    page += &sections::remedies(analysis);
    page += &charts::waterfall(analysis);
    page += &charts::steps(analysis);
    page += &charts::largest_and_why(analysis);
    page += &charts::history(analyses);
    page += sections::TABLE;
    page += &sections::gaps(analysis);
    page += "</main>\n";
    page += &sections::footer(analysis);
    page += &format!("<script type=\"application/json\" id=\"data\">{}</script>\n", data(analysis));
    page += &format!("<script>{SCRIPT}</script>\n</body>\n</html>\n");
    Some(page)
}

/// How a policy names a style or a script that it allows.
fn digest(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

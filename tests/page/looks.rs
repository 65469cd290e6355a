//! What a reader of the page sees and does.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::browser::Browser;

/// The page on imagined sessions; the directory keeps it.
fn page(directory: &Path, wishes: &[&str]) -> PathBuf {
    let sessions = directory.join("sessions");
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/example-sessions");
    assert!(Command::new("python3").arg(tool).arg(&sessions).args(wishes).status().unwrap().success());
    let mut report = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    let output = report.args(["report", "--all", "--format", "html"]).arg(&sessions).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = directory.join("report.html");
    std::fs::write(&page, output.stdout).unwrap();
    page
}

fn place() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("wheeltap-page-").tempdir().unwrap()
}

/// The names in the rows of the table, as far as they are drawn.
const NAMES: &str = "[...document.querySelectorAll('#artifacts th button')].map(button => button.textContent)";

#[test]
fn the_page_shows_filters_and_sorts_without_asking_anybody() {
    let Some(mut browser) = Browser::start() else { return };
    let place = place();
    browser.open(&page(place.path(), &["--sessions", "6", "--artifacts", "40"]));
    assert_eq!(browser.value("document.querySelector('#count').textContent"), "41 of 41 files, 355 MB");
    let names = browser.value(NAMES);
    assert_eq!(names[0], "torch", "the largest first: {names}");
    browser.value("document.querySelector('#search').value = 'pydantic'; document.querySelector('#search').dispatchEvent(new Event('input'))");
    assert_eq!(browser.value(NAMES), json!(["pydantic_core", "pydantic"]));
    browser.value("document.querySelector('th[data-key=name] button').click()");
    assert_eq!(browser.value(NAMES), json!(["pydantic", "pydantic_core"]));
    assert_eq!(browser.value("document.querySelector('th[data-key=name]').getAttribute('aria-sort')"), "ascending");
    browser.value("document.querySelector('#search').value = ''; document.querySelector('#origin').selectedIndex = 1; document.querySelector('#origin').dispatchEvent(new Event('change'))");
    let pills =
        browser.value("[...new Set([...document.querySelectorAll('#artifacts .pill')].map(pill => pill.textContent))]");
    assert_eq!(pills.as_array().unwrap().len(), 1, "{pills}");
    // A name is a button, by the keyboard as well; its dialog has the whole digest.
    browser.value("document.querySelector('#origin').value = ''; document.querySelector('#search').value = 'numpy'; document.querySelector('#search').dispatchEvent(new Event('input'))");
    browser.value("document.querySelector('#artifacts th button').focus(); document.activeElement.click()");
    assert_eq!(browser.value("document.querySelector('#details').open"), true);
    let digest = browser
        .value("[...document.querySelectorAll('#fields dd')].some(field => /^[0-9a-f]{64}$/.test(field.textContent))");
    assert_eq!(digest, true);
    browser.value("document.querySelector('#close').click()");
    assert_eq!(browser.offences(), [] as [String; 0]);
}

#[test]
fn both_colour_schemes_can_be_read() {
    let Some(mut browser) = Browser::start() else { return };
    let place = place();
    let page = page(place.path(), &[]);
    // The contrast of body text, as WCAG has it: at least 4.5 to 1 for each pair that is written in.
    let contrast = "(() => {
        const light = colour => { const part = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
            return .2126 * part[0] + .7152 * part[1] + .0722 * part[2]; };
        const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + .05) / (b + .05); };
        const colour = (element, name) => getComputedStyle(element)[name];
        const card = colour(document.querySelector('section'), 'backgroundColor');
        return [...document.querySelectorAll('h1, h2, .soft, .tiles .note, code, #artifacts td')].map(element => ratio(colour(element, 'color'), card)).reduce((a, b) => Math.min(a, b)); })()";
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page);
        papers.push(browser.value("getComputedStyle(document.body).backgroundColor"));
        let least = browser.value(contrast).as_f64().unwrap();
        assert!(least >= 4.5, "{scheme}: {least}");
    }
    assert_ne!(papers[0], papers[1]);
    assert_eq!(browser.offences(), [] as [String; 0]);
}

#[test]
fn nothing_from_a_record_becomes_markup() {
    let Some(mut browser) = Browser::start() else { return };
    let place = place();
    let page = page(place.path(), &["--hostile"]);
    browser.open(&page);
    let foreign =
        "document.querySelectorAll('img, iframe, object, embed, link, [onerror], [onmouseover], [onclick]').length";
    assert_eq!(browser.value(foreign), 0);
    assert_eq!(browser.value("document.scripts.length"), 2);
    browser.value("document.querySelector('#search').value = 'alert'; document.querySelector('#search').dispatchEvent(new Event('input'))");
    let shown = browser.value("document.querySelector('#artifacts').innerText");
    assert!(shown.as_str().unwrap().contains("<img src=x onerror=alert(1)>"), "shown as the text that it is");
    browser.value("for (const button of document.querySelectorAll('#artifacts th button')) { button.click(); document.querySelector('#close').click(); }");
    assert_eq!(browser.value(foreign), 0);
    assert_eq!(browser.offences(), [] as [String; 0]);
    let text = std::fs::read_to_string(page).unwrap();
    assert!(!text.contains(" style=\"") && !text.contains("unsafe-inline"), "the policy would have to allow it");
    assert!(text.contains("default-src 'none'"));
}

#[test]
fn a_thousand_files_are_small_and_twenty_thousand_scroll() {
    let Some(mut browser) = Browser::start() else { return };
    let place = place();
    let thousand = page(&place.path().join("thousand"), &["--sessions", "1", "--artifacts", "1000"]);
    let length = std::fs::metadata(&thousand).unwrap().len();
    assert!(length <= 300_000, "{length} bytes");
    browser.open(&page(&place.path().join("many"), &["--sessions", "1", "--artifacts", "20000"]));
    assert!(browser.value("document.querySelectorAll('#artifacts tr').length").as_u64().unwrap() < 120);
    // From top to bottom in steps of a window, each drawn before the next: the slowest says whether it stalls.
    let scroll = "(async () => { const pane = document.querySelector('#scroller'); let slowest = 0;
        for (let step = 0; step < 60; step++) { const from = performance.now(); pane.scrollTop = step / 59 * pane.scrollHeight;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            slowest = Math.max(slowest, performance.now() - from); }
        return [slowest, document.querySelector('#artifacts tr:nth-last-child(2)').getAttribute('aria-rowindex')]; })()";
    let scrolled = browser.value(scroll);
    assert_eq!(scrolled[1], "20002", "the last row is reached");
    assert!(scrolled[0].as_f64().unwrap() < 3_000.0, "{scrolled} ms for one step on a busy machine");
    let sort = "(() => { const from = performance.now(); document.querySelector('th[data-key=name] button').click(); return performance.now() - from; })()";
    let sorted = browser.value(sort).as_f64().unwrap();
    eprintln!("20 000 files: slowest step {} ms, sorted in {sorted:.0} ms", scrolled[0]);
    assert!(sorted < 5_000.0, "{sorted} ms to sort on a busy machine");
    assert_eq!(browser.offences(), [] as [String; 0]);
}

/// Pictures for the README, on request: `make screenshots`.
#[test]
#[ignore = "writes docs/images"]
fn screenshots() {
    let mut browser = Browser::start().expect("screenshots need Chromium");
    let place = place();
    let page = page(place.path(), &["--sessions", "14", "--artifacts", "44"]);
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    std::fs::create_dir_all(&images).unwrap();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": 1200, "height": 1230, "deviceScaleFactor": 1, "mobile": false}),
        );
        browser.open(&page);
        let answer: Value = browser.ask("Page.captureScreenshot", json!({"format": "png", "optimizeForSpeed": false}));
        let picture = base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::write(images.join(format!("report-{scheme}.png")), picture).unwrap();
    }
}

//! A wheelhouse against requirements: what is to be installed, then each build in its own environment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use pep440_rs::Version;

use super::super::requirements::{Entry, Requirements};
use super::super::target::Target;
use super::candidate::unfit;
use super::solve::{Rules, Solution, Stated};
use super::{Asked, Candidate, Chosen, Controls, Doubt, Finding, Pool, Report, Wish, remedy};

/// What lies at the paths and `file:` URLs that requirements name, or why it cannot be read.
pub type Locals = HashMap<String, Result<Candidate, String>>;

/// The first setuptools that builds wheels without `wheel`.
const SETUPTOOLS_ALONE: [u64; 3] = [70, 1, 0];

/// Whether pip could install what `readings` ask for on `target` from the files of `pool` and `locals` alone.
pub fn check(readings: &[Requirements], pool: &Pool, locals: &Locals, target: &Target) -> Report {
    let mut pool = pool.clone();
    for (location, candidate) in locals {
        if let Ok(candidate) = candidate {
            pool.add(Candidate { location: Some(location.clone()), ..candidate.clone() });
        }
    }
    let controls = Controls::of(readings);
    let mut report = Report::default();
    let entries = || readings.iter().flat_map(|reading| &reading.entries);
    let roots: Vec<_> = entries()
        .filter(|entry| !entry.constraint)
        .filter_map(|entry| root(entry, locals, target, &mut report))
        .collect();
    let constraints: Vec<_> =
        entries().filter(|entry| entry.constraint).filter_map(|entry| constraint(entry, target)).collect();
    let rules = Rules { pool: &pool, target, controls: &controls, constraints: &constraints };
    let solution = rules.solve(&roots);
    record(&rules, &solution, None, &mut report);
    if readings.iter().any(Requirements::demands_hashes) {
        let hashes: Vec<_> = entries().filter(|entry| !entry.hashes.is_empty()).collect();
        match_hashes(&solution, &hashes, &mut report);
    }
    build_all(Rules { constraints: &[], ..rules }, &solution, &mut report);
    report.chosen.sort_unstable();
    report.doubts.sort_unstable();
    report.doubts.dedup();
    report
}

fn root(entry: &Entry, locals: &Locals, target: &Target, report: &mut Report) -> Option<Rc<Stated>> {
    let requirement = &entry.requirement;
    if !target.applies(requirement.marker.as_ref(), &[]) {
        return None;
    }
    let by = entry.place.to_string();
    let local = requirement.source.location().and_then(|location| locals.get(location));
    let name = match (&requirement.name, local) {
        (_, Some(Ok(candidate))) => candidate.name.clone(),
        (_, Some(Err(reason))) => {
            report.findings.push(Finding::Broken { filename: entry.shown(), reason: reason.clone() });
            return None;
        }
        (Some(name), None) => name.clone(),
        // Nothing local, and no name: it can only be fetched.
        (None, None) => {
            report.findings.push(Finding::Network(Asked { requirement: entry.shown(), by }));
            return None;
        }
    };
    Some(Rc::new(Stated { wish: Wish::of(requirement, &name, entry.shown()), by }))
}

fn constraint(entry: &Entry, target: &Target) -> Option<Rc<Stated>> {
    let name = entry.requirement.name.as_ref()?;
    let wish = Wish { location: None, ..Wish::of(&entry.requirement, name, entry.shown()) };
    target.applies(wish.marker.as_ref(), &[]).then(|| Rc::new(Stated { wish, by: entry.place.to_string() }))
}

/// Puts what a solution chose and lacks into the report.
fn record(rules: &Rules<'_>, solution: &Solution<'_>, to_build: Option<&str>, report: &mut Report) {
    let to_build = to_build.map(str::to_owned);
    for name in &solution.unserved {
        report.findings.push(lack(rules, solution, name, to_build.clone()));
    }
    report.findings.extend(solution.choice.remote.iter().map(|stated| Finding::Network(stated.asked())));
    if solution.given_up {
        let filename = to_build.clone().unwrap_or_default();
        report
            .doubts
            .push(Doubt { filename, reason: "there are too many combinations of versions to try them all".to_owned() });
    }
    for (name, (file, _)) in &solution.choice.files {
        if solution.unserved.contains(name) {
            continue;
        }
        report.chosen.push(Chosen { filename: file.filename.clone(), to_build: to_build.clone() });
        report
            .doubts
            .extend(file.doubts.iter().map(|reason| Doubt { filename: file.filename.clone(), reason: reason.clone() }));
        if let Some(reason) = &file.broken {
            let broken = Finding::Broken { filename: file.filename.clone(), reason: reason.clone() };
            if !report.findings.contains(&broken) {
                report.findings.push(broken);
            }
        }
    }
}

/// Why no file of `name` serves all who ask.
fn lack(rules: &Rules<'_>, solution: &Solution<'_>, name: &str, to_build: Option<String>) -> Finding {
    let stated = solution.choice.stated.get(name).map_or(&[][..], Vec::as_slice);
    let limits = rules.constraints.iter().filter(|limit| limit.wish.name == name);
    let all: Vec<&Rc<Stated>> = stated.iter().chain(limits).collect();
    let mut asked: Vec<Asked> = all.iter().map(|stated| stated.asked()).collect();
    asked.dedup();
    let serves =
        |stated: &&Rc<Stated>| !rules.pool.serving(name, &[&stated.wish], rules.target, rules.controls).is_empty();
    if all.iter().all(serves) && all.len() > 1 {
        return Finding::Conflict { name: name.to_owned(), asked, to_build };
    }
    let wishes: Vec<&Wish> = all.iter().map(|stated| &stated.wish).collect();
    let unfit = rules.pool.named(name).iter().filter_map(|candidate| {
        let reason = unfit(candidate, &wishes, rules.target, rules.controls)?;
        Some(format!("{}: {reason}", candidate.filename))
    });
    let unfit = unfit.collect();
    Finding::Missing { name: name.to_owned(), requirement: remedy::merged(name, &wishes), asked, unfit, to_build }
}

/// Holds each chosen file against the digests that are accepted: where one is demanded, each must have one.
fn match_hashes(solution: &Solution<'_>, hashed: &[&Entry], report: &mut Report) {
    for (name, (file, _)) in &solution.choice.files {
        let named = |entry: &&&Entry| {
            entry.requirement.name.as_deref().is_some_and(|one| crate::event::canonical_name(one) == *name)
        };
        let entries: Vec<_> = hashed.iter().filter(named).collect();
        let accepted: Vec<_> = entries.iter().flat_map(|entry| &entry.hashes).collect();
        let own = file.sha256.map(|digest| format!("sha256:{digest}"));
        if accepted.is_empty() {
            let asked = solution.choice.stated.get(name).into_iter().flatten().map(|stated| stated.asked()).collect();
            report.findings.push(Finding::Unhashed { filename: file.filename.clone(), asked });
        } else if accepted.iter().all(|one| !one.starts_with("sha256:")) {
            let reason = "its accepted digests are not sha256, which alone is compared here".to_owned();
            report.doubts.push(Doubt { filename: file.filename.clone(), reason });
        } else if !accepted.iter().any(|one| own.as_deref().is_some_and(|own| one.eq_ignore_ascii_case(own))) {
            let by = entries.iter().map(|entry| entry.place.to_string()).collect::<Vec<_>>().join(", ");
            report.findings.push(Finding::WrongHash { filename: file.filename.clone(), by });
        }
    }
}

/// Solves the build of every source distribution that was chosen, and of those that these are built with.
fn build_all(rules: Rules<'_>, solution: &Solution<'_>, report: &mut Report) {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sources = |solution: &Solution<'_>| -> Vec<Candidate> {
        let files = solution.choice.files.values().map(|(file, _)| *file);
        files.filter(|file| file.build.is_some()).cloned().collect()
    };
    let mut waiting = sources(solution);
    while let Some(source) = waiting.pop() {
        if uses.contains_key(&source.filename) {
            continue;
        }
        let solution = solve_build(&rules, &source);
        record(&rules, &solution, Some(&source.filename), report);
        let used = sources(&solution);
        uses.insert(source.filename.clone(), used.iter().map(|file| file.filename.clone()).collect());
        waiting.extend(used);
    }
    report.findings.extend(circle(&uses).map(Finding::Circle));
}

fn solve_build<'a>(rules: &Rules<'a>, source: &Candidate) -> Solution<'a> {
    let Some(build) = &source.build else { return rules.solve(&[]) };
    let stated = |wish: &Wish, by: &str| Rc::new(Stated { wish: wish.clone(), by: by.to_owned() });
    let counts = |wish: &&Wish| rules.target.applies(wish.marker.as_ref(), &[]);
    let mut roots: Vec<_> = build
        .requires
        .iter()
        .filter(counts)
        .map(|wish| stated(wish, &format!("the build of {}", source.filename)))
        .collect();
    let wheel = |by: &str| Wish::parse("wheel").map(|wish| stated(&wish, by));
    if build.is_default && rules.target.wants_wheel() {
        roots.extend(wheel(&format!("pip before 24.0, to build {}", source.filename)));
    }
    let solution = rules.solve(&roots);
    let setuptools = solution.choice.files.get("setuptools").filter(|_| build.is_setuptools);
    match setuptools {
        Some((file, _)) if file.version < Version::new(SETUPTOOLS_ALONE) => {
            roots.extend(wheel(&format!("setuptools {}", file.version)));
            rules.solve(&roots)
        }
        _ => solution,
    }
}

/// Sources that need each other to be built, if there are any.
fn circle(uses: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        at: &str,
        uses: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|file| file == at) {
            return Some(path[start..].iter().cloned().chain([at.to_owned()]).collect());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        path.push(at.to_owned());
        let found = uses.get(at).into_iter().flatten().find_map(|next| walk(next, uses, path, done));
        path.pop();
        found
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|start| walk(start, uses, &mut Vec::new(), &mut done))
}

//! One choice of files for many wishes.
//!
//! First as people would: the best file for each wish, and again with what the chosen ones ask for, until nothing
//! changes. Where that ends in a contradiction, every combination is searched, within bounds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use pep508_rs::ExtraName;

use super::super::target::Target;
use super::{Asked, Candidate, Controls, Pool, Wish};

/// How often the first way is gone before it counts as a contradiction.
const PASSES: usize = 30;
/// How many choices the search makes before it is given up.
const CHOICES: usize = 20_000;
/// How many choices deep the search goes.
const DEEPEST: usize = 1_000;

/// A wish and who has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stated {
    pub(super) wish: Wish,
    pub(super) by: String,
}

impl Stated {
    pub(super) fn asked(&self) -> Asked {
        Asked { requirement: self.wish.text.clone(), by: self.by.clone() }
    }
}

/// What holds for the whole of a resolution.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) pool: &'a Pool,
    pub(super) target: &'a Target,
    pub(super) controls: &'a Controls,
    /// Limits that are no wishes.
    pub(super) constraints: &'a [Rc<Stated>],
}

/// Files for wishes.
#[derive(Clone, Default)]
pub(super) struct Choice<'a> {
    /// The file of each distribution, with the extras that are asked for.
    pub(super) files: BTreeMap<String, (&'a Candidate, BTreeSet<ExtraName>)>,
    /// Who asked for each distribution.
    pub(super) stated: BTreeMap<String, Vec<Rc<Stated>>>,
    /// What is fetched from elsewhere.
    pub(super) remote: Vec<Rc<Stated>>,
}

/// What was found.
pub(super) struct Solution<'a> {
    pub(super) choice: Choice<'a>,
    /// Distributions that are not served as all ask.
    pub(super) unserved: Vec<String>,
    /// The search was given up: there may be a solution all the same.
    pub(super) given_up: bool,
}

impl<'a> Rules<'a> {
    /// Chooses files for `roots` and for everything that they need.
    pub(super) fn solve(&self, roots: &[Rc<Stated>]) -> Solution<'a> {
        let mut before = BTreeMap::new();
        let mut choice = Choice::default();
        for _ in 0..PASSES {
            choice = self.pass(roots, &before);
            let unserved = self.unserved(&choice);
            if unserved.is_empty() {
                return Solution { choice, unserved, given_up: false };
            }
            if choice.stated == before {
                break;
            }
            before.clone_from(&choice.stated);
        }
        let mut left = CHOICES;
        let queue = roots.iter().cloned().collect();
        match self.search(Choice::default(), queue, &mut left, 0) {
            Some(choice) => Solution { choice, unserved: Vec::new(), given_up: false },
            None => Solution { unserved: self.unserved(&choice), choice, given_up: left == 0 },
        }
    }

    /// The best file for each distribution, reckoning with what was asked for in the pass before.
    fn pass(&self, roots: &[Rc<Stated>], before: &BTreeMap<String, Vec<Rc<Stated>>>) -> Choice<'a> {
        let mut choice = Choice::default();
        let mut queue: VecDeque<Rc<Stated>> = roots.iter().cloned().collect();
        while let Some(stated) = queue.pop_front() {
            let name = stated.wish.name.clone();
            if !self.note(&mut choice, &stated, &mut queue) || choice.files.contains_key(&name) {
                continue;
            }
            let now = choice.stated.get(&name).cloned().unwrap_or_default();
            let foreseen: Vec<_> = now.iter().chain(before.get(&name).into_iter().flatten()).cloned().collect();
            let best = self
                .serving(&name, &foreseen)
                .into_iter()
                .next()
                .or_else(|| self.serving(&name, &now).into_iter().next());
            if let Some(best) = best {
                self.take(&mut choice, best, &stated, &mut queue);
            }
        }
        choice
    }

    /// A choice without contradiction, by trying one file after the other; `left` counts down the choices.
    fn search(
        &self,
        mut choice: Choice<'a>,
        mut queue: VecDeque<Rc<Stated>>,
        left: &mut usize,
        depth: usize,
    ) -> Option<Choice<'a>> {
        while let Some(stated) = queue.pop_front() {
            let name = &stated.wish.name;
            if !self.note(&mut choice, &stated, &mut queue) {
                continue;
            }
            let serving = self.serving(name, choice.stated.get(name).map_or(&[], Vec::as_slice));
            if let Some((file, _)) = choice.files.get(name) {
                if !serving.iter().any(|candidate| std::ptr::eq(*candidate, *file)) {
                    return None;
                }
                continue;
            }
            if let [only] = *serving.as_slice() {
                self.take(&mut choice, only, &stated, &mut queue);
                continue;
            }
            for candidate in serving {
                *left = left.saturating_sub(1);
                if *left == 0 || depth >= DEEPEST {
                    *left = 0;
                    return None;
                }
                let (mut choice, mut queue) = (choice.clone(), queue.clone());
                self.take(&mut choice, candidate, &stated, &mut queue);
                if let Some(found) = self.search(choice, queue, left, depth + 1) {
                    return Some(found);
                }
            }
            return None;
        }
        Some(choice)
    }

    /// Notes who asks, and follows extras that are new for a file that was chosen already. `false` where the wish is
    /// for a place elsewhere.
    fn note(&self, choice: &mut Choice<'a>, stated: &Rc<Stated>, queue: &mut VecDeque<Rc<Stated>>) -> bool {
        let wish = &stated.wish;
        let is_local =
            |location: &String| self.pool.named(&wish.name).iter().any(|one| one.location.as_ref() == Some(location));
        if wish.location.as_ref().is_some_and(|location| !is_local(location)) {
            choice.remote.push(stated.clone());
            return false;
        }
        choice.stated.entry(wish.name.clone()).or_default().push(stated.clone());
        if let Some((file, extras)) = choice.files.get_mut(&wish.name) {
            let new: Vec<_> = wish.extras.iter().filter(|extra| extras.insert((*extra).clone())).cloned().collect();
            // What it needs anyway is in the queue already; and a file may well need itself with an extra.
            if !new.is_empty() {
                queue.extend(self.needs(file, &new).into_iter().filter(|need| need.wish.marker.is_some()));
            }
        }
        true
    }

    fn take(&self, choice: &mut Choice<'a>, file: &'a Candidate, stated: &Stated, queue: &mut VecDeque<Rc<Stated>>) {
        queue.extend(self.needs(file, &stated.wish.extras));
        choice.files.insert(file.name.clone(), (file, stated.wish.extras.iter().cloned().collect()));
    }

    /// What a file needs with these extras.
    fn needs(&self, file: &Candidate, extras: &[ExtraName]) -> Vec<Rc<Stated>> {
        let by = format!("{} {}", file.name, file.version);
        let extras: Vec<ExtraName> = extras.iter().filter(|extra| file.extras.contains(extra)).cloned().collect();
        let counts = |wish: &&Wish| self.target.applies(wish.marker.as_ref(), &extras);
        file.requires.iter().filter(counts).map(|wish| Rc::new(Stated { wish: wish.clone(), by: by.clone() })).collect()
    }

    fn serving(&self, name: &str, stated: &[Rc<Stated>]) -> Vec<&'a Candidate> {
        let limits = self.constraints.iter().filter(|limit| limit.wish.name == name);
        let wishes: Vec<&Wish> = stated.iter().chain(limits).map(|stated| &stated.wish).collect();
        self.pool.serving(name, &wishes, self.target, self.controls)
    }

    fn unserved(&self, choice: &Choice<'a>) -> Vec<String> {
        let is_served = |name: &String, stated: &[Rc<Stated>]| {
            let serving = self.serving(name, stated);
            choice
                .files
                .get(name)
                .is_some_and(|(file, _)| serving.iter().any(|candidate| std::ptr::eq(*candidate, *file)))
        };
        choice.stated.iter().filter(|(name, stated)| !is_served(name, stated)).map(|(name, _)| name.clone()).collect()
    }
}

//! What is built: one Dockerfile or several, and what the names in them stand for.
//!
//! Refuses to ask anybody what an image is: it tells which ones there are to be asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::command::{Command, Kind};
use super::source::Source;
use super::target::Target;
use super::{bake, compose};
use crate::dockerfile::{Injection, inject};

/// What a command builds.
pub(super) enum Subject {
    One(Source),
    /// Each of them, with its Dockerfile or why that cannot be had.
    Several(Several, Vec<(Target, anyhow::Result<Source>)>),
}

/// Several builds, as their client understands them.
pub(super) enum Several {
    Compose(compose::Project),
    Bake(bake::Definition),
}

impl Subject {
    /// What `command` builds.
    ///
    /// # Errors
    /// Why that cannot be had beforehand.
    pub(super) fn find(command: &Command) -> anyhow::Result<Subject> {
        let (several, targets) = match command.kind {
            Kind::Compose => {
                let project = compose::Project::resolve(command)?;
                let targets = project.targets()?;
                (Several::Compose(project), targets)
            }
            Kind::Bake => {
                let definition = bake::Definition::resolve(command)?;
                let targets = definition.targets();
                (Several::Bake(definition), targets)
            }
            _ => return Ok(Subject::One(Source::find(command)?)),
        };
        let source = |target: &Target| {
            let source = target.source()?;
            anyhow::ensure!(
                target.inline.is_none() || command.kind == Kind::Compose,
                "its Dockerfile stands in the file of the build, where bake lets nobody replace it"
            );
            Ok(source)
        };
        let with_source = |target: Target| (source(&target), target);
        let targets = targets.into_iter().map(with_source).map(|(source, target)| (target, source));
        Ok(Subject::Several(several, targets.collect()))
    }

    /// The images that its steps are built on.
    pub(super) fn images(&self, command: &Command) -> BTreeSet<String> {
        let mut images = BTreeSet::new();
        match self {
            Subject::One(source) => images.extend(Terms { command, target: None }.images(source)),
            Subject::Several(_, targets) => {
                for (target, source) in targets {
                    let terms = Terms { command, target: Some(target) };
                    images.extend(source.iter().flat_map(|source| terms.images(source)));
                }
            }
        }
        images
    }
}

/// What the names in a Dockerfile stand for, of which `target` is built if it is one of several.
pub(super) struct Terms<'a> {
    pub(super) command: &'a Command,
    pub(super) target: Option<&'a Target>,
}

impl Terms<'_> {
    /// The value of a build argument.
    pub(super) fn argument(&self, name: &str) -> Option<String> {
        let typed = self.command.arguments.iter().rev().find(|(known, _)| known == name);
        let typed = typed.map(|(_, value)| value.to_string_lossy().into_owned());
        typed.or_else(|| self.target?.argument(name))
    }

    /// The image behind a name; `None` if something else is.
    pub(super) fn image(&self, name: &str) -> Option<String> {
        let wanted = name.strip_suffix(":latest").unwrap_or(name);
        let context = match self.target {
            Some(target) => target.context(wanted),
            None => {
                self.command.contexts.iter().rev().find(|(known, _)| known == wanted).map(|(_, value)| value.clone())
            }
        };
        match context {
            Some(context) => context.strip_prefix("docker-image://").map(str::to_owned),
            None => Some(name.to_owned()),
        }
    }

    /// The images that the steps of a Dockerfile are built on.
    fn images(&self, source: &Source) -> BTreeSet<String> {
        let images = RefCell::new(BTreeSet::new());
        let injection = Injection {
            mount: "",
            wrapper: &[],
            here_documents: true,
            argument: &|name| self.argument(name),
            shell: &|image| {
                images.borrow_mut().extend(self.image(image));
                Err(String::new())
            },
        };
        // What is no Dockerfile will be said when it is wrapped.
        let _ = inject(&source.text, &injection);
        images.into_inner()
    }
}

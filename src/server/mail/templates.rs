//! The templates of mails: those beside this file, or an operator's in their place.

use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter,
};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use super::samples::{SAMPLE_CODE, SAMPLE_LINK, Samples};

/// The reason that a template cannot be used: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error(
        "mail.templates is {}, which is no folder that can be read: {error}.",
        folder.display()
    )]
    Folder { folder: PathBuf, error: std::io::Error },
    #[error(
        "{} is no template that Latchkey knows. They are called {}.",
        file.display(),
        FILES.map(|(name, _)| name).join(", ")
    )]
    Unknown { file: PathBuf },
    #[error("The mail template {file} cannot be read: {error}.")]
    Read { file: String, error: std::io::Error },
    #[error("The mail template {file}, line {line}, does not work: {why}.")]
    Broken { file: String, line: usize, why: String },
    #[error(
        "The mail template {file} shows neither `link` nor `code`: nobody could sign in by it."
    )]
    Dead { file: String },
}

/// The templates, compiled once.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

/// Names of the templates, as files in an operator's folder, and the built-in texts. The frame
/// surrounds all HTML mails.
const FILES: [(&str, &str); 16] = [
    ("frame.html", include_str!("templates/frame.html")),
    ("sign_in.subject.txt", include_str!("templates/sign_in.subject.txt")),
    ("sign_in.txt", include_str!("templates/sign_in.txt")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("new_device.subject.txt", include_str!("templates/new_device.subject.txt")),
    ("new_device.txt", include_str!("templates/new_device.txt")),
    ("new_device.html", include_str!("templates/new_device.html")),
    ("password.subject.txt", include_str!("templates/password.subject.txt")),
    ("password.txt", include_str!("templates/password.txt")),
    ("password.html", include_str!("templates/password.html")),
    ("invitation.subject.txt", include_str!("templates/invitation.subject.txt")),
    ("invitation.txt", include_str!("templates/invitation.txt")),
    ("invitation.html", include_str!("templates/invitation.html")),
    ("waitlist.subject.txt", include_str!("templates/waitlist.subject.txt")),
    ("waitlist.txt", include_str!("templates/waitlist.txt")),
    ("waitlist.html", include_str!("templates/waitlist.html")),
];

/// Templates without whose link or code nobody could sign in.
const NEEDED: [&str; 4] = ["sign_in.txt", "sign_in.html", "invitation.txt", "invitation.html"];

impl Templates {
    /// Loads the built-in templates, each replaced by the file of its name in `folder` if there is
    /// one. Each is tested on a sample, so that a mistake stops the start and not a mail.
    pub fn load(folder: Option<&Path>, samples: &Samples) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        environment.set_formatter(escaped);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        folder.map_or(Ok(()), only_templates)?;
        let own = |name: &str| folder.map(|folder| folder.join(name)).filter(|file| file.exists());
        let shown =
            |name: &str| own(name).map_or(name.to_owned(), |file| file.display().to_string());
        // A mistake in the frame shows up in a mail that it surrounds.
        let broken = |name: &str, error: minijinja::Error| TemplateError::Broken {
            file: shown(error.name().unwrap_or(name)),
            line: error.line().unwrap_or(1),
            why: error.detail().map_or_else(
                || error.kind().to_string(),
                |detail| format!("{}: {detail}", error.kind()),
            ),
        };
        for (name, built_in) in FILES {
            let source = match own(name) {
                Some(file) => std::fs::read_to_string(&file)
                    .map_err(|error| TemplateError::Read { file: shown(name), error })?,
                None => built_in.to_owned(),
            };
            environment.add_template_owned(name, source).map_err(|error| broken(name, error))?;
        }
        for (name, _) in FILES {
            let sample = samples.of(name);
            let shows = environment.get_template(name).and_then(|template| template.render(sample));
            let shows = shows.map_err(|error| broken(name, error))?;
            let is_alive = [SAMPLE_LINK, SAMPLE_CODE]
                .iter()
                .any(|secret| shows.replace(' ', "").contains(secret));
            if NEEDED.contains(&name) && !is_alive {
                return Err(TemplateError::Dead { file: shown(name) });
            }
        }
        Ok(Templates(environment))
    }

    /// Renders the template `name` with these words.
    pub fn render(&self, name: &str, words: &Value) -> Result<String, minijinja::Error> {
        self.0.get_template(name)?.render(words)
    }
}

/// Escapes what HTML needs escaped and no more: minijinja escapes slashes, too, and link rewriters
/// and webmail that take an href literally make a dead link of `https:&#x2f;&#x2f;`.
fn escaped(out: &mut Output, state: &State, value: &Value) -> Result<(), minijinja::Error> {
    let text = value.as_str().filter(|_| state.auto_escape() == AutoEscape::Html);
    let Some(text) = text.filter(|_| !value.is_safe()) else {
        return escape_formatter(out, state, value);
    };
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            _ => out.write_char(c),
        }?;
    }
    Ok(())
}

/// Refuses a folder with a file that no template is named like: it would be silently ignored.
fn only_templates(folder: &Path) -> Result<(), TemplateError> {
    let unreadable = |error| TemplateError::Folder { folder: folder.to_owned(), error };
    for file in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = file.map_err(unreadable)?.path();
        let is_template =
            file.extension().is_some_and(|ending| ending == "txt" || ending == "html");
        let is_known =
            FILES.iter().any(|(name, _)| file.file_name().is_some_and(|file| file == *name));
        if is_template && !is_known {
            return Err(TemplateError::Unknown { file });
        }
    }
    Ok(())
}

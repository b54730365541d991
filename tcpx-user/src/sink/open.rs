//! The one place that opens where results go.

use std::{
    env,
    fs::File,
    io::{self, Write},
    path::Path,
};

use super::{
    Sink,
    json::Json,
    text::{Look, Text},
};
use crate::{
    cli::{args::Format, color::Environment, failure::Failure, request::Output},
    text::lang::Lang,
};

/// Columns where no terminal says otherwise.
const COLUMNS: usize = 80;
/// Wider text is hard to read.
const WIDEST: usize = 120;
/// Narrower than this nothing fits.
const NARROWEST: usize = 40;

/// An open stream for results, and how text on it looks.
pub struct Results {
    /// The stream; unbuffered.
    pub out: Box<dyn Write>,
    /// How text looks there.
    pub look: Look,
    /// What it is, for messages.
    pub name: String,
}

impl Results {
    /// Opens the file, or takes stdout.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn open(output: &Output) -> Result<Self, Failure> {
        if let Some(path) = &output.path {
            return Self::file(path, output);
        }
        let environment = Environment::of(&io::stdout());
        let width = if environment.terminal { terminal_width() } else { None };
        let look = look(output, environment, width);
        Ok(Self { out: Box::new(io::stdout()), look, name: "results".to_owned() })
    }

    fn file(path: &Path, output: &Output) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(Failure::io(format!("creating {name}")))?;
        Ok(Self { look: look(output, Environment::of(&file), None), out: Box::new(file), name })
    }

    /// The sink that was asked for; text says on stderr what is no result.
    #[must_use]
    pub fn into_sink(self, output: &Output) -> Box<dyn Sink> {
        let detail = output.detail;
        match output.format {
            Format::Json => Box::new(Json::new(self.out)),
            Format::Text => Box::new(Text::new(self.out, notes(output), self.look, detail, output.all)),
        }
    }

    /// Writes what is no stream of lines: an explanation, a report.
    ///
    /// # Errors
    /// Of the stream; [`Failure::Closed`] if its reader has gone.
    pub fn write(mut self, text: &str) -> Result<(), Failure> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(Failure::writing(self.name))
    }
}

/// stderr, coloured by its own kind of terminal.
fn notes(output: &Output) -> (Box<dyn Write>, Look) {
    (Box::new(io::stderr()), notes_look(output))
}

/// How text looks on stderr.
#[must_use]
pub fn notes_look(output: &Output) -> Look {
    let environment = Environment::of(&io::stderr());
    let width = if environment.terminal { terminal_width() } else { None };
    look(output, environment, width)
}

fn look(output: &Output, environment: Environment, width: Option<usize>) -> Look {
    let asked = || env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = width.or_else(asked).unwrap_or(COLUMNS).clamp(NARROWEST, WIDEST);
    // Who reads Chinese has a terminal that shows it.
    let unicode = environment.utf8 || output.lang != Lang::English;
    Look { color: environment.coloured(output.color), unicode, width, lang: output.lang }
}

fn terminal_width() -> Option<usize> {
    let of_stdout = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let size = of_stdout.or_else(|| rustix::termios::tcgetwinsize(io::stderr()).ok())?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

//! `mainstay user`

use super::runtime;
use crate::backend::Backend;
use crate::cli::ProjectArgs;
use crate::failure::Failure;
use crate::project::Opened;
use crate::terminal::say;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use console::Term;
use mainstay_engine::{Caller, Input, NewUser};
use mainstay_model::{Application, Model};
use serde_json::{Map, Value};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Manage accounts
#[derive(Debug, Args)]
pub(crate) struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Create),
}

/// Make an account, with any roles, also when registration is closed
#[derive(Debug, Args)]
#[command(after_help = "\
No server may have the data open, unless they are in PostgreSQL: stop it first. The password is asked for on the terminal, or read from standard input; it is never an argument, since other users of the
machine can see those.

Examples:
  mainstay user create --email ann@example.org --role admin
  mainstay user create examples/atlas --email ed@example.org --role editor --password-stdin < password.txt")]
struct Create {
    #[command(flatten)]
    project: ProjectArgs,
    /// The e-mail address, with which one logs in
    #[arg(long)]
    email: String,
    /// A role; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = NonEmptyStringValueParser::new())]
    roles: Vec<String>,
    /// A field of the model `user`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    fields: Vec<(String, String)>,
    /// Read the password from standard input, without its line end
    #[arg(long)]
    password_stdin: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl User {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Create(create) => create.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.project.folder)?;
        let input = self.input(&project.application)?;
        let runtime = runtime()?;
        let backend = Backend::open(&project, self.project.data.data.as_deref(), &runtime)?;
        let user = NewUser { email: self.email.clone(), password: self.password()?, input };
        let caller = Caller { request_id: "cli".to_owned(), ..Caller::default() };
        let view = runtime.block_on(backend.engine.create_user(&caller, user))?;
        say(&format!("made the account {} with the id {}\n", self.email, view.record.id()));
        Ok(ExitCode::SUCCESS)
    }

    fn input(&self, application: &Application) -> Result<Input, Failure> {
        let model = application.user();
        let mut input =
            Input::from_text(model, self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
        input.values.extend(roles(model, &self.roles)?.values);
        Ok(input)
    }

    fn password(&self) -> Result<String, Failure> {
        let password = if !self.password_stdin && io::stdin().is_terminal() { ask() } else { read_line() };
        password.map_err(|error| Failure::new("no_password", format!("cannot read the password: {error}")))
    }
}

fn roles(model: &Model, roles: &[String]) -> Result<Input, Failure> {
    let mut object = Map::new();
    if !roles.is_empty() {
        object.insert("roles".to_owned(), Value::from(roles.to_vec()));
    }
    Ok(Input::from_json(model, &object)?)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks twice, since nobody sees what they type.
fn ask() -> io::Result<String> {
    let terminal = Term::stderr();
    loop {
        terminal.write_str("Password: ")?;
        let password = terminal.read_secure_line()?;
        terminal.write_str("The same again: ")?;
        if terminal.read_secure_line()? == password {
            return Ok(password);
        }
        terminal.write_line("These were different.")?;
    }
}

//! `mainstay key`

use super::runtime;
use crate::backend::Backend;
use crate::cli::ProjectArgs;
use crate::failure::Failure;
use crate::project::Opened;
use crate::terminal::{complain, counted, say};
use crate::transfer::actor;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use mainstay_engine::{Caller, Error, Input};
use mainstay_expr::{Predicate, Value, format_timestamp};
use mainstay_model::{Model, json::encode_text};
use mainstay_ports::{Query, Record};
use serde_json::json;
use std::process::ExitCode;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Manage API keys
#[derive(Debug, Args)]
#[command(after_help = "\
No server may have the data open: stop it first. While it runs, its API makes, lists and revokes keys (/v1/auth/keys).")]
pub(crate) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make an API key, with which a program acts as an account
#[derive(Debug, Args)]
#[command(after_help = "\
The key alone is printed on standard output, this once: it is kept as a hash. A scope is an operation (`message.list`), all of a model
(`message.*`), or all (`*`); whatever the scopes, the key may not do what its account may not.

Example:
  mainstay key create --email ann@example.org --name 'nightly import' --scope message.create --expires-in-days 90 > key.txt")]
struct Create {
    #[command(flatten)]
    project: ProjectArgs,
    /// The e-mail address of the account
    #[arg(long)]
    email: String,
    /// What the key is for
    #[arg(long)]
    name: String,
    /// An operation that it may call; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = NonEmptyStringValueParser::new())]
    scopes: Vec<String>,
    /// After how many days it ends [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=36_500))]
    expires_in_days: Option<i64>,
}

/// List the API keys of an account
#[derive(Debug, Args)]
#[command(after_help = "\
A line for each key: how it begins, what it is for, its scopes, when it ends and when it was used last; tabs are between.

Example:
  mainstay key list --email ann@example.org")]
struct List {
    #[command(flatten)]
    project: ProjectArgs,
    /// The e-mail address of the account
    #[arg(long)]
    email: String,
}

/// Revoke an API key, whosever it is
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  mainstay key revoke --prefix msk_1f0c9a3e")]
struct Revoke {
    #[command(flatten)]
    project: ProjectArgs,
    /// How the key begins, as `key list` shows it
    #[arg(long, value_name = "PREFIX")]
    prefix: String,
}

impl Key {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Create(create) => create.run(),
            Command::List(list) => list.run(),
            Command::Revoke(revoke) => revoke.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<ExitCode, Failure> {
        let runtime = runtime()?;
        let backend = open(&self.project, &runtime)?;
        let input = self.input(&backend)?;
        let made = runtime.block_on(async {
            let user = account(&backend, &self.email).await?;
            Ok::<_, Failure>(backend.engine.create_key_of(&caller(), user, input).await?)
        })?;
        complain(&format!("made a key of {}; it is shown this once\n", self.email));
        say(&format!("{}\n", made.key));
        Ok(ExitCode::SUCCESS)
    }

    fn input(&self, backend: &Backend) -> Result<Input, Failure> {
        const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
        let end = self.expires_in_days.map(|days| backend.engine.now().saturating_add(days * DAY_MICROS));
        let mut fields = json!({"name": self.name, "scopes": self.scopes});
        fields["expires_at"] = end.map(format_timestamp).into();
        let fields = fields.as_object().expect("it was made as an object");
        Ok(Input::from_json(backend.engine.key_model(), fields)?)
    }
}

impl List {
    fn run(self) -> Result<ExitCode, Failure> {
        let runtime = runtime()?;
        let backend = open(&self.project, &runtime)?;
        let keys = runtime.block_on(async {
            let user = account(&backend, &self.email).await?;
            Ok::<_, Failure>(backend.engine.keys_of(user).await?)
        })?;
        let model = backend.engine.key_model();
        say(&keys.iter().map(|key| line(model, key)).collect::<String>());
        Ok(ExitCode::SUCCESS)
    }
}

/// A key, as a line.
fn line(model: &Model, key: &Record) -> String {
    let value = |name: &str| field(model, key, name);
    let scopes = match value("scopes") {
        Value::List(scopes) => scopes.iter().map(encode_text).collect::<Vec<_>>().join(","),
        _ => String::new(),
    };
    let time = |name: &str, never: &str| match value(name) {
        Value::Null => never.to_owned(),
        at => encode_text(at),
    };
    format!(
        "{}\t{}\t{scopes}\t{}\t{}\n",
        encode_text(value("prefix")),
        encode_text(value("name")),
        time("expires_at", "does not end"),
        time("last_used_at", "not used yet"),
    )
}

fn field<'a>(model: &Model, key: &'a Record, name: &str) -> &'a Value {
    key.get(model.field_named(name).expect("it is built in").id)
}

impl Revoke {
    fn run(self) -> Result<ExitCode, Failure> {
        let runtime = runtime()?;
        let backend = open(&self.project, &runtime)?;
        let count = runtime.block_on(async {
            let keys = self.keys(&backend).await?;
            for key in &keys {
                backend.engine.revoke(&caller(), key.id()).await?;
            }
            Ok::<_, Failure>(keys.len())
        })?;
        complain(&format!("revoked {}\n", counted(count, "key")));
        Ok(ExitCode::SUCCESS)
    }

    /// The key that begins so. Should there be two, both are meant: it is better to revoke one too many.
    async fn keys(&self, backend: &Backend) -> Result<Vec<Record>, Failure> {
        // Whoever has the whole key at hand, as one does that leaked, need not cut it.
        let prefix: String = self.prefix.split('_').take(2).collect::<Vec<_>>().join("_");
        let model = backend.engine.key_model();
        let name = model.field_named("prefix").expect("it is built in").id;
        let of_prefix = Predicate::equals(name, Value::Text(prefix.clone()));
        let query = Query::all(model.id, 10).filtered(of_prefix);
        let page = backend.store.query(query).await.map_err(Error::from)?;
        if page.rows.is_empty() {
            let message = format!("there is no API key that begins with {prefix}; it may be revoked already");
            return Err(Failure::new("no_such_key", message));
        }
        Ok(page.rows.into_iter().map(|row| row.record).collect())
    }
}

fn open(arguments: &ProjectArgs, runtime: &Runtime) -> Result<Backend, Failure> {
    let project = Opened::load(&arguments.folder)?;
    Backend::open(&project, arguments.data.data.as_deref(), runtime)
}

async fn account(backend: &Backend, email: &str) -> Result<Uuid, Failure> {
    Ok(actor::account(backend, email).await?.id())
}

fn caller() -> Caller {
    Caller { request_id: "cli".to_owned(), ..Caller::default() }
}

//! `mainstay.toml`: the settings, with their defaults. Everything that waits has a bound here.

use crate::app::AppPlatform;
use crate::tls::Tls;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The settings of a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Mainstay settings")]
pub struct Config {
    /// The application's name, shown in its API reference.
    pub name: String,
    /// Where it listens.
    pub server: Server,
    /// Where records are kept.
    pub data: Data,
    /// How nodes tell each other what is stored nowhere.
    pub wake: Wake,
    /// Bounds on what a client may ask.
    pub limits: Limits,
    /// Who may register, and how long tokens live.
    pub accounts: Accounts,
    /// Who may take locks.
    pub locks: Locks,
    /// What GraphQL documents may ask.
    pub graphql: GraphQl,
    /// The socket `/v1/live`.
    pub live: Live,
    /// What is logged, and how.
    pub log: Log,
    /// The application's clients, by their platforms: `[app.ios]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub app: BTreeMap<String, AppPlatform>,
}

/// Where the program listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Server {
    /// Address and port. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// How long a request may take, from its first byte to its last, in milliseconds.
    #[schemars(range(min = 1))]
    pub request_timeout_ms: u64,
    /// How long requests in flight may take to end when the program is asked to stop, in milliseconds.
    #[schemars(range(min = 1))]
    pub shutdown_timeout_ms: u64,
    /// How often a watch says that it is there when it has nothing else to say, in milliseconds.
    #[schemars(range(min = 10))]
    pub heartbeat_ms: u64,
    /// The most connections that may be open at once. Further ones wait for up to a second, and are then told to come back.
    #[schemars(range(min = 1))]
    pub max_connections: usize,
    /// Answers of at least so many bytes are compressed for clients that say how (`Accept-Encoding`); 0 compresses none.
    pub compression_min_bytes: u64,
    /// Another address and port, for `GET /metrics` alone and for whoever reaches it. Without it `/metrics` is at `listen`, for programs on the same machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
    /// TLS at `listen`.
    pub tls: Tls,
}

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Data {
    /// The engine that keeps them.
    pub engine: Engine,
    /// Where PostgreSQL is: `postgres://user:password@host/database?sslmode=verify-full`. The environment's `MAINSTAY_DATA_URL` goes before it, so that no
    /// password need be in the file.
    #[serde(skip_serializing_if = "ServiceUrl::is_empty")]
    pub url: ServiceUrl,
    /// URLs of replicas of the PostgreSQL database. They answer reads that need not be of the latest state. The environment's
    /// `MAINSTAY_DATA_REPLICAS`, with spaces between, goes before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<ServiceUrl>,
    /// How old the state of a replica may be that answers a read, in milliseconds; at least 500.
    #[schemars(range(min = 500))]
    pub replica_lag_ms: u64,
    /// The data folder, relative to the project's.
    pub folder: PathBuf,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// How writes on PostgreSQL are kept from each other, where they do not ask for more. SQLite's are serializable always.
    pub isolation: Isolation,
    /// Connections for reading, at most 64; 0 chooses by the number of cores.
    #[schemars(range(max = 64))]
    pub readers: usize,
    /// Connections to PostgreSQL for writing, at most 256; 0 chooses. SQLite has one writer.
    #[schemars(range(max = 256))]
    pub writers: usize,
    /// How long a connection to PostgreSQL may take to be made, and how long a write may wait for one, in milliseconds.
    #[schemars(range(min = 1))]
    pub connect_timeout_ms: u64,
    /// How long changes stay in the feed, in hours.
    #[schemars(range(min = 1))]
    pub feed_retention_hours: u64,
    /// How large the feed may grow, in MiB.
    #[schemars(range(min = 1))]
    pub feed_retention_mib: u64,
}

/// How nodes that serve one database tell each other what is stored nowhere: messages on channels, and who is present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Wake {
    /// What carries it.
    pub adapter: WakeAdapter,
    /// Where NATS or Redis is: `nats://user:password@host:4222`, or `tls://`; `redis://user:password@host:6379`, or `rediss://`. The environment's
    /// `MAINSTAY_WAKE_URL` goes before it, so that no password need be in the file.
    #[serde(skip_serializing_if = "ServiceUrl::is_empty")]
    pub url: ServiceUrl,
    /// How subjects of NATS and channels of Redis begin.
    pub prefix: String,
}

/// What carries what nodes tell each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WakeAdapter {
    /// The database itself.
    Postgres,
    /// A NATS server, or a cluster of them.
    Nats,
    /// A Redis or Valkey server.
    Redis,
}

/// The engine that keeps records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite, in the data folder.
    Sqlite,
    /// PostgreSQL, at a URL; several nodes may serve one database.
    Postgres,
}

/// The URL of a service that the program uses, a database say. There may be a password in it, so that it is shown to nobody: not in logs, not in errors.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ServiceUrl(String);

impl ServiceUrl {
    /// The URL of this text, whatever that is.
    pub fn new(text: impl Into<String>) -> Self {
        ServiceUrl(text.into())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, for the driver alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceUrl(…)")
    }
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut: the answer waits for the disk.
    Full,
    /// A crash of the program, but the last moments may be lost in a power cut.
    Normal,
}

/// How writes are kept from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// What a rule asks of other records may be outdated when the write takes effect.
    ReadCommitted,
    /// As if one write came after the other.
    Serializable,
}

/// Bounds on what a client may ask. Each has its error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Limits {
    /// The largest request body in bytes.
    #[schemars(range(min = 1))]
    pub body_bytes: usize,
    /// The largest total of a request's header lines in bytes.
    #[schemars(range(min = 1_024))]
    pub header_bytes: usize,
    /// The deepest nesting of a JSON body.
    #[schemars(range(min = 1, max = 100))]
    pub json_depth: usize,
    /// The most operations in a batch.
    #[schemars(range(min = 1, max = 1_000))]
    pub batch_operations: usize,
    /// The most records that one update or deletion by filter may match.
    #[schemars(range(min = 1, max = 10_000))]
    pub bulk_records: u32,
    /// How long a query may run, in milliseconds.
    #[schemars(range(min = 1))]
    pub query_timeout_ms: u64,
    /// The most writes that may wait for the writer.
    #[schemars(range(min = 1))]
    pub write_queue: usize,
    /// The most watches at once.
    pub watchers: usize,
    /// The most watches of one account, or of one address for callers without an account.
    #[schemars(range(min = 1))]
    pub watchers_per_caller: usize,
    /// How many bytes of events may wait for a watcher that does not take them; one that falls further behind is told and dropped.
    #[schemars(range(min = 1_024))]
    pub watch_buffer_bytes: usize,
}

/// Accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Accounts {
    /// Whether anyone may register.
    pub register: bool,
    /// How long an access token lives, in seconds.
    #[schemars(range(min = 1))]
    pub access_token_seconds: u64,
    /// How long a refresh token lives unless used, in seconds.
    #[schemars(range(min = 1))]
    pub refresh_token_seconds: u64,
    /// The shortest password in characters.
    #[schemars(range(min = 1, max = 128))]
    pub password_min_length: usize,
    /// Failed logins of one account before it has to wait, with delays that double up to 15 minutes.
    #[schemars(range(min = 1))]
    pub failures_per_account: u32,
    /// Failed logins from one address before it has to wait, with delays that double up to 30 seconds; 0 leaves addresses out, for servers behind a
    /// proxy.
    pub failures_per_address: u32,
    /// How passwords are hashed.
    pub password: Password,
}

/// argon2id (RFC 9106). `mainstay tune` measures the machine and suggests values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Password {
    /// Memory in KiB.
    #[schemars(range(min = 512))]
    pub memory_kib: u32,
    /// Passes over the memory.
    #[schemars(range(min = 1))]
    pub iterations: u32,
    /// Lanes.
    #[schemars(range(min = 1, max = 64))]
    pub parallelism: u32,
    /// How many passwords are hashed at once; 0 takes half of the cores, at least one.
    pub workers: usize,
    /// How many may wait for a worker; more are told to come back.
    pub queue: usize,
}

/// Locks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Locks {
    /// A rule over `name`, the name of a lock, and `auth`: who may take it, and write under it. Without one nobody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
}

/// GraphQL. The bounds are on what a document asks for, whatever the records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct GraphQl {
    /// Whether clients may ask for the schema.
    pub introspection: bool,
    /// Whether only the documents in the project's folder `api/graphql` are run.
    pub persisted_only: bool,
    /// The largest document in bytes.
    #[schemars(range(min = 1))]
    pub document_bytes: usize,
    /// The most words and signs of a document.
    #[schemars(range(min = 1))]
    pub document_tokens: usize,
    /// The deepest nesting of objects in each other.
    #[schemars(range(min = 1, max = 50))]
    pub max_depth: usize,
    /// The most values that a document may ask for: each field counts 1, and what is within a page as often as the page may have records.
    #[schemars(range(min = 1))]
    pub max_complexity: u64,
    /// The most aliases.
    pub max_aliases: usize,
    /// The most root fields: operations that one document calls.
    #[schemars(range(min = 1))]
    pub max_root_fields: usize,
}

/// The socket `/v1/live`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Live {
    /// The most WebSockets of one account, or of one address for callers without an account: those of `/v1/live` and of GraphQL together.
    #[schemars(range(min = 1))]
    pub sockets_per_caller: usize,
    /// The most subscriptions on a socket: watches, channels and presences. All together are bounded by `limits.watchers`, too.
    #[schemars(range(min = 1, max = 10_000))]
    pub subscriptions: usize,
    /// The largest message from a client, in bytes.
    #[schemars(range(min = 1_024))]
    pub message_bytes: usize,
    /// How many messages a client may send in a second, on the long run. It may send as many at once.
    #[schemars(range(min = 1))]
    pub messages_per_second: u32,
    /// How long a socket may be silent before it is asked whether the client is there; as long again it may take to answer. In milliseconds.
    #[schemars(range(min = 100))]
    pub ping_ms: u64,
    /// How long a client may leave what is sent to it unread, in milliseconds. Then it is dropped.
    #[schemars(range(min = 100))]
    pub stall_ms: u64,
    /// The origins whose pages may open a socket, as `https://app.example.org`, beside the server's own; `*` is any.
    pub origins: Vec<String>,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Log {
    /// `json` for machines, `pretty` for people; `auto` is `pretty` on a terminal and else `json`.
    pub format: LogFormat,
    /// The least level: `error`, `warn`, `info`, `debug` or `trace`, or a filter as `info,mainstay_engine=debug`.
    pub level: String,
}

/// The form of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON anywhere else.
    Auto,
    /// A JSON object a line.
    Json,
    /// A line of text.
    Pretty,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            request_timeout_ms: 30_000,
            shutdown_timeout_ms: 10_000,
            heartbeat_ms: 15_000,
            max_connections: 10_000,
            compression_min_bytes: 1_024,
            metrics_listen: None,
            tls: Tls::default(),
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Data {
            engine: Engine::Sqlite,
            url: ServiceUrl::default(),
            replicas: Vec::new(),
            replica_lag_ms: 1_000,
            folder: PathBuf::from("data"),
            durability: Durability::Full,
            isolation: Isolation::ReadCommitted,
            readers: 0,
            writers: 0,
            connect_timeout_ms: 5_000,
            feed_retention_hours: 7 * 24,
            feed_retention_mib: 1_024,
        }
    }
}

impl Default for Wake {
    fn default() -> Self {
        let prefix = "mainstay".to_owned();
        Wake { adapter: WakeAdapter::Postgres, url: ServiceUrl::default(), prefix }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 1 << 20,
            header_bytes: 16 << 10,
            json_depth: 32,
            batch_operations: 1_000,
            bulk_records: 1_000,
            query_timeout_ms: 5_000,
            write_queue: 10_000,
            watchers: 10_000,
            watchers_per_caller: 2_000,
            watch_buffer_bytes: 256 << 10,
        }
    }
}

impl Default for GraphQl {
    fn default() -> Self {
        GraphQl {
            introspection: true,
            persisted_only: false,
            document_bytes: 32 << 10,
            document_tokens: 5_000,
            max_depth: 12,
            max_complexity: 20_000,
            max_aliases: 50,
            max_root_fields: 20,
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Accounts {
            register: true,
            access_token_seconds: 15 * 60,
            refresh_token_seconds: 30 * 24 * 3_600,
            password_min_length: 8,
            failures_per_account: 5,
            failures_per_address: 50,
            password: Password::default(),
        }
    }
}

impl Default for Password {
    /// OWASP's first recommendation for argon2id.
    fn default() -> Self {
        Password { memory_kib: 19_456, iterations: 2, parallelism: 1, workers: 0, queue: 64 }
    }
}

impl Default for Live {
    fn default() -> Self {
        Live {
            sockets_per_caller: 2_000,
            subscriptions: 100,
            message_bytes: 256 << 10,
            messages_per_second: 100,
            ping_ms: 20_000,
            stall_ms: 20_000,
            origins: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Log { format: LogFormat::Auto, level: "info".to_owned() }
    }
}

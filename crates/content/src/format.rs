//! The forms and their media types.

/// A form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// MessagePack (msgpack.org).
    MessagePack,
    /// CBOR (RFC 8949).
    Cbor,
    /// YAML 1.2 in its core schema (RFC 9512).
    Yaml,
    /// XML 1.0.
    Xml,
    /// CSV (RFC 4180), for lists of records.
    Csv,
    /// Protocol Buffers, whose messages are those of an operation and not of any value.
    Protobuf,
}

impl Format {
    /// All of them; of those that a client likes alike, the first is taken.
    pub const ALL: [Format; 7] = [
        Format::Json,
        Format::MessagePack,
        Format::Cbor,
        Format::Yaml,
        Format::Xml,
        Format::Csv,
        Format::Protobuf,
    ];

    /// Those that requests and answers of any operation have.
    pub const OPERATIONS: [Format; 6] =
        [Format::Json, Format::MessagePack, Format::Cbor, Format::Yaml, Format::Xml, Format::Protobuf];

    /// Those that any value has.
    pub const VALUES: [Format; 5] =
        [Format::Json, Format::MessagePack, Format::Cbor, Format::Yaml, Format::Xml];

    /// Its media types: first the registered one, which answers have, then those that are in use for it as well.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Format::Json => &["application/json"],
            Format::MessagePack => {
                &["application/vnd.msgpack", "application/msgpack", "application/x-msgpack"]
            }
            Format::Cbor => &["application/cbor"],
            Format::Yaml => &["application/yaml", "application/x-yaml", "text/yaml"],
            Format::Xml => &["application/xml", "text/xml"],
            Format::Csv => &["text/csv"],
            Format::Protobuf => {
                &["application/protobuf", "application/x-protobuf", "application/x-protobuffer"]
            }
        }
    }

    /// The media type of answers.
    pub fn media_type(self) -> &'static str {
        self.media_types()[0]
    }

    /// Its name in an `ETag`, which tells the forms of one version from each other.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::MessagePack => "msgpack",
            Format::Cbor => "cbor",
            Format::Yaml => "yaml",
            Format::Xml => "xml",
            Format::Csv => "csv",
            Format::Protobuf => "protobuf",
        }
    }

    /// The form with this media type, in any case.
    pub fn of(media_type: &str) -> Option<Self> {
        let has =
            |format: &Format| format.media_types().iter().any(|name| name.eq_ignore_ascii_case(media_type));
        Format::ALL.into_iter().find(has)
    }

    pub(crate) fn object(self) -> &'static str {
        match self {
            Format::Json => "a JSON object",
            Format::MessagePack | Format::Cbor => "a map",
            Format::Yaml => "a mapping",
            Format::Xml | Format::Csv => "an element with elements",
            Format::Protobuf => "a message",
        }
    }
}

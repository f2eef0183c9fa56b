//! The `.proto` file.

use super::{Enum, Field, Label, Message, Method, Schema, Service, Type, shared};
use crate::names::default_json;
use std::fmt::Write;

impl Schema {
    /// The `.proto` file, whole: it imports nothing but what every compiler has.
    pub fn to_proto(&self) -> String {
        let mut out = String::new();
        comment(&self.doc, "", &mut out);
        let _ = write!(out, "\nsyntax = \"proto3\";\n\npackage {};\n\n", self.package);
        for import in self.imports() {
            let _ = writeln!(out, "import \"{import}\";");
        }
        self.services.iter().for_each(|service| write_service(service, &mut out));
        self.messages.iter().for_each(|message| write_message(message, &mut out));
        self.enums.iter().for_each(|of| write_enum(of, &mut out));
        out
    }

    /// The files that it imports.
    pub(super) fn imports(&self) -> Vec<&'static str> {
        let fields = self.messages.iter().flat_map(|message| &message.fields).map(|field| field.ty.name());
        let methods = self.services.iter().flat_map(|service| &service.methods);
        let ends = methods.flat_map(|method| [method.input.as_str(), method.output.as_str()]);
        let used: Vec<&str> = fields.chain(ends).collect();
        let known = shared::WELL_KNOWN.iter().filter(|(name, _)| used.contains(name));
        let mut files: Vec<&str> = known.map(|(_, file)| *file).collect();
        files.sort_unstable();
        files
    }
}

fn write_service(service: &Service, out: &mut String) {
    out.push('\n');
    comment(&service.doc, "", out);
    let _ = writeln!(out, "service {} {{", service.name);
    service.methods.iter().for_each(|method| write_method(method, out));
    out.push_str("}\n");
}

fn write_method(method: &Method, out: &mut String) {
    comment(&method.doc, "  ", out);
    let stream = if method.streams { "stream " } else { "" };
    let _ = writeln!(out, "  rpc {}({}) returns ({stream}{});", method.name, method.input, method.output);
}

fn write_message(message: &Message, out: &mut String) {
    out.push('\n');
    comment(&message.doc, "", out);
    let _ = writeln!(out, "message {} {{", message.name);
    write_reserved(message, out);
    let single = message.fields.iter().filter(|field| !matches!(field.label, Label::OneOf(_)));
    single.for_each(|field| write_field(field, "  ", out));
    for group in message.groups() {
        let _ = writeln!(out, "  oneof {group} {{");
        let members = message.fields.iter().filter(|field| field.label == Label::OneOf(group));
        members.for_each(|field| write_field(field, "    ", out));
        out.push_str("  }\n");
    }
    out.push_str("}\n");
}

fn write_reserved(message: &Message, out: &mut String) {
    for (number, name) in &message.reserved {
        let _ = writeln!(out, "  reserved {number}; // {name}");
    }
}

fn write_field(field: &Field, indent: &str, out: &mut String) {
    comment(&field.doc, indent, out);
    let label = match field.label {
        Label::One | Label::OneOf(_) => "",
        Label::Optional => "optional ",
        Label::Repeated => "repeated ",
    };
    let _ = write!(out, "{indent}{label}{} {} = {}", field.ty.name(), field.name, field.number);
    if default_json(&field.name) != field.name {
        let _ = write!(out, " [json_name = \"{}\"]", field.name);
    }
    out.push_str(";\n");
}

fn write_enum(of: &Enum, out: &mut String) {
    out.push('\n');
    comment(of.doc, "", out);
    let _ = writeln!(out, "enum {} {{", of.name);
    for (number, (name, doc)) in of.numbered() {
        comment(doc, "  ", out);
        let _ = writeln!(out, "  {name} = {number};");
    }
    out.push_str("}\n");
}

fn comment(text: &str, indent: &str, out: &mut String) {
    for line in text.lines() {
        let line = format!("{indent}// {line}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

impl Message {
    /// The groups of which one field is there at most.
    pub(super) fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<&str> = Vec::new();
        for field in &self.fields {
            if let Label::OneOf(group) = field.label
                && !groups.contains(&group)
            {
                groups.push(group);
            }
        }
        groups
    }
}

impl Enum {
    /// The values by their numbers, named so that they are told from those of other enums.
    pub(super) fn numbered(&self) -> Vec<(i32, (String, &'static str))> {
        let prefix = upper_snake(self.name);
        let none = (0, (format!("{prefix}_UNSPECIFIED"), "Not given."));
        let values =
            (1..).zip(self.values).map(|(number, (name, doc))| (number, (format!("{prefix}_{name}"), *doc)));
        std::iter::once(none).chain(values).collect()
    }
}

fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}

impl Type {
    /// The full name with a dot in front, as descriptors refer to messages and enums.
    pub(super) fn full_name(name: &str, package: &str) -> String {
        if name.contains('.') { format!(".{name}") } else { format!(".{package}.{name}") }
    }
}

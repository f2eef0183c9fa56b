//! Descriptors: the same as the `.proto` file, for reflection.

use super::{Enum, Field, Label, Message, Method, Schema, Service, Type};
use prost_types::field_descriptor_proto::{Label as Cardinality, Type as Kind};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto, SourceCodeInfo,
    descriptor_proto,
};

/// The numbers of fields of descriptors, of which the path to a comment is made (`descriptor.proto`).
const MESSAGES: i32 = 4;
const ENUMS: i32 = 5;
const SERVICES: i32 = 6;
const FIELDS_OR_METHODS: i32 = 2;

impl Schema {
    /// The descriptor of the `.proto` file, comments included.
    pub fn descriptor(&self) -> FileDescriptorProto {
        FileDescriptorProto {
            name: Some(self.file_name()),
            package: Some(self.package.clone()),
            dependency: self.imports().into_iter().map(str::to_owned).collect(),
            message_type: self.messages.iter().map(|message| self.message(message)).collect(),
            enum_type: self.enums.iter().map(enumeration).collect(),
            service: self.services.iter().map(|service| self.service(service)).collect(),
            source_code_info: Some(SourceCodeInfo { location: self.comments() }),
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        }
    }

    fn message(&self, message: &Message) -> DescriptorProto {
        let mut groups: Vec<String> = message.groups().into_iter().map(str::to_owned).collect();
        let fields = message.fields.iter().map(|field| self.field(field, &mut groups)).collect();
        let range = |(number, _): &(u32, String)| descriptor_proto::ReservedRange {
            start: Some(number.cast_signed()),
            end: Some(number.cast_signed() + 1),
        };
        DescriptorProto {
            name: Some(message.name.clone()),
            field: fields,
            oneof_decl: groups
                .into_iter()
                .map(|name| OneofDescriptorProto { name: Some(name), options: None })
                .collect(),
            reserved_range: message.reserved.iter().map(range).collect(),
            ..DescriptorProto::default()
        }
    }

    /// A field. What tells an optional scalar that is there from one that is not is a group of its own (`proto3_optional`).
    fn field(&self, field: &Field, groups: &mut Vec<String>) -> FieldDescriptorProto {
        let group = match field.label {
            Label::OneOf(group) => groups.iter().position(|known| known == group),
            Label::Optional => {
                groups.push(format!("_{}", field.name));
                Some(groups.len() - 1)
            }
            Label::One | Label::Repeated => None,
        };
        let label =
            if field.label == Label::Repeated { Cardinality::Repeated } else { Cardinality::Optional };
        FieldDescriptorProto {
            name: Some(field.name.clone()),
            number: Some(field.number.cast_signed()),
            label: Some(label.into()),
            r#type: Some(kind(&field.ty).into()),
            type_name: self.type_name(&field.ty),
            oneof_index: group.and_then(|group| i32::try_from(group).ok()),
            json_name: Some(field.name.clone()),
            proto3_optional: (field.label == Label::Optional).then_some(true),
            ..FieldDescriptorProto::default()
        }
    }

    fn type_name(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Message(name) | Type::Enum(name) => Some(Type::full_name(name, &self.package)),
            _ => None,
        }
    }

    fn service(&self, service: &Service) -> ServiceDescriptorProto {
        let method = |method: &Method| MethodDescriptorProto {
            name: Some(method.name.to_owned()),
            input_type: Some(Type::full_name(&method.input, &self.package)),
            output_type: Some(Type::full_name(&method.output, &self.package)),
            server_streaming: method.streams.then_some(true),
            ..MethodDescriptorProto::default()
        };
        ServiceDescriptorProto {
            name: Some(service.name.clone()),
            method: service.methods.iter().map(method).collect(),
            options: None,
        }
    }

    fn comments(&self) -> Vec<Location> {
        let mut comments = Vec::new();
        for (index, message) in (0..).zip(&self.messages) {
            comment(&[MESSAGES, index], &message.doc, &mut comments);
            for (field, of) in (0..).zip(&message.fields) {
                comment(&[MESSAGES, index, FIELDS_OR_METHODS, field], &of.doc, &mut comments);
            }
        }
        for (index, of) in (0..).zip(&self.enums) {
            comment(&[ENUMS, index], of.doc, &mut comments);
            for (value, (_, (_, doc))) in (0..).zip(of.numbered()) {
                comment(&[ENUMS, index, FIELDS_OR_METHODS, value], doc, &mut comments);
            }
        }
        for (index, service) in (0..).zip(&self.services) {
            comment(&[SERVICES, index], &service.doc, &mut comments);
            for (method, of) in (0..).zip(&service.methods) {
                comment(&[SERVICES, index, FIELDS_OR_METHODS, method], &of.doc, &mut comments);
            }
        }
        comments
    }
}

fn comment(path: &[i32], text: &str, comments: &mut Vec<Location>) {
    if text.is_empty() {
        return;
    }
    comments.push(Location {
        path: path.to_vec(),
        // There is no file to point into.
        span: vec![0, 0, 0],
        leading_comments: Some(format!(" {}\n", text.replace('\n', "\n "))),
        ..Location::default()
    });
}

fn enumeration(of: &Enum) -> EnumDescriptorProto {
    let value = |(number, (name, _))| EnumValueDescriptorProto {
        name: Some(name),
        number: Some(number),
        options: None,
    };
    EnumDescriptorProto {
        name: Some(of.name.to_owned()),
        value: of.numbered().into_iter().map(value).collect(),
        ..EnumDescriptorProto::default()
    }
}

fn kind(ty: &Type) -> Kind {
    match ty {
        Type::Bool => Kind::Bool,
        Type::Int32 => Kind::Int32,
        Type::Int64 => Kind::Int64,
        Type::Double => Kind::Double,
        Type::String => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Message(_) => Kind::Message,
        Type::Enum(_) => Kind::Enum,
    }
}

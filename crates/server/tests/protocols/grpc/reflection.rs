//! What a client learns that has no `.proto` file.

use super::connection::Connection;
use mainstay_proto::wire::{self, Reader};
use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;
use std::collections::BTreeMap;

const PATH: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// Fields of `ServerReflectionRequest`.
const FILE_BY_NAME: u32 = 3;
const FILE_OF_SYMBOL: u32 = 4;
const LIST_SERVICES: u32 = 7;
/// Fields of `ServerReflectionResponse`.
const FILES: u32 = 4;
const SERVICES: u32 = 6;

/// The names of all services.
pub(crate) fn services(connection: &Connection) -> Vec<String> {
    let answer = ask(connection, LIST_SERVICES, "*");
    let names = fields(&field(&answer, SERVICES), 1);
    names.iter().map(|service| String::from_utf8(field(service, 1)).unwrap()).collect()
}

/// The descriptors of these services, and of all that they need.
pub(crate) fn pool(connection: &Connection, services: &[String]) -> DescriptorPool {
    let mut files = BTreeMap::new();
    for service in services {
        add(connection, FILE_OF_SYMBOL, service, &mut files);
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files.into_values()).unwrap();
    pool
}

fn add(connection: &Connection, kind: u32, name: &str, files: &mut BTreeMap<String, FileDescriptorProto>) {
    let answer = ask(connection, kind, name);
    for bytes in fields(&field(&answer, FILES), 1) {
        let file = FileDescriptorProto::decode(bytes.as_slice()).unwrap();
        let dependencies = file.dependency.clone();
        if files.insert(file.name().to_owned(), file).is_none() {
            for name in dependencies {
                add(connection, FILE_BY_NAME, &name, files);
            }
        }
    }
}

fn ask(connection: &Connection, kind: u32, name: &str) -> Vec<u8> {
    let mut request = Vec::new();
    wire::text(kind, name, &mut request);
    let called = connection.call(PATH, &[], &request);
    assert_eq!(called.status(), 0, "{name}: {called:?}");
    called.messages().remove(0)
}

/// The values of a field, which are texts or messages.
fn fields(message: &[u8], number: u32) -> Vec<Vec<u8>> {
    let found = Reader::new(message).map(Result::unwrap).filter(|(found, _)| *found == number);
    found.map(|(_, value)| value.bytes().unwrap().to_vec()).collect()
}

fn field(message: &[u8], number: u32) -> Vec<u8> {
    fields(message, number).pop().unwrap_or_default()
}

//! Pages of gRPC, which are as large as clients take.

use crate::grpc::{Grpc, answer};
use prost_reflect::DynamicMessage;
use serde_json::json;

/// The largest message that clients take unless they were told otherwise.
const TAKEN_BYTES: usize = 4 << 20;

/// The titles of all books, page by page, and how large each page is in bytes.
fn walk(grpc: &Grpc, token: &str, limit: usize) -> (Vec<Vec<String>>, Vec<usize>) {
    let (method, mut cursor) = (grpc.method("BookService", "List"), String::new());
    let (mut titles, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let fields = json!({"order": "title", "limit": limit, "cursor": cursor});
        let called = grpc.call(&method, &[("authorization", token)], &fields);
        assert_eq!(called.status(), 0, "{called:?}");
        let page = answer(&method, &called);
        sizes.push(called.messages()[0].len());
        titles.push(title_of_each(&page));
        cursor = page.get_field_by_name("next").unwrap().as_str().unwrap().to_owned();
        if cursor.is_empty() {
            return (titles, sizes);
        }
    }
}

fn title_of_each(page: &DynamicMessage) -> Vec<String> {
    let items = page.get_field_by_name("items").unwrap();
    let title = |item: &prost_reflect::Value| {
        let title = item.as_message().unwrap().get_field_by_name("title").unwrap().into_owned();
        title.as_str().unwrap().to_owned()
    };
    items.as_list().unwrap().iter().map(title).collect()
}

#[test]
fn a_page_ends_before_it_is_larger_than_clients_take() {
    let project = crate::project();
    let settings = project.read("mainstay.toml").replace("[limits]", "[limits]\nbody_bytes = 8000000");
    project.write("mainstay.toml", &settings);
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let shelf = ann.post("/v1/shelves", &json!({"name": "Long"})).expect(201)["id"].clone();
    let make = |number: usize, bytes: usize| {
        let book = json!({"shelf": shelf, "title": format!("{number:02}"), "more": "x".repeat(bytes)});
        ann.post("/v1/books", &book).expect(201);
    };
    (0..8).for_each(|number| make(number, 1_100_000));
    // One that is larger alone.
    make(8, 5_000_000);
    (9..12).for_each(|number| make(number, 1));

    let grpc = Grpc::new(server.address);
    let token = format!("Bearer {}", ann.token.unwrap());
    let (titles, sizes) = walk(&grpc, &token, 100);
    assert_eq!(titles.concat(), (0..12).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    for (titles, size) in titles.iter().zip(&sizes) {
        assert!(*size <= TAKEN_BYTES || titles == &["08"], "{titles:?} have {size} bytes");
    }
    assert_eq!(titles.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2, 1, 3], "{sizes:?}");
    // Who asks for fewer gets as many.
    assert_eq!(walk(&grpc, &token, 2).0.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 2, 1, 2, 1]);
}

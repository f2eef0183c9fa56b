//! What the operations share: schemas, headers, the security scheme.

use super::field::schema;
use super::model::{schemas, written};
use super::{answers, app, batch, example, keys, locks};
use mainstay_engine::{Code, Operation};
use mainstay_model::Application;
use serde_json::{Map, Value, json};

/// The position in examples.
pub(super) const POSITION: &str = "6d8bX0wqkP0AAAAAAAAAKg";
/// The request id in examples.
pub(super) const REQUEST_ID: &str = "0197a3c28a407cc19d5e2f6b1c4d8e90";

/// The components of the document.
pub(super) fn components(application: &Application, operations: &[Operation]) -> Value {
    json!({
        "schemas": all_schemas(application),
        "responses": answers::components(operations),
        "examples": answers::examples(),
        "headers": headers(),
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The `access_token` of a login.",
            },
            "api_key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "msk_…",
                "description": "An API key, for programs. It needs the operation in its scopes.",
            },
        },
    })
}

/// References to headers of an answer, and to that which every answer has.
pub(super) fn header_refs(names: &[&str]) -> Value {
    let all = names.iter().copied().chain(["RequestId"]);
    all.map(|name| (header_name(name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")})))
        .collect::<Map<_, _>>()
        .into()
}

fn header_name(component: &str) -> &str {
    match component {
        "RequestId" => "X-Request-Id",
        "Position" => "Mainstay-Position",
        "Replayed" => "Idempotency-Replayed",
        "RetryAfter" => "Retry-After",
        other => other,
    }
}

fn headers() -> Value {
    let header = |description: &str, example: &str| json!({"description": description, "schema": {"type": "string"}, "example": example});
    json!({
        "RequestId": header("The request's id: yours, if it has 1 to 64 characters of `A-Za-z0-9._-`, else a new one.", REQUEST_ID),
        "ETag": header("The record's version, for `If-Match` and `If-None-Match`.", "\"1\""),
        "Location": header("The path of the record.", &format!("/v1/records/{}", example::ID)),
        "Position": header("The place in the change feed behind this write, or that this answer is at least as new as.", POSITION),
        "RetryAfter": header("In so many seconds another try may succeed.", "1"),
        "Replayed": header("`true` when a request with the same `Idempotency-Key` was answered so before.", "true"),
    })
}

fn all_schemas(application: &Application) -> Value {
    let public = || application.models.iter().filter(|model| !model.internal);
    let mut all: Map<String, Value> = public().flat_map(|model| schemas(application, model)).collect();
    all.insert("Problem".to_owned(), problem());
    all.insert("BatchProblem".to_owned(), batch::problem());
    all.insert("BulkAnswer".to_owned(), batch::bulk_answer());
    all.insert("BulkProblem".to_owned(), batch::bulk_problem());
    all.insert("FieldProblem".to_owned(), field_problem());
    all.insert("Tokens".to_owned(), tokens());
    all.insert("Registration".to_owned(), registration(application));
    all.insert(
        "Login".to_owned(),
        texts(&[("email", "ada@example.com"), ("password", "correct horse battery")]),
    );
    all.insert("RefreshRequest".to_owned(), texts(&[("refresh_token", "9f8b…")]));
    let passwords = [("current_password", "correct horse battery"), ("new_password", "staple correct horse")];
    all.insert("PasswordChange".to_owned(), texts(&passwords));
    all.extend(keys::schemas(application));
    all.extend(locks::schemas());
    all.insert("AppCheck".to_owned(), app::schema());
    all.insert("Batch".to_owned(), batch::request(application, &public().collect::<Vec<_>>()));
    all.insert("BatchAnswer".to_owned(), batch::answer());
    all.into()
}

fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What went wrong this time."},
            "code": {"type": "string", "enum": codes, "description": "Stable; for programs."},
            "request_id": {"type": "string", "description": "Names the request in the log."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}},
        },
    })
}

fn field_problem() -> Value {
    json!({
        "type": "object",
        "description": "What is wrong with a field.",
        "required": ["field", "code", "message"],
        "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}},
    })
}

fn tokens() -> Value {
    json!({
        "type": "object",
        "description": "As RFC 6749, 5.1.",
        "required": ["access_token", "token_type", "expires_in", "refresh_token"],
        "properties": {
            "access_token": {"type": "string", "description": "A JWT, to be sent as `Authorization: Bearer`."},
            "token_type": {"type": "string", "enum": ["Bearer"]},
            "expires_in": {"type": "integer", "description": "Seconds."},
            "refresh_token": {"type": "string", "description": "Exchanged once for new tokens."},
        },
    })
}

/// An address, a password, and those fields of an account that no rule of their own guards.
fn registration(application: &Application) -> Value {
    let mut object = texts(&[("email", "ada@example.com"), ("password", "correct horse battery")]);
    object["properties"]["password"]["minLength"] = application.config.accounts.password_min_length.into();
    let user = application.user();
    if let Some(email) = user.field_named("email") {
        object["properties"]["email"] = schema(application, email).into();
    }
    for field in written(user).filter(|field| field.write.is_none() && field.name != "email") {
        object["properties"][&field.name] = schema(application, field).into();
        if super::model::is_required(field)
            && let Some(required) = object["required"].as_array_mut()
        {
            required.push(field.name.as_str().into());
        }
        if let Some(example) = example::example(field) {
            object["examples"][0][&field.name] = example;
        }
    }
    object
}

/// A closed object of texts that are all required, each with an example.
fn texts(fields: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), text(name))).collect();
    let example: Map<String, Value> =
        fields.iter().map(|(name, example)| ((*name).to_owned(), (*example).into())).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": names,
        "properties": properties,
        "examples": [example],
    })
}

/// Everything in these objects but the address is to be kept from onlookers.
fn text(name: &str) -> Value {
    match name {
        "email" => json!({"type": "string"}),
        _ => json!({"type": "string", "format": "password"}),
    }
}

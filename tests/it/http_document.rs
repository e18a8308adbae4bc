//! The OpenAPI document, held against the routes in both directions, and against what they really answer.

use std::collections::BTreeSet;

use afterimage::http::routes::routes;
use afterimage::http::{Limits, Policy};
use serde_json::Value;

use crate::support::{Desk, Reply, TestDatabase, Web, on_both_engines, serve};

const DOCUMENT: &str = include_str!("../../assets/openapi.json");

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("it is JSON")
}

/// What a value says, or what it refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("it is in this document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

/// Each operation: its method, its path, and what the document says of it.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().expect("there are paths");
    let of_path = |(path, methods): (&'_ String, &'_ Value)| -> Vec<(String, String)> {
        methods.as_object().expect("methods").keys().map(|method| (method.to_uppercase(), path.clone())).collect()
    };
    let keys: Vec<(String, String)> = paths.iter().flat_map(of_path).collect();
    let found = |(method, path): (String, String)| {
        let (path, methods) = paths.get_key_value(&path).expect("it is one of them");
        let operation = &methods[method.to_lowercase()];
        (method, path.as_str(), operation)
    };
    keys.into_iter().map(found).collect()
}

/// Every way in which a value is not what its schema says.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|schema| faults(document, schema, value, at).is_empty());
        return if fits { Vec::new() } else { vec![format!("{at}: {value} is none of what it may be")] };
    }
    let mut found = Vec::new();
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is(name, value)) {
        found.push(format!("{at}: {value} is not {types:?}"));
    }
    if let Some(names) = schema["enum"].as_array().filter(|names| !names.contains(value)) {
        found.push(format!("{at}: {value} is not one of {names:?}"));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            found.extend(faults(document, items, value, &format!("{at}[{index}]")));
        }
    }
    let (properties, required) = properties(document, schema);
    if let (false, Some(object)) = (properties.is_empty(), value.as_object()) {
        for (name, value) in object {
            match properties.iter().find(|(known, _)| known == name) {
                Some((_, schema)) => found.extend(faults(document, schema, value, &format!("{at}.{name}"))),
                None => found.push(format!("{at}: '{name}' is not described")),
            }
        }
        let missing = required.iter().filter(|name| !object.contains_key(**name));
        found.extend(missing.map(|name| format!("{at}: '{name}' is missing")));
    }
    found
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("'{other}' is no type"),
    }
}

/// The properties of an object, those of its parts too, and which of them it must have.
fn properties<'a>(document: &'a Value, schema: &'a Value) -> (Vec<(&'a str, &'a Value)>, Vec<&'a str>) {
    let mut known: Vec<(&str, &Value)> = Vec::new();
    let mut required: Vec<&str> = Vec::new();
    let parts = schema["allOf"].as_array().into_iter().flatten();
    for part in std::iter::once(schema).chain(parts.map(|part| resolved(document, part))) {
        known
            .extend(part["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)));
        required.extend(part["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
    }
    (known, required)
}

#[test]
fn the_document_and_the_table_of_routes_have_the_same_operations() {
    let document = document();
    let described: BTreeSet<(String, String)> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path.to_owned())).collect();
    let routed: BTreeSet<(String, String)> =
        routes().into_iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routed);
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    fn check(document: &Value, value: &Value) {
        resolved(document, value);
        match value {
            Value::Object(object) => object.values().for_each(|value| check(document, value)),
            Value::Array(array) => array.iter().for_each(|value| check(document, value)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
    let names: Vec<&str> =
        operations(&document).into_iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn every_example_is_what_its_schema_says() {
    fn check(document: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
            found.extend(faults(document, schema, example, at));
        }
        match value {
            Value::Object(object) => {
                object.iter().for_each(|(name, value)| check(document, value, &format!("{at}/{name}"), found));
            }
            Value::Array(array) => array.iter().for_each(|value| check(document, value, at, found)),
            _ => {}
        }
    }
    let (document, mut found) = (document(), Vec::new());
    check(&document, &document, "", &mut found);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The request that the document's examples make.
struct Request {
    path: String,
    headers: Vec<(String, String)>,
    bodies: Vec<(String, String)>,
}

impl Request {
    fn of(document: &Value, path: &str, operation: &Value, optional: bool) -> Self {
        let mut request = Self { path: path.to_owned(), headers: Vec::new(), bodies: Vec::new() };
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(document, parameter);
            let (name, example) = (parameter["name"].as_str().unwrap(), text(&parameter["example"]));
            match parameter["in"].as_str().unwrap() {
                "path" => request.path = request.path.replace(&format!("{{{name}}}"), &example),
                "header" if optional => request.headers.push((name.to_owned(), example)),
                "query" if optional => {
                    let sign = if request.path.contains('?') { "&" } else { "?" };
                    let example = example.replace(' ', "%20").replace('>', "%3E");
                    request.path.extend([sign, name, "=", &example]);
                }
                _ => {}
            }
        }
        for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            request.bodies.push((media_type.clone(), text(&content["example"])));
        }
        if request.bodies.is_empty() {
            request.bodies.push((String::new(), String::new()));
        }
        request
    }

    fn send(&self, web: &Web, method: &str) -> Vec<Reply> {
        let send = |(media_type, body): &(String, String)| {
            let given = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let headers: Vec<(&str, &str)> = given.chain([("Content-Type", media_type.as_str())]).collect();
            web.send(method, &self.path, &headers, body.as_bytes())
        };
        self.bodies.iter().map(send).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Checks that an answer is one that the document declares.
fn check_declared(document: &Value, operation: &Value, reply: &Reply) {
    let name = &operation["operationId"];
    let declared = operation["responses"].get(reply.status.to_string());
    let declared = resolved(document, declared.unwrap_or_else(|| panic!("{name}: undeclared {reply:?}")));
    let media_type = reply.header("content-type").expect("it has a type").split(';').next().unwrap();
    let content = declared["content"].get(media_type).unwrap_or_else(|| panic!("{name}: {media_type} in {reply:?}"));
    if media_type == "application/json" {
        assert_eq!(faults(document, &content["schema"], &reply.json(), ""), [""; 0], "{name}");
    }
    for header in declared["headers"].as_object().into_iter().flatten() {
        assert!(reply.header(header.0).is_some(), "{name}: no {} in {reply:?}", header.0);
    }
}

on_both_engines! {
    async fn every_example_is_answered_as_it_is_declared(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed(10, "09:00", "10:00").await;
        afterimage::ops::rule::add(&desk.store, "5xx", afterimage::domain::rule::Scope::default()).await.unwrap();
        desk.turn_to("12:30");
        desk.process().await;
        let served = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let document = document();
        let mut operations = operations(&document);
        // What is captured is read before it is reopened, and closed again after that.
        operations.sort_by_key(|(method, path, _)| (method != "GET", path.ends_with("/close")));
        for (method, path, operation) in operations {
            for optional in [false, true] {
                for reply in Request::of(&document, path, operation, optional).send(&served.web, &method) {
                    assert!(reply.status < 300 || (optional && reply.status == 409), "{path}: {reply:?}");
                    check_declared(&document, operation, &reply);
                }
            }
        }
    }

    async fn what_is_refused_is_answered_as_it_is_declared(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let document = document();
        let closed = Policy { token: Some(afterimage::http::Token::new("correct-horse")), public_url: None };
        let small = Limits { body: 10, ..Limits::default() };
        let open = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let closed = serve(Some(&desk.store), closed, Limits::default()).await;
        let small = serve(Some(&desk.store), Policy::default(), small).await;
        let empty = serve(None, Policy::default(), Limits::default()).await;
        let browser = open.web.clone().with("Origin", "http://evil.example.net");
        for (method, path, operation) in operations(&document).into_iter().filter(|(_, path, _)| *path != "/healthz") {
            let request = Request::of(&document, path, operation, false);
            for web in [&open.web, &closed.web, &small.web, &empty.web, &browser] {
                for reply in request.send(web, &method) {
                    check_declared(&document, operation, &reply);
                }
            }
            for (media_type, body) in [("text/plain", "x"), ("application/json", "{\"no\": 1}"), ("text/csv", "no")] {
                let request = Request { bodies: vec![(media_type.into(), body.into())], headers: Vec::new(), ..request_of(&request) };
                request.send(&open.web, &method).iter().for_each(|reply| check_declared(&document, operation, reply));
            }
        }
    }
}

fn request_of(request: &Request) -> Request {
    Request { path: request.path.clone(), headers: Vec::new(), bodies: Vec::new() }
}

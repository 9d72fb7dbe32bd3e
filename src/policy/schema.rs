//! The JSON Schema (draft 2020-12) of both files, made from the tables that the reader uses: what an editor
//! completes is what the reader takes.

use serde_json::{Map, Value, json};

use super::file::FileKind;
use super::file::requirement_tables::NESTED;
use super::file::shape::{Key, Record, Shape};

/// The schema of a kind of file. What holds between keys (an unknown role, `min` above `max`) is beyond it.
#[must_use]
pub fn schema(kind: FileKind) -> Value {
    let title = match kind {
        FileKind::Repository => "Countersign: policy of a repository (.countersign.yml)",
        FileKind::Organisation => "Countersign: policy of the organisation",
    };
    let mut schema = record(kind.record());
    if let Value::Object(fields) = &mut schema {
        fields.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".into(), json!(title));
        let nested = NESTED.iter().map(|(name, one)| ((*name).to_owned(), record(one)));
        fields.insert("$defs".into(), Value::Object(nested.collect()));
        if let Some(version) = fields.get_mut("properties").and_then(|all| all.get_mut("version")) {
            *version = json!({ "const": 1, "description": "The version of this language." });
        }
    }
    schema
}

fn record(record: &Record) -> Value {
    let required: Vec<_> = record.keys().filter(|key| key.required).map(|key| key.name).collect();
    let properties: Map<String, Value> =
        record.keys().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut schema = json!({
        "type": "object",
        "description": record.about,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty()
        && let Value::Object(fields) = &mut schema
    {
        fields.insert("required".into(), json!(required));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = of(key.shape);
    if let Value::Object(fields) = &mut schema {
        fields.insert("description".into(), json!(key.about));
        if let Ok(example) = serde_json::from_str::<Value>(key.example) {
            fields.insert("examples".into(), json!([example]));
        }
    }
    schema
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Count(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Number => json!({ "type": "number" }),
        Shape::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Scalar => json!({ "type": ["null", "boolean", "number", "string"] }),
        Shape::Leaf(leaf) if leaf.pattern.is_empty() => {
            json!({ "type": "string", "minLength": 1 })
        }
        Shape::Leaf(leaf) => json!({ "type": "string", "pattern": leaf.pattern }),
        Shape::List(item) => json!({ "type": "array", "minItems": 1, "items": of(*item) }),
        Shape::Record(one) => record(one),
        Shape::Again(name, _) => json!({ "$ref": format!("#/$defs/{name}") }),
        Shape::Named(each) => {
            json!({ "type": "object", "minProperties": 1, "additionalProperties": of(*each) })
        }
        Shape::TextOr(one) => json!({ "anyOf": [of(Shape::Text), record(one)] }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::read_organisation;
    use super::*;

    /// As much of the standard as these schemas use; the path of the first thing that does not fit.
    fn misfit(given: &Value, value: &Value, path: &str) -> Option<String> {
        let named = given["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
        let named = named.map(|name| schema(FileKind::Organisation)["$defs"][name].clone());
        let schema = named.as_ref().unwrap_or(given);
        let fits_type = |name: &str| match name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            _ => value.is_null(),
        };
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|one| fits_type(one)) {
            return Some(format!("{path}: type"));
        }
        if schema["const"].is_number() && &schema["const"] != value {
            return Some(format!("{path}: const"));
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            return Some(format!("{path}: enum"));
        }
        if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
            && !regex::Regex::new(pattern).expect("a pattern").is_match(text)
        {
            return Some(format!("{path}: pattern {pattern}"));
        }
        for item in value.as_array().into_iter().flatten() {
            if let Some(misfit) = misfit(&schema["items"], item, &format!("{path}[]")) {
                return Some(misfit);
            }
        }
        value.as_object().into_iter().flatten().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            match (&schema["properties"][key], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => Some(format!("{path}: unknown")),
                (Value::Null, each) => misfit(each, value, &path),
                (known, _) => misfit(known, value, &path),
            }
        })
    }

    fn json_of(yaml: &str) -> Value {
        serde_saphyr::from_str(yaml).expect("yaml")
    }

    #[test]
    fn the_examples_of_the_contract_fit_their_schemas() {
        let repository = json_of(include_str!("file/testdata/repository.yml"));
        let organisation = json_of(include_str!("file/testdata/organisation.yml"));
        assert_eq!(misfit(&schema(FileKind::Repository), &repository, ""), None);
        assert_eq!(misfit(&schema(FileKind::Organisation), &organisation, ""), None);
        assert_eq!(
            misfit(&schema(FileKind::Repository), &organisation, "")
                .map(|path| path.contains("unknown")),
            Some(true)
        );
        assert!(misfit(&schema(FileKind::Repository), &json!({ "version": 2 }), "").is_some());
    }

    #[test]
    fn every_example_in_a_table_is_json_that_fits_its_key() {
        fn walk(schema: &Value, path: &str, seen: &mut usize) {
            for example in schema["examples"].as_array().into_iter().flatten() {
                *seen += 1;
                assert_eq!(misfit(schema, example, path), None);
            }
            for part in ["properties", "items", "additionalProperties"] {
                match &schema[part] {
                    Value::Object(fields) if part == "properties" => {
                        for (key, value) in fields {
                            walk(value, &format!("{path}.{key}"), seen);
                        }
                    }
                    value if value.is_object() => walk(value, path, seen),
                    _ => {}
                }
            }
        }
        let mut seen = 0;
        walk(&schema(FileKind::Organisation), "", &mut seen);
        assert!(seen > 25, "only {seen} examples");
        let unreadable = |key: &Key| {
            !key.example.is_empty() && serde_json::from_str::<Value>(key.example).is_err()
        };
        assert!(!FileKind::Organisation.record().keys().any(unreadable));
    }

    #[test]
    fn an_example_of_the_schema_is_taken_by_the_reader() {
        let schema = schema(FileKind::Organisation);
        let mut file = Map::new();
        file.insert("version".into(), json!(1));
        for (key, property) in schema["properties"].as_object().expect("properties") {
            if let Some(example) = property["examples"].get(0) {
                file.insert(key.clone(), example.clone());
            }
        }
        let text = Value::Object(file).to_string();
        assert!(read_organisation("x.yml", text.as_bytes()).is_ok(), "{text}");
    }
}

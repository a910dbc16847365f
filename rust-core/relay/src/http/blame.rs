//! Which field of a body is wrong. Pure.
//!
//! The path that serde knows ends at elements that are told apart by a tag, since it buffers them.
//! From there on the field is found by trying: what the body's error goes away without is to blame.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An element up to this size, as JSON, is looked into.
const BYTES: usize = 1 << 15;
/// So many fields of an object are tried.
const FIELDS: usize = 16;
/// So many levels are looked into.
const LEVELS: usize = 4;

/// The path of the field to blame, where one can be found below `path`.
pub fn field<T: DeserializeOwned>(bytes: &[u8], path: &str) -> Option<String> {
    let mut whole: Value = serde_json::from_slice(bytes).ok()?;
    let pointer = prune(&mut whole, path)?;
    if whole.to_string().len() > BYTES {
        return None;
    }
    let mut search = Search {
        failure: failure::<T>(&whole)?,
        whole,
        pointer,
        path: path.to_owned(),
    };
    for _ in 0..LEVELS {
        if let Some(missing) = search.missing() {
            search.enter_field(&missing);
            break;
        }
        if search.deeper::<T>().is_none() {
            break;
        }
    }
    (search.path != path).then_some(search.path)
}

/// Leaves of every list on the path only the element on it; returns where the path leads then.
fn prune(whole: &mut Value, path: &str) -> Option<String> {
    let plain = path.replace('[', ".").replace(']', "");
    let (mut at, mut pointer) = (whole, String::new());
    for part in plain.split('.').filter(|part| !part.is_empty()) {
        let step = match at {
            Value::Array(list) => {
                let index: usize = part.parse().ok()?;
                let element = list.get_mut(index)?.take();
                *list = vec![element];
                "0"
            }
            _ => part,
        };
        pointer = format!("{pointer}/{step}");
        at = match at {
            Value::Array(list) => list.first_mut()?,
            other => other.get_mut(step)?,
        };
    }
    Some(pointer)
}

fn failure<T: DeserializeOwned>(value: &Value) -> Option<String> {
    T::deserialize(value).err().map(|error| error.to_string())
}

/// The field that is missing, if the failure is that.
fn missing(failure: &str) -> Option<&str> {
    failure.strip_prefix("missing field `")?.split('`').next()
}

struct Search {
    whole: Value,
    failure: String,
    /// Where the search is, in `whole` and in the body.
    pointer: String,
    path: String,
}

impl Search {
    fn here(&self) -> Option<&Value> {
        self.whole.pointer(&self.pointer)
    }

    /// The field that this object lacks, if that is what is wrong.
    fn missing(&self) -> Option<String> {
        let field = missing(&self.failure)?;
        let lacks = self.here()?.as_object()?.get(field).is_none();
        lacks.then(|| field.to_owned())
    }

    /// Goes into what is to blame of the value here, if it is one part of it.
    fn deeper<T: DeserializeOwned>(&mut self) -> Option<()> {
        match self.here()? {
            Value::Object(_) => {
                let field = self.wrong_field::<T>()?;
                self.enter_field(&field);
            }
            Value::Array(list) => {
                let (index, element) = self.wrong_element::<T>(list)?;
                *self.whole.pointer_mut(&self.pointer)? = Value::Array(vec![element]);
                self.path = format!("{}[{index}]", self.path);
                self.pointer += "/0";
            }
            _ => return None,
        }
        Some(())
    }

    fn enter_field(&mut self, field: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{}{dot}{field}", self.path);
        self.pointer = format!(
            "{}/{}",
            self.pointer,
            field.replace('~', "~0").replace('/', "~1")
        );
    }

    /// The field without which the error is another or none. There may be several: a tag, or fields
    /// that are asked for before the wrong one is looked at. The wrong one is asked for last.
    fn wrong_field<T: DeserializeOwned>(&self) -> Option<String> {
        let fields = self.here()?.as_object()?.keys().take(FIELDS);
        let matters = |field: &&String| self.without::<T>(&[field]).as_ref() != Some(&self.failure);
        let last = fields.filter(matters).reduce(|one, other| {
            let failure = self.without::<T>(&[one, other]);
            match failure.as_deref().and_then(missing) {
                Some(first) if first == one => other,
                _ => one,
            }
        });
        last.cloned()
    }

    /// How the body fails without these fields of the object here.
    fn without<T: DeserializeOwned>(&self, fields: &[&str]) -> Option<String> {
        let mut whole = self.whole.clone();
        let object = whole.pointer_mut(&self.pointer)?.as_object_mut()?;
        object.retain(|name, _| !fields.contains(&name.as_str()));
        failure::<T>(&whole)
    }

    /// The first element that fails by itself as the list does. A list that is too long has none.
    fn wrong_element<T: DeserializeOwned>(&self, list: &[Value]) -> Option<(usize, Value)> {
        let fails = |part: &[Value]| {
            let mut only = self.whole.clone();
            let here = only.pointer_mut(&self.pointer)?;
            *here = Value::Array(part.to_vec());
            Some(failure::<T>(&only).as_ref() == Some(&self.failure))
        };
        let (mut right, mut wrong) = (0, list.len());
        while right + 1 < wrong {
            let middle = right.midpoint(wrong);
            if fails(&list[..middle])? {
                wrong = middle;
            } else {
                right = middle;
            }
        }
        let element = list.get(right)?;
        fails(std::slice::from_ref(element))?.then(|| (right, element.clone()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use truebadge_protocol::messages::{DeviceRegistration, EventsRequest, OperationsRequest};

    use super::*;

    /// The whole path, as a request that is refused is answered with.
    fn blamed<T: DeserializeOwned>(body: &Value) -> Option<String> {
        let bytes = body.to_string().into_bytes();
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Some(field::<T>(&bytes, &path).unwrap_or(path))
    }

    /// Puts wrong values into each field of the element at a pointer in turn, and takes it away.
    fn each_field_is_named<T: DeserializeOwned>(good: &Value, pointer: &str, path: &str) {
        assert_eq!(blamed::<T>(good), None);
        let fields = good.pointer(pointer).unwrap().as_object().unwrap().keys();
        let mut wrong = 0;
        for field in fields {
            for value in [
                None,
                Some(json!(null)),
                Some(json!(-1)),
                Some(json!(1.5)),
                Some(json!("\n")),
                Some(json!([[]])),
                Some(json!({ "title": { "x": 1 } })),
            ] {
                let mut body = good.clone();
                let element = body.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
                match &value {
                    None => drop(element.remove(field)),
                    Some(value) => drop(element.insert(field.clone(), value.clone())),
                }
                let Some(named) = blamed::<T>(&body) else {
                    continue;
                };
                wrong += 1;
                let expected = format!("{path}{field}");
                assert!(
                    named.starts_with(&expected),
                    "{named}: {field} is {value:?}"
                );
            }
        }
        assert!(wrong > 0);
    }

    #[test]
    fn whichever_field_is_wrong_is_named() {
        let alert = json!({ "title": "a", "subtitle": "b", "body": "c", "sound": "d" });
        for event in [
            json!({ "type": "item", "conversation": "c", "position": 1, "mention": true, "alert": alert }),
            json!({ "type": "read", "conversation": "c", "up_to": 1 }),
            json!({ "type": "read_items", "conversation": "c", "positions": [1] }),
            json!({ "type": "marked_unread", "conversation": "c", "marked": true }),
            json!({ "type": "level", "conversation": "c", "level": "all" }),
            json!({ "type": "removed", "conversation": "c" }),
        ] {
            let events = vec![json!({ "type": "removed", "conversation": "c" }), event];
            let body = json!({ "events": events });
            each_field_is_named::<EventsRequest>(&body, "/events/1", "events[1].");
        }
        for kind in [
            json!({ "kind": "read_up_to", "position": 1 }),
            json!({ "kind": "read_items", "positions": [1] }),
            json!({ "kind": "marked_unread", "marked": true }),
            json!({ "kind": "set_level", "level": "all" }),
        ] {
            let mut operation = json!({ "number": 1, "id": "o", "seen": 0, "conversation": "c" });
            let fields = operation.as_object_mut().unwrap();
            fields.extend(kind.as_object().unwrap().clone());
            let body = json!({ "operations": [operation] });
            each_field_is_named::<OperationsRequest>(&body, "/operations/0", "operations[0].");
        }
        let conditions = json!({ "badges_allowed": true, "alerts_allowed": true,
                                 "background_refresh": true, "low_power_mode": true });
        let body = json!({ "push_token": "aa", "environment": "sandbox", "topic": "com.example",
                           "policy": "off", "sole_account": true, "conditions": conditions,
                           "app_version": "1" });
        each_field_is_named::<DeviceRegistration>(&body, "", "");
        each_field_is_named::<DeviceRegistration>(&body, "/conditions", "conditions.");
    }
}

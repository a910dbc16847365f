//! The golden vectors in `tests/fixtures/protocol`, computed by a script that knows only
//! PROTOCOL.md.

use std::{fs, path::PathBuf};

use serde::de::DeserializeOwned;

/// A path from the repository's root.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Reads one file of vectors.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = repository("tests/fixtures/protocol").join(name);
    let text = fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Bytes from hexadecimal digits.
pub fn bytes(hexadecimal: &str) -> Vec<u8> {
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}

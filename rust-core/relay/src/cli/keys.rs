//! `keygen`.

use std::{io::Write, path::Path};

use serde_json::json;

use super::{Correct, Output, open};
use crate::{
    apns,
    clock::Clock,
    secret::{self, Hash, Purpose},
    store::Store,
};

/// A producer key: printed once, its hash kept.
pub fn producer_key(database: &Path, output: Output) -> anyhow::Result<()> {
    let store = open(database)?;
    let key = secret::generate(Purpose::ProducerKey)?;
    store.add_producer_key(&Hash::of(&key), Clock::system().now())?;
    output.line(&json!({ "producer_key": key }), &key)
}

/// A key for a push service that is not Apple's.
pub fn apns_test_key(path: &Path, output: Output) -> anyhow::Result<()> {
    let pem = apns::generate_key()?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(pem.as_bytes()));
    let shown = path.display().to_string();
    written.map_err(|error| Correct(format!("{shown} cannot be written: {error}")))?;
    output.line(&json!({ "apns_test_key": shown }), &shown)
}

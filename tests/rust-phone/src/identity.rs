//! The device id: random, made once, kept in a file where an iPhone has the Keychain.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::Context as _;
use truebadge_protocol::DeviceId;
use uuid::Uuid;

/// Gives the store's device id, and makes one where there is none.
pub fn device(store: &Path) -> anyhow::Result<DeviceId> {
    let file = store.join("device");
    let name = file.display();
    match fs::read_to_string(&file) {
        Ok(text) => DeviceId::new(text.trim()).with_context(|| {
            format!("{name} holds no device id: remove it, and the phone is a new one")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let fresh = Uuid::new_v4().to_string();
            let mut made = fs::File::create_new(&file)
                .with_context(|| format!("cannot write {name}: give another --store"))?;
            writeln!(made, "{fresh}").with_context(|| format!("cannot write {name}"))?;
            DeviceId::new(fresh).context("a UUID is a device id")
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {name}")),
    }
}

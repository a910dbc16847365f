//! Writes the JSON Schema of every message into a folder: `schema docs/schema`.

use std::{env, fs, path::PathBuf, process::ExitCode};

use schemars::{Schema, schema_for};
use truebadge_protocol::{Problem, messages as m};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: schema FOLDER");
        return ExitCode::from(2);
    };
    match write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &std::path::Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, schema) in messages() {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        fs::write(folder.join(format!("{name}.json")), text)?;
    }
    Ok(())
}

fn messages() -> Vec<(&'static str, Schema)> {
    vec![
        ("events-request", schema_for!(m::EventsRequest)),
        ("conversation-upsert", schema_for!(m::ConversationUpsert)),
        ("committed", schema_for!(m::Committed)),
        ("device-token", schema_for!(m::DeviceToken)),
        ("device-registration", schema_for!(m::DeviceRegistration)),
        ("device-registered", schema_for!(m::DeviceRegistered)),
        ("changes-query", schema_for!(m::ChangesQuery)),
        ("changes", schema_for!(m::Changes)),
        ("operations-request", schema_for!(m::OperationsRequest)),
        ("operations-applied", schema_for!(m::OperationsApplied)),
        ("problem", schema_for!(Problem)),
    ]
}

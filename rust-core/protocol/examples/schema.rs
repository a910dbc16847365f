//! Writes the JSON Schema of every message into a folder: `schema docs/schema`.

use std::{env, fs, io, path::Path, process::ExitCode};

use truebadge_protocol::schema;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: schema FOLDER");
        return ExitCode::from(2);
    };
    let folder = Path::new(&folder);
    match write(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    schema::files()
        .into_iter()
        .try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

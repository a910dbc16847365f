//! Where the programs are: in `TRUEBADGE_BIN_DIR`, or where cargo put this program too.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Names the folder of the Rust programs.
pub const BIN_DIR: &str = "TRUEBADGE_BIN_DIR";

/// A Rust program of this repository.
pub fn find(name: &str) -> anyhow::Result<PathBuf> {
    let folder = match env::var_os(BIN_DIR) {
        Some(folder) => PathBuf::from(folder),
        None => beside_us()?,
    };
    let program = folder.join(name);
    anyhow::ensure!(
        program.is_file(),
        "{} is not there: run `cargo build -p truebadge-relay -p apns-sim -p rust-phone --bins`, \
         or name the folder in {BIN_DIR}",
        program.display()
    );
    Ok(program)
}

/// Programs lie in cargo's `debug`, tests in `debug/deps`.
fn beside_us() -> anyhow::Result<PathBuf> {
    let this = env::current_exe().context("the system does not tell where this program is")?;
    let folder = this.parent().unwrap_or(Path::new("."));
    let folder = match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    Ok(folder.to_path_buf())
}

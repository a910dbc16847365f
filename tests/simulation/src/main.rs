//! `scripts/simulate`: runs seeds, replays one.

use std::process::ExitCode;

mod cli;

/// A life is many small allocations, SQLite's among them.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}

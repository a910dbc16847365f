//! `scripts/simulate`: runs seeds, replays one.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}

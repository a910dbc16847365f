//! A phone's process for the tests of this crate.

use std::process::ExitCode;

use clap::Parser as _;
use processes::obey::{Phone, Settings};

fn main() -> ExitCode {
    let settings = Settings::parse();
    match Phone::new(settings).obey(std::io::stdin().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("phone-process: {error:#}");
            ExitCode::from(2)
        }
    }
}

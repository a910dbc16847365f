//! `truebadge-relay`: see `truebadge-relay --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use truebadge_relay::cli::{Cli, Correct};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("truebadge-relay: {error:#}");
            let correct = error.downcast_ref::<Correct>().is_some();
            ExitCode::from(if correct { 2 } else { 1 })
        }
    }
}

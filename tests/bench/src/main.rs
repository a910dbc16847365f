//! `scripts/bench`: see `scripts/bench --help`.

mod child;
mod cli;
mod count;
mod gate;
mod machine;
mod measure;
mod phone;
mod raw;
mod report;
mod served;
mod statistics;
mod workloads;

fn main() -> std::process::ExitCode {
    cli::main()
}

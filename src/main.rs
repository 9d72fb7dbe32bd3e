//! The program. Everything it does is in the library; see `countersign --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::main()
}

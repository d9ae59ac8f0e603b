//! The `hazecast` command.

fn main() -> std::process::ExitCode {
    hazecast::cli::main()
}

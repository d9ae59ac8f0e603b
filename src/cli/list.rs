//! `hazecast list`: the emergency emission-reduction list of a run as files for an office, and such a file read back.

use super::language::Language;
use super::{archived, output};
use crate::archive::durable::write_atomic;
use crate::archive::list_files::{ListFormat, bytes, file_name};
use crate::archive::run_id::RunId;
use crate::consultation::list_reading;
use crate::consultation::reduction_list::{ListRow, lists};
use crate::error::{Error, Result};
use crate::input::table_file::RowFault;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast list export --config night.toml -o lists
  hazecast list export --record record.json -o lists --json
  hazecast list read lists/list_2026011512_222401.xlsx --json

Exit code 0: done; 3: there is no list, or a row of the file that was read is refused.";

/// The emission-reduction list of a run as XLSX, CSV and JSON for each county, and such a file read back.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    #[command(subcommand)]
    command: ListCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum ListCommand {
    /// Writes the list of the region and of every county into a folder
    Export(ExportArgs),
    /// Reads an exported list, also one that an office has edited
    Read {
        /// XLSX or CSV file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct ExportArgs {
    /// Configuration of the night, for its folder of runs
    #[arg(long, value_name = "FILE", required_unless_present_any = ["runs", "record"], conflicts_with_all = ["runs", "record"])]
    config: Option<PathBuf>,
    /// Folder of runs
    #[arg(long, value_name = "DIR", conflicts_with = "record")]
    runs: Option<PathBuf>,
    /// Run; default: the latest
    #[arg(long, value_name = "YYYYMMDDHH", value_parser = archived::run_id, conflicts_with = "record")]
    run: Option<RunId>,
    /// A consultation record as JSON instead of an archived run
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Folder for the files
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl ListArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            ListCommand::Export(args) => args.json,
            ListCommand::Read { json, .. } => *json,
        }
    }
}

#[derive(Serialize)]
struct Exported {
    run: String,
    rows: usize,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Reread {
    rows: Vec<ListRow>,
    refused: Vec<RowFault>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` without a record or a list, `Format` for a file that is none, `Io` when a file cannot be written.
pub fn run(args: &ListArgs, language: Language) -> Result<u8> {
    match &args.command {
        ListCommand::Export(args) => export(args, language),
        ListCommand::Read { file, json } => read(file, *json, language),
    }
}

fn export(args: &ExportArgs, language: Language) -> Result<u8> {
    let record = match &args.record {
        Some(path) => archived::record_in(path)?,
        None => archived::record(args.config.as_deref(), args.runs.as_deref(), args.run.as_ref())?,
    };
    let lists = lists(&record);
    let Some(whole) = lists.first() else {
        let remedy = "No level of this run calls for a list; name another run";
        return Err(Error::missing("a reduction list", format!("run {}", record.run), remedy));
    };
    std::fs::create_dir_all(&args.output).map_err(|e| Error::io(&args.output, e))?;
    let mut files = Vec::new();
    for list in &lists {
        for format in ListFormat::ALL {
            let name = file_name(list, format);
            write_atomic(&args.output.join(&name), &bytes(list, &record, format)?)?;
            files.push(name);
        }
    }
    let exported = Exported { run: record.run.clone(), rows: whole.rows.len(), files };
    if args.json {
        output::print_json(&exported)?;
    } else {
        let (rows, files) = (language.pick("行", "rows"), language.pick("个文件", "files"));
        let (count, number) = (exported.rows, exported.files.len());
        output::print(&format!("{}: {count} {rows}, {number} {files}: {}", exported.run, args.output.display()))?;
    }
    Ok(0)
}

fn read(file: &std::path::Path, json: bool, language: Language) -> Result<u8> {
    let (rows, refused) = list_reading::read(file)?;
    let reread = Reread { rows, refused };
    if json {
        output::print_json(&reread)?;
    } else {
        let mut lines: Vec<String> = reread.refused.iter().map(|f| super::register::fault_line(f, language)).collect();
        let (rows, refused) = (language.pick("行", "rows"), language.pick("行被拒绝", "refused"));
        lines.push(format!("{} {rows}, {} {refused}", reread.rows.len(), reread.refused.len()));
        output::print(&lines.join("\n"))?;
    }
    Ok(if reread.refused.is_empty() { 0 } else { 3 })
}

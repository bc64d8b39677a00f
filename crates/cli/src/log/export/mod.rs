//! `undercut log export`: the records as a table for other programs.

mod parquet;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use ::parquet::errors::ParquetError;

use super::row::{COLUMNS, Row};
use super::source::{Entry, Log};
use crate::args::{Export, TableFormat};
use crate::exit::{Exit, Failure};
use crate::file::NewFile;
use crate::progress::Progress;
use crate::style::visible;
use crate::tell;
use parquet::Table;

/// The name and version of the columns.
const SCHEMA: &str = "undercut.log-rows/1";

/// Writes the rows that `args` choose.
pub(super) fn run(args: &Export) -> Result<Exit, Failure> {
    if args.from.zip(args.to).is_some_and(|(from, to)| from > to) {
        return Err(Failure::wrong_use("--from is behind --to; no record is between them"));
    }
    let log = Log::open(&args.dir)?;
    let mut sink = Sink::open(args)?;
    let mut progress = Progress::start("export", log.bytes(), args.progress.progress);
    let (mut records, mut rows) = (log.records()?, 0_u64);
    loop {
        let Some(entry) = records.next()? else {
            records.finish()?;
            break;
        };
        progress.at(records.bytes());
        // What comes after is not asked for, and not read.
        if args.to.is_some_and(|to| entry.record.sequence > to) {
            break;
        }
        if is_wanted(args, &entry) {
            rows = rows.saturating_add(1);
            match sink.add(&entry) {
                // A reader that left has seen enough.
                Err(error) if error.is_left() => return Ok(Exit::Done),
                added => added.map_err(|error| error.failure(args))?,
            }
        }
    }
    progress.finish();
    match sink.finish() {
        Err(error) if error.is_left() => return Ok(Exit::Done),
        finished => finished.map_err(|error| error.failure(args))?,
    }
    if let Some(out) = &args.out {
        tell(&format!("wrote {rows} rows to {}\n", visible(&out.display().to_string())));
    } else if rows == 0 {
        tell("undercut: no record is asked for; `undercut log inspect` lists the kinds\n");
    }
    Ok(Exit::Done)
}

fn is_wanted(args: &Export, entry: &Entry) -> bool {
    let kind = entry.record.event.kind();
    args.from.is_none_or(|from| entry.record.sequence >= from)
        && (args.kind.is_empty() || args.kind.iter().any(|own| own.eq_ignore_ascii_case(kind)))
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
enum Unwritten {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The place for the file is taken, or is none.
    #[error("{0:?}")]
    Place(Failure),
}

impl Unwritten {
    /// The error of the file or stream below, if it is one of those.
    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            Self::Csv(error) => match error.kind() {
                csv::ErrorKind::Io(error) => Some(error),
                _ => None,
            },
            Self::Parquet(ParquetError::External(error)) => error.downcast_ref(),
            Self::Json(_) | Self::Parquet(_) | Self::Place(_) => None,
        }
    }

    fn is_left(&self) -> bool {
        self.io().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn failure(self, args: &Export) -> Failure {
        let place = args.out.as_ref().map_or_else(
            || "standard output".to_owned(),
            |out| visible(&out.display().to_string()),
        );
        match self {
            Self::Place(failure) => failure,
            Self::Json(error) if !error.is_io() => Failure::new(Exit::Bug, error.to_string()),
            other => Failure::new(Exit::Unreadable, format!("FIL003: {place}: {other}")),
        }
    }
}

/// Where bytes go: a file that has its name only when it is complete, or standard output.
enum Out {
    File(BufWriter<File>, Box<NewFile>),
    Stdout(BufWriter<Stdout>),
}

impl Out {
    fn open(args: &Export) -> Result<Self, Failure> {
        let Some(path) = &args.out else {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        };
        let (file, new) = NewFile::create(path, args.force)?;
        Ok(Self::File(BufWriter::with_capacity(1 << 16, file), Box::new(new)))
    }

    fn finish(self) -> Result<(), Unwritten> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush()?),
            Self::File(out, new) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.sync_all()?;
                new.take_its_place().map_err(Unwritten::Place)
            }
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(out, _) => out.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(out, _) => out.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}

/// What rows become.
enum Sink {
    Jsonl(Out),
    Csv(Box<csv::Writer<Out>>),
    Parquet(Box<Table<Out>>),
}

impl Sink {
    fn open(args: &Export) -> Result<Self, Failure> {
        let is_binary = args.format == TableFormat::Parquet;
        if is_binary && args.out.is_none() && io::stdout().is_terminal() {
            let sentence = "--format parquet is nothing for a terminal; name a file with --out";
            return Err(Failure::wrong_use(sentence));
        }
        let out = Out::open(args)?;
        let opened = match args.format {
            TableFormat::Jsonl => Ok(Self::Jsonl(out)),
            TableFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                let written = csv.write_record(COLUMNS).map_err(Unwritten::from);
                written.map(|()| Self::Csv(Box::new(csv)))
            }
            TableFormat::Parquet => {
                Table::new(out).map(|table| Self::Parquet(Box::new(table))).map_err(Unwritten::from)
            }
        };
        opened.map_err(|error| error.failure(args))
    }

    fn add(&mut self, entry: &Entry) -> Result<(), Unwritten> {
        let row = Row::of(&entry.record);
        match self {
            Self::Jsonl(out) => {
                let line = crate::style::escaped_json(&serde_json::to_string(&row)?);
                out.write_all(line.as_bytes())?;
                Ok(out.write_all(b"\n")?)
            }
            Self::Csv(csv) => {
                let row = row.flat()?;
                let (sequence, height) = (row.sequence.to_string(), row.height.to_string());
                let cells = COLUMNS.iter().map(|column| match *column {
                    "sequence" => sequence.as_str(),
                    "height" => height.as_str(),
                    column => row.text(column).unwrap_or_default(),
                });
                Ok(csv.write_record(cells)?)
            }
            Self::Parquet(table) => Ok(table.add(row.flat()?)?),
        }
    }

    fn finish(self) -> Result<(), Unwritten> {
        match self {
            Self::Jsonl(out) => out.finish(),
            Self::Csv(csv) => {
                let out = csv.into_inner().map_err(|error| {
                    io::Error::new(error.error().kind(), error.error().to_string())
                })?;
                out.finish()
            }
            Self::Parquet(table) => table.finish()?.finish(),
        }
    }
}

//! Rows as a Parquet file.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::log::row::{COLUMNS, Row};

/// A row group is written when it has so many rows,
const GROUP_ROWS: usize = 10_000;
/// or so many bytes of events: what is held in memory is about that.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// Columns that are whole numbers, and columns of text that every row has.
const NUMBERS: [&str; 2] = ["sequence", "height"];
const ALWAYS: [&str; 3] = ["kind", "hash", "event"];

/// Writes rows in groups.
pub(super) struct Table<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<Row<String>>,
    bytes: usize,
}

impl<W: Write + Send> Table<W> {
    /// Begins a file.
    pub(super) fn new(out: W) -> Result<Self, ParquetError> {
        let schema = Arc::new(parse_message_type(&schema())?);
        let about = KeyValue::new("schema".to_owned(), super::SCHEMA.to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("undercut ", env!("CARGO_PKG_VERSION")).to_owned())
            // Every event and hash is another one: a dictionary of them would only cost.
            .set_column_dictionary_enabled(ColumnPath::from("event"), false)
            .set_column_dictionary_enabled(ColumnPath::from("hash"), false)
            .set_key_value_metadata(Some(vec![about]))
            .build();
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { file, rows: Vec::new(), bytes: 0 })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: Row<String>) -> Result<(), ParquetError> {
        self.bytes = self.bytes.saturating_add(row.event.len());
        self.rows.push(row);
        if self.rows.len() >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.group()
        } else {
            Ok(())
        }
    }

    /// Writes what is left and the end of the file.
    pub(super) fn finish(mut self) -> Result<W, ParquetError> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.file.into_inner()
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for column in COLUMNS {
            write(&mut group, column, &self.rows)?;
        }
        group.close()?;
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn schema() -> String {
    let field = |name: &&str| match *name {
        name if NUMBERS.contains(&name) => format!("required int64 {name} (integer(64, false));"),
        name if ALWAYS.contains(&name) => format!("required binary {name} (string);"),
        name => format!("optional binary {name} (string);"),
    };
    format!("message log {{ {} }}", COLUMNS.iter().map(field).collect::<String>())
}

fn write<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &str,
    rows: &[Row<String>],
) -> Result<(), ParquetError> {
    let lacks = || ParquetError::General(format!("the schema lacks {column}"));
    let mut writer = group.next_column()?.ok_or_else(lacks)?;
    if NUMBERS.contains(&column) {
        // The column is marked as unsigned: the same 64 bits.
        let number = |row: &Row<String>| {
            if column == "sequence" { row.sequence } else { row.height }.cast_signed()
        };
        let values: Vec<i64> = rows.iter().map(number).collect();
        writer.typed::<Int64Type>().write_batch(&values, None, None)?;
    } else {
        let texts = rows.iter().filter_map(|row| row.text(column));
        let values: Vec<ByteArray> = texts.map(ByteArray::from).collect();
        let levels: Vec<i16> = rows.iter().map(|row| row.text(column).is_some().into()).collect();
        let levels = (!ALWAYS.contains(&column)).then_some(levels.as_slice());
        writer.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
    }
    writer.close()
}

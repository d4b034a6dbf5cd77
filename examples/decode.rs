//! Reads an event stream from standard input and writes one JSON object per line.

mod common;

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use common::{MEMORY, Memory, bad_usage, help, line, millis, number, to_json};
use lexopt::prelude::*;
use serde_json::json;

const USAGE: &str = "\
usage: decode [OPTIONS] < STREAM

Reads an event stream (text/event-stream) from standard input and writes its items as JSON, one
object per line:

  {\"kind\":\"event\",\"type\":…,\"data\":…,\"id\":…}
  {\"kind\":\"comment\",\"text\":…}            with --comments
  {\"kind\":\"retry\",\"ms\":…}                with --retry
  {\"kind\":\"too_long\"}                    in place of an event or comment of more than 16 MiB
  {\"kind\":\"end\",\"id\":…,\"retry\":…}        at the end: last event ID, reconnection time in ms

Options:
  --chunk N             wait for N bytes, then push them into the decoder; 0: push everything at
                        the end of the input (default: push bytes as they arrive)
  --last-event-id ID    start with this last event ID
  --comments            show comments
  --retry               show retry fields
  --help                show this
";

/// The size of the read buffer.
const READ: usize = 64 * 1024;

fn main() {
    let mut chunk = None;
    let mut decoder = MEMORY.lock().expect("no other thread uses it");
    if let Err(problem) = read_options(&mut chunk, &mut decoder) {
        bad_usage(problem, USAGE);
    }
    match run(chunk, &mut decoder) {
        // The reader of our output has closed the pipe.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(1);
        }
        Ok(()) => {}
    }
}

fn read_options(chunk: &mut Option<usize>, decoder: &mut Memory) -> Result<(), lexopt::Error> {
    let mut options = lexopt::Parser::from_env();
    while let Some(option) = options.next()? {
        match option {
            Long("chunk") => *chunk = Some(number(&mut options, "chunk")?),
            Long("last-event-id") => decoder
                .set_last_event_id(&options.value()?.string()?)
                .map_err(|invalid| lexopt::Error::Custom(invalid.into()))?,
            Long("comments") => decoder.show_comments(true),
            Long("retry") => decoder.show_retry(true),
            Long("help") | Short('h') => help(USAGE),
            _ => return Err(option.unexpected()),
        }
    }
    Ok(())
}

fn run(chunk: Option<usize>, decoder: &mut Memory) -> io::Result<()> {
    let mut stdin = io::stdin().lock();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match chunk {
            Some(0) => stdin.read_to_end(&mut bytes)?,
            Some(chunk) => (&mut stdin).take(chunk as u64).read_to_end(&mut bytes)?,
            None => {
                bytes.resize(READ, 0);
                let read = stdin.read(&mut bytes)?;
                bytes.truncate(read);
                read
            }
        };
        let mut input = bytes.as_slice();
        if input.is_empty() {
            break;
        }
        while let Some(item) = decoder.decode(&mut input) {
            writeln!(out, "{}", line(&to_json(&item)))?;
        }
        out.flush()?;
    }
    let retry = decoder.reconnection_time().map(millis);
    let end = json!({"kind": "end", "id": decoder.last_event_id(), "retry": retry});
    writeln!(out, "{}", line(&end))?;
    out.flush()
}

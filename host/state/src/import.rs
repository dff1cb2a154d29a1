//! Reading an export into an empty data folder.

use std::fs;
use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use skep_journal::{Append, Chain, link};
use skep_model::{Digest, Event, Happening, Outcome, RunId, Seq};

use crate::config::Config;
use crate::dump::{Line, Totals, VERSION, hex};
use crate::error::Error;
use crate::store::Store;

/// How many events are appended at once.
const AT_ONCE: usize = 256;
/// And how many bytes of them.
const BYTES_AT_ONCE: usize = 1 << 20;

impl Store {
    /// Makes a data folder from an export. Every run comes back with its id, its numbers and its hash chain; a damaged one
    /// ends there as an error. When it fails, the folder is as empty as before.
    ///
    /// # Errors
    /// `NotEmpty`; `Import` names the line that is not what an export writes.
    pub fn import(config: Config, from: impl BufRead) -> Result<(Self, Totals), Error> {
        let (store, _) = Self::open(config.clone())?;
        if store.state().all_runs().next().is_some() {
            return Err(Error::NotEmpty(config.data));
        }
        match Import::new(&store).all(from) {
            Ok(totals) => Ok((store, totals)),
            Err(error) => {
                drop(store);
                clear(&config)?;
                Err(error)
            }
        }
    }
}

fn clear(config: &Config) -> Result<(), Error> {
    for dir in [config.journal.dir.clone(), config.state_dir(), config.blobs_dir()] {
        fs::remove_dir_all(&dir).map_err(Error::io("remove", &dir))?;
    }
    Ok(())
}

struct Import<'a> {
    store: &'a Store,
    line: u64,
    hash: Sha256,
    totals: Totals,
    /// The run that is being read, where it stands, and its events that were not appended yet.
    run: Option<RunId>,
    next: Seq,
    chain: Chain,
    waiting: Vec<Vec<u8>>,
    waiting_bytes: usize,
}

impl<'a> Import<'a> {
    fn new(store: &'a Store) -> Self {
        let (hash, totals) = (Sha256::new(), Totals::default());
        Self { store, line: 0, hash, totals, run: None, next: 1, chain: [0; 32], waiting: Vec::new(), waiting_bytes: 0 }
    }

    fn all(mut self, mut from: impl BufRead) -> Result<Totals, Error> {
        let mut text = String::new();
        loop {
            text.clear();
            self.line += 1;
            let read = from.read_line(&mut text).map_err(|error| self.wrong(error))?;
            if read == 0 {
                return Err(self.wrong("the export ends here without its last line; it is not complete"));
            }
            let line = serde_json::from_str(&text).map_err(|_| self.wrong("not a line of an export"))?;
            if let Line::End(end) = line {
                return self.end(end);
            }
            self.hash.update(&text);
            self.take(line)?;
        }
    }

    fn wrong(&self, why: impl ToString) -> Error {
        Error::Import { line: self.line, why: why.to_string() }
    }

    fn take(&mut self, line: Line) -> Result<(), Error> {
        match line {
            Line::SkepExport(VERSION) if self.line == 1 => Ok(()),
            Line::SkepExport(version) => Err(self.wrong(format!("a header of version {version} can't be here"))),
            _ if self.line == 1 => Err(self.wrong("an export begins with a header")),
            Line::Blob { digest, base64 } => self.blob(digest, &base64),
            Line::Event { run, seq, chain, body } => self.event(run, seq, &chain, body.get()),
            Line::Damaged { run, why } => self.damaged(run, why),
            Line::End(_) => Ok(()),
        }
    }

    fn blob(&mut self, blob: Digest, base64: &str) -> Result<(), Error> {
        let bytes = STANDARD.decode(base64).map_err(|error| self.wrong(error))?;
        if Digest::of(&bytes) != blob {
            return Err(self.wrong(format!("the bytes are not those of {blob}")));
        }
        self.totals.blobs += 1;
        self.store.blobs().put(&bytes)?;
        Ok(())
    }

    fn event(&mut self, run: RunId, seq: Seq, chain: &str, event: &str) -> Result<(), Error> {
        if self.run != Some(run) {
            self.append()?;
            (self.run, self.next, self.chain) = (Some(run), 1, [0; 32]);
            self.totals.runs += 1;
        }
        let expected = self.next + self.waiting.len() as Seq;
        if seq != expected {
            return Err(self.wrong(format!("event {seq} of run {run} stands where {expected} should")));
        }
        self.chain = link(&self.chain, run, seq, event.as_bytes());
        if hex(&self.chain) != chain {
            return Err(self.wrong(format!("event {seq} of run {run} was changed: its chain is broken")));
        }
        self.totals.events += 1;
        self.waiting_bytes += event.len();
        self.waiting.push(event.as_bytes().to_vec());
        let full = self.waiting.len() >= AT_ONCE || self.waiting_bytes >= BYTES_AT_ONCE;
        if full { self.append() } else { Ok(()) }
    }

    /// Ends a run whose rest was lost, so that nobody takes it up again.
    fn damaged(&mut self, run: RunId, why: String) -> Result<(), Error> {
        self.append()?;
        let record = self.store.record(run)?.filter(|_| self.run == Some(run));
        let record = record.ok_or_else(|| self.wrong("nothing of this run stands before"))?;
        if !record.state.is_terminal() {
            let what = Happening::Ended { outcome: Outcome::HostFault(why), usage: record.usage };
            let event = Event { at: record.updated_at, what };
            self.store.append_blocking(run, self.next, &[event])?;
            self.next += 1;
        }
        Ok(())
    }

    fn append(&mut self) -> Result<(), Error> {
        let payloads = std::mem::take(&mut self.waiting);
        let Some(run) = self.run.filter(|_| !payloads.is_empty()) else { return Ok(()) };
        let append = Append::new(run, self.next, payloads);
        let appended = self.store.journal().append_blocking(append)?.wait();
        let appended = appended.map_err(|error| match self.store.explain(error) {
            Error::Journal(skep_journal::Error::Refused { reason }) => self.wrong(reason),
            other => other,
        })?;
        (self.next, self.waiting_bytes) = (appended.last_seq + 1, 0);
        Ok(())
    }

    fn end(mut self, end: Totals) -> Result<Totals, Error> {
        self.append()?;
        self.totals.sha256 = hex(&self.hash.clone().finalize().into());
        if self.totals == end {
            Ok(end)
        } else {
            Err(self.wrong("the export is not what was written: its totals differ"))
        }
    }
}

//! Writing everything down in a form that outlives this program.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use skep_journal::Entry;
use skep_journal::Error::{BlobDamaged, BlobMissing};
use skep_model::{Digest, Event, RunId};

use crate::dump::{Line, Totals, VERSION, hex};
use crate::error::Error;
use crate::store::Store;

/// How many events are read at once.
const PAGE: usize = 256;

impl Store {
    /// Writes all runs that were not deleted, and the blobs they name, as one stream of lines (see `dump.rs` for the form).
    /// Of a damaged run, or one whose blobs are lost, it writes what is sound, and says so. A run that goes on meanwhile is written up to some event.
    ///
    /// # Errors
    /// The writer, or reading. What was written then has no end, and an import refuses it.
    pub fn export(&self, to: impl Write) -> Result<Totals, Error> {
        let mut dump = Dump { to: BufWriter::new(to), hash: Sha256::new(), totals: Totals::default() };
        dump.line(&Line::SkepExport(VERSION))?;
        let mut runs = self.state().all_runs().collect::<Result<Vec<RunId>, Error>>()?;
        runs.reverse();
        let lost = self.export_blobs(&runs, &mut dump)?;
        for run in runs {
            self.export_run(run, &lost, &mut dump)?;
        }
        dump.finish()
    }

    /// Returns the blobs that are lost, and what is wrong with each.
    fn export_blobs(&self, runs: &[RunId], dump: &mut Dump<impl Write>) -> Result<HashMap<Digest, String>, Error> {
        let (mut done, mut lost) = (HashSet::new(), HashMap::new());
        for run in runs {
            self.each_entry(*run, |entry| {
                for blob in blobs(entry).into_iter().filter(|blob| done.insert(*blob)) {
                    match self.blobs().get(&blob) {
                        Ok(bytes) => dump.blob(blob, &bytes)?,
                        Err(error @ (BlobMissing(_) | BlobDamaged(_))) => drop(lost.insert(blob, error.to_string())),
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(())
            })?;
        }
        Ok(lost)
    }

    fn export_run(&self, run: RunId, lost: &HashMap<Digest, String>, dump: &mut Dump<impl Write>) -> Result<(), Error> {
        let (mut any, mut lacking) = (false, None);
        let damaged = self.each_entry(run, |entry| {
            any = true;
            if lacking.is_none() && !lost.is_empty() {
                lacking = blobs(entry).iter().find_map(|blob| lost.get(blob).cloned());
            }
            dump.event(entry)
        })?;
        dump.totals.runs += u64::from(any);
        match damaged.or(lacking).filter(|_| any) {
            Some(why) => dump.line(&Line::Damaged { run, why }),
            None => Ok(()),
        }
    }

    /// Visits the events of a run that was not deleted. Returns why it stopped early, if damage was the reason.
    fn each_entry(
        &self,
        run: RunId,
        mut visit: impl FnMut(&Entry) -> Result<(), Error>,
    ) -> Result<Option<String>, Error> {
        let (mut next, mut page) = (1, PAGE);
        loop {
            if self.record(run)?.is_none_or(|record| record.deleted) {
                return Ok(None);
            }
            let entries = match self.events().read_entries(run, next, page) {
                // What stands before the damage is sound.
                Err(Error::Journal(skep_journal::Error::Damaged { .. })) if page > 1 => {
                    page = 1;
                    continue;
                }
                Err(error @ Error::Journal(skep_journal::Error::Damaged { .. })) => return Ok(Some(error.to_string())),
                entries => entries?,
            };
            let Some(last) = entries.last() else { break };
            next = last.seq + 1;
            entries.iter().try_for_each(&mut visit)?;
        }
        let damaged = self.state().head(run)?.and_then(|head| head.damaged);
        Ok(damaged.map(|at| format!("the journal was damaged at {at}")))
    }
}

/// The blobs that an event names; none if it is unknown.
fn blobs(entry: &Entry) -> Vec<Digest> {
    Event::decode(&entry.payload).map(|event| event.what.blobs()).unwrap_or_default()
}

struct Dump<W: Write> {
    to: BufWriter<W>,
    hash: Sha256,
    totals: Totals,
}

impl<W: Write> Dump<W> {
    fn line(&mut self, line: &Line) -> Result<(), Error> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.to.write_all(&bytes).map_err(failed)
    }

    fn blob(&mut self, blob: Digest, bytes: &[u8]) -> Result<(), Error> {
        self.totals.blobs += 1;
        self.line(&Line::Blob { digest: blob, base64: STANDARD.encode(bytes) })
    }

    fn event(&mut self, entry: &Entry) -> Result<(), Error> {
        self.totals.events += 1;
        let Entry { run, seq, .. } = *entry;
        let text = String::from_utf8_lossy(&entry.payload).into_owned();
        let body = RawValue::from_string(text).map_err(|source| Error::UnknownEvent { run, seq, source })?;
        self.line(&Line::Event { run, seq, chain: hex(&entry.chain), body })
    }

    fn finish(mut self) -> Result<Totals, Error> {
        self.totals.sha256 = hex(&self.hash.clone().finalize().into());
        self.line(&Line::End(self.totals.clone()))?;
        self.to.flush().map_err(failed)?;
        Ok(self.totals)
    }
}

fn failed(source: io::Error) -> Error {
    Error::io("write", Path::new("the export"))(source)
}

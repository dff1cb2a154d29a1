//! Opening: the journal is the truth, so whatever is wrong with sled ends in a rebuild and never in a refusal.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use skep_journal::{Journal, OwnerLock};

use crate::config::Config;
use crate::error::Error;
use crate::fold::StateFold;
use crate::quarantine;
use crate::report::{OpenReport, Rebuilt, Trouble};
use crate::shared::Shared;
use crate::supervise;
use crate::tree::Tree;

/// A journal and the state that follows it.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) shared: Arc<Shared>,
    pub(crate) report: OpenReport,
}

/// Opens both; `trouble` is what is already known to be wrong with the state.
pub(crate) fn open(config: &Config, lock: &Arc<OwnerLock>, trouble: Option<Trouble>) -> Result<Opened, Error> {
    let opened = match trouble.map_or_else(|| use_state(config), Err) {
        Ok(tree) => follow(config, lock, tree),
        Err(trouble) => return rebuild(config, lock, trouble),
    };
    match opened {
        Ok(Attempt::Good(opened)) => Ok(opened),
        Ok(Attempt::Disagrees(earlier, reason)) => {
            let mut opened = rebuild(config, lock, Trouble::Disagrees { reason })?;
            // The first opening has cut off what was torn.
            opened.report.journal.torn = opened.report.journal.torn.or(earlier.torn);
            Ok(opened)
        }
        Err(Error::Journal(skep_journal::Error::Fold { reason })) => rebuild(config, lock, Trouble::Failed { reason }),
        Err(other) => Err(other),
    }
}

enum Attempt {
    Good(Opened),
    Disagrees(skep_journal::OpenReport, String),
}

fn use_state(config: &Config) -> Result<Tree, Trouble> {
    let marker = config.broken_marker();
    if let Ok(reason) = fs::read_to_string(&marker) {
        return Err(Trouble::BrokeEarlier { reason });
    }
    supervise::open(&config.state_dir(), config.cache_bytes, config.open_timeout)
}

/// Lets the state catch up with the journal.
fn follow(config: &Config, lock: &Arc<OwnerLock>, tree: Tree) -> Result<Attempt, Error> {
    let fresh = tree.mark()?.is_none();
    let (journal, shared, journal_report) = join(config, lock, tree)?;
    // Damage may be the state's error: one that lags or is ahead makes a sound journal look broken.
    if let Some(damage) = journal_report.damage.iter().find(|_| !fresh) {
        let reason = damage.to_string();
        return Ok(Attempt::Disagrees(journal_report, reason));
    }
    let events = journal_report.folded;
    let rebuilt = (fresh && events > 0).then_some(Rebuilt { because: Trouble::Missing, set_aside: None, events });
    Ok(Attempt::Good(Opened { journal, shared, report: OpenReport { journal: journal_report, rebuilt } }))
}

fn join(
    config: &Config,
    lock: &Arc<OwnerLock>,
    tree: Tree,
) -> Result<(Journal, Arc<Shared>, skep_journal::OpenReport), Error> {
    let shared = Arc::new(Shared::new(tree, config.broken_marker(), lock.clone()));
    let fold = StateFold::new(shared.clone(), config.on_progress.meter())?;
    let (journal, report) = Journal::open(config.journal.clone(), config.storage.clone(), Box::new(fold))?;
    Ok((journal, shared, report))
}

fn rebuild(config: &Config, lock: &Arc<OwnerLock>, because: Trouble) -> Result<Opened, Error> {
    tracing::warn!(%because, "rebuilding the state from the journal");
    let set_aside = quarantine::set_aside(&config.state_dir())?;
    let tree = supervise::open(&config.state_dir(), config.cache_bytes, config.open_timeout)
        .map_err(|trouble| Error::broken(format!("even a new one: {trouble}")))?;
    let (journal, shared, journal_report) = join(config, lock, tree)?;
    forget_marker(&config.broken_marker())?;
    let rebuilt = Some(Rebuilt { because, set_aside, events: journal_report.folded });
    Ok(Opened { journal, shared, report: OpenReport { journal: journal_report, rebuilt } })
}

fn forget_marker(marker: &Path) -> Result<(), Error> {
    match fs::remove_file(marker) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", marker)(error)),
        _ => Ok(()),
    }
}

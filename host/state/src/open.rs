//! Opening: the journal is the truth, so whatever is wrong with sled ends in a rebuild and never in a refusal.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use skep_journal::{Journal, Mark, OwnerLock};

use crate::config::Config;
use crate::error::Error;
use crate::fold::StateFold;
use crate::quarantine;
use crate::report::{OpenReport, Rebuilt, Trouble};
use crate::room::{Room, size};
use crate::shared::Shared;
use crate::storer::Storer;
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
    if let Some(trouble) = trouble.or_else(|| broke_earlier(config)) {
        return rebuild(config, lock, trouble, last_mark(config));
    }
    let (tree, mark) = match use_state(config) {
        Ok(state) => state,
        Err(trouble) => return rebuild(config, lock, trouble, None),
    };
    match follow(config, lock, tree, mark.is_none()) {
        Ok(Attempt::Good(opened)) => Ok(opened),
        Ok(Attempt::Disagrees(earlier)) => {
            let reason = earlier.damage.first().map(ToString::to_string).unwrap_or_default();
            let mut opened = rebuild(config, lock, Trouble::Disagrees { reason }, mark)?;
            opened.shared.tree.note_damage(&earlier.damage)?;
            // The first opening has cut off what was torn.
            opened.report.journal.torn = opened.report.journal.torn.or(earlier.torn);
            Ok(opened)
        }
        Err(Error::Journal(skep_journal::Error::Fold { reason })) => {
            rebuild(config, lock, Trouble::Failed { reason }, mark)
        }
        Err(other) => Err(other),
    }
}

enum Attempt {
    Good(Opened),
    Disagrees(skep_journal::OpenReport),
}

fn broke_earlier(config: &Config) -> Option<Trouble> {
    let reason = fs::read_to_string(config.broken_marker()).ok()?;
    Some(Trouble::BrokeEarlier { reason })
}

/// The state, and how far it came; no mark when it is empty.
fn use_state(config: &Config) -> Result<(Tree, Option<Mark>), Trouble> {
    let tree = supervise::open(&config.state_dir(), config.cache_bytes, config.open_timeout)?;
    let mark = tree.mark().map_err(|error| Trouble::Failed { reason: error.to_string() })?;
    Ok((tree, mark))
}

/// How far a state came that is about to be set aside, if it still says so: nothing else tells what was acknowledged at
/// the journal's end from what a crash tore.
fn last_mark(config: &Config) -> Option<Mark> {
    let (_, mark) = config.state_dir().exists().then(|| use_state(config).ok()).flatten()?;
    mark
}

/// Lets the state catch up with the journal.
fn follow(config: &Config, lock: &Arc<OwnerLock>, tree: Tree, fresh: bool) -> Result<Attempt, Error> {
    let opened = join(config, lock, tree.clone(), None)?;
    // Damage may be the state's error: one that lags or is ahead makes a sound journal look broken.
    let damage = &opened.report.journal.damage;
    if !fresh && !damage.is_empty() && !tree.knows(damage)? {
        return Ok(Attempt::Disagrees(opened.report.journal));
    }
    let events = opened.report.journal.folded;
    let rebuilt = (fresh && events > 0).then_some(Rebuilt { because: Trouble::Missing, set_aside: None, events });
    Ok(Attempt::Good(Opened { report: OpenReport { rebuilt, ..opened.report }, ..opened }))
}

/// Opens the journal with the state as its fold. `acknowledged` is how far an earlier state came.
fn join(config: &Config, lock: &Arc<OwnerLock>, tree: Tree, acknowledged: Option<Mark>) -> Result<Opened, Error> {
    let shared = Arc::new(Shared::new(tree, config.broken_marker(), lock.clone()));
    let storer = Storer::start(shared.clone(), Room::new(config), config.store_timeout)?;
    let fold = StateFold::new(shared.clone(), storer, config.on_progress.meter(), acknowledged);
    let (journal, report) = Journal::open(config.journal.clone(), config.storage.clone(), Box::new(fold))?;
    let report = OpenReport { journal: report, rebuilt: None, unfolded: shared.take_unfolded() };
    Ok(Opened { journal, shared, report })
}

fn rebuild(
    config: &Config,
    lock: &Arc<OwnerLock>,
    because: Trouble,
    acknowledged: Option<Mark>,
) -> Result<Opened, Error> {
    // The new one needs about as much as the old one, and the old one keeps what it has.
    if !Room::new(config).is_enough_for(size(&config.state_dir())) {
        tracing::error!(%because, "the disk has no room to rebuild the state from the journal");
        return Err(skep_journal::Error::DiskFull.into());
    }
    tracing::warn!(%because, "rebuilding the state from the journal");
    let set_aside = quarantine::set_aside(&config.state_dir())?;
    let tree = supervise::open(&config.state_dir(), config.cache_bytes, config.open_timeout)
        .map_err(|trouble| Error::broken(format!("even a new one: {trouble}")))?;
    let mut opened = join(config, lock, tree, acknowledged)?;
    forget_marker(&config.broken_marker())?;
    let events = opened.report.journal.folded;
    opened.report.rebuilt = Some(Rebuilt { because, set_aside, events });
    Ok(opened)
}

fn forget_marker(marker: &Path) -> Result<(), Error> {
    match fs::remove_file(marker) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", marker)(error)),
        _ => Ok(()),
    }
}

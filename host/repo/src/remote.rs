//! Repositories of a server: the last commit of its HEAD is fetched into a folder of git data that is gone afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use git2::{AutotagOption, FetchOptions, Oid, RemoteCallbacks, Repository, RepositoryInitOptions};
use url::Url;

use crate::checkout::Checking;
use crate::http::Server;
use crate::local::Place;
use crate::meter::{Meter, Progress, Watch};
use crate::{Checkout, RepoError, libgit, remove, transport};

/// A waiting read can't see the caller's flag, so somebody looks at it this often.
const LOOK: Duration = Duration::from_millis(50);
const FETCHED: &str = "refs/heads/skep-fetched";

/// One repository of a server, on its way.
pub(crate) struct Remote<'a, 'w> {
    pub(crate) url: &'a Url,
    pub(crate) place: &'a Place<'a>,
    pub(crate) about: &'a mut Checkout,
    pub(crate) watch: &'a mut Watch<'w>,
}

impl Remote<'_, '_> {
    /// Fetches into `scratch`, which is not there before and not there afterwards, and checks the commit out.
    pub(crate) fn bring(mut self, scratch: &Path) -> Result<(), RepoError> {
        let location = self.url.to_string();
        let repository = new_repository(scratch).map_err(RepoError::git(&location))?;
        let server = Arc::new(Server::new(self.url.clone(), self.place.meter.terms));
        let fetched =
            guarded(&server, self.place.meter, || transport::with_server(&server, || self.fetch(&repository)));
        let head = fetched.map_err(|error| server.failure().unwrap_or_else(|| RepoError::git(&location)(error)))?;
        let Some(head) = head else { return Err(RepoError::Empty { location }) };
        let commit = repository.find_commit(head).map_err(RepoError::git(&location))?;
        let checking = Checking { repository: &repository, location: &location, place: self.place };
        checking.out(&commit, self.about, self.watch)?;
        remove(scratch)
    }

    /// The commit at the server's HEAD, without its history; none if it has no commit.
    fn fetch(&mut self, repository: &Repository) -> Result<Option<Oid>, git2::Error> {
        let mut remote = repository.remote_anonymous(&format!("{}{}", libgit::SCHEME, self.url))?;
        let mut callbacks = RemoteCallbacks::new();
        let (meter, watch) = (self.place.meter, &mut *self.watch);
        callbacks.transfer_progress(|stats| {
            let (objects, of) = (stats.received_objects() as u64, stats.total_objects() as u64);
            (watch.progress)(Progress::Received { objects, of, bytes: stats.received_bytes() as u64 });
            meter.check().is_ok()
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks).depth(1).download_tags(AutotagOption::None).update_fetchhead(false);
        remote.fetch(&[format!("+HEAD:{FETCHED}")], Some(&mut options), None)?;
        let branch = remote.default_branch().ok().map(|name| String::from_utf8_lossy(&name).into_owned());
        self.about.branch = branch.map(|name| name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned());
        match repository.refname_to_id(FETCHED) {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn new_repository(scratch: &Path) -> Result<Repository, git2::Error> {
    libgit::ready()?;
    Repository::init_opts(scratch, RepositoryInitOptions::new().bare(true).external_template(false).mkdir(true))
}

/// Does `work`, and ends the server's connections when the time is over or the caller wants no more.
fn guarded<T>(server: &Server, meter: &Meter<'_>, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (done, ended) = sync_channel::<()>(0);
        scope.spawn(move || guard(server, meter, &ended));
        let result = work();
        drop(done);
        result
    })
}

fn guard(server: &Server, meter: &Meter<'_>, ended: &Receiver<()>) {
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if let Err(error) = meter.check() {
            return server.stop(error);
        }
    }
}

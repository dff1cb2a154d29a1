//! Repositories of a server: the commit that is wanted is fetched into the mirror of the URL, and checked out from there.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;

use git2::{AutotagOption, Direction, FetchOptions, Oid, RemoteCallbacks};
use url::Url;

use crate::checkout::Checking;
use crate::http::Server;
use crate::local::Place;
use crate::meter::{LOOK, Meter, Progress, Watch};
use crate::mirror::Mirror;
use crate::{Checkout, RepoError, libgit, remove, transport};

/// What was fetched last of the server's HEAD.
const HEAD: &str = "refs/skep/head";

/// One repository of a server, on its way.
pub(crate) struct Remote<'a, 'w> {
    pub(crate) url: &'a Url,
    pub(crate) place: &'a Place<'a>,
    pub(crate) about: &'a mut Checkout,
    pub(crate) watch: &'a mut Watch<'w>,
}

impl Remote<'_, '_> {
    /// Fetches into the mirror of the URL below `mirrors`, and checks the commit out.
    pub(crate) fn bring(mut self, mirrors: &Path) -> Result<(), RepoError> {
        let mirror = Mirror::open(mirrors, self.url, self.place.meter)?;
        let was_there = mirror.was_there;
        match self.bring_from(&mirror) {
            // What an earlier crash or a full disk left of it is no reason to fail.
            Err(RepoError::Git { .. }) if was_there => {
                let mirror = mirror.emptied()?;
                self.start_again()?;
                self.bring_from(&mirror)
            }
            brought => brought,
        }
    }

    fn bring_from(&mut self, mirror: &Mirror) -> Result<(), RepoError> {
        let location = self.url.to_string();
        let server = Arc::new(Server::new(self.url.clone(), self.place.meter.terms));
        let fetched = guarded(&server, self.place.meter, || transport::with_server(&server, || self.fetch(mirror)));
        let head = fetched.map_err(|error| server.failure().unwrap_or_else(|| RepoError::git(&location)(error)))?;
        let Some(head) = head else { return Err(RepoError::Empty { location }) };
        let commit = mirror.repository.find_commit(head).map_err(RepoError::git(&location))?;
        let checking = Checking { repository: &mirror.repository, location: &location, place: self.place };
        self.about.objects = self.place.meter.terms.mirrors.is_some().then(|| mirror.objects());
        checking.out(&commit, self.about, self.watch)
    }

    /// Nothing is written yet.
    fn start_again(&mut self) -> Result<(), RepoError> {
        *self.about = Checkout::new(self.about.source.clone(), self.about.folder.clone());
        remove(self.place.into)?;
        std::fs::create_dir(self.place.into).map_err(RepoError::write(self.place.into))
    }

    /// The commit at the server's HEAD, without its history; none if it has no commit.
    fn fetch(&mut self, mirror: &Mirror) -> Result<Option<Oid>, git2::Error> {
        let repository = &mirror.repository;
        let mut remote = repository.remote_anonymous(&format!("{}{}", libgit::SCHEME, self.url))?;
        remote.connect(Direction::Fetch)?;
        let Some(head) = remote.list()?.iter().find(|head| head.name() == "HEAD").map(git2::RemoteHead::oid) else {
            return Ok(None);
        };
        let branch = remote.default_branch().ok().map(|name| String::from_utf8_lossy(&name).into_owned());
        self.about.branch = branch.map(|name| name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned());
        if repository.find_commit(head).is_ok() {
            return Ok(Some(head));
        }
        let mut callbacks = RemoteCallbacks::new();
        let (meter, watch) = (self.place.meter, &mut *self.watch);
        callbacks.transfer_progress(|stats| {
            let (objects, of) = (stats.received_objects() as u64, stats.total_objects() as u64);
            (watch.progress)(Progress::Received { objects, of, bytes: stats.received_bytes() as u64 });
            meter.check().is_ok()
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks).depth(1).download_tags(AutotagOption::None).update_fetchhead(false);
        remote.fetch(&[format!("+HEAD:{HEAD}")], Some(&mut options), None)?;
        repository.refname_to_id(HEAD).map(Some)
    }
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

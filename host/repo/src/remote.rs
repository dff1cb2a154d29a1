//! Repositories of a server: the commit that is wanted is fetched into the mirror of the URL, and checked out from there.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;

use git2::{AutotagOption, Direction, FetchOptions, Oid, RemoteCallbacks};
use skep_model::Depth;
use url::Url;

use crate::checkout::Checking;
use crate::http::Server;
use crate::local::Place;
use crate::meter::{LOOK, Meter, Progress, Watch};
use crate::mirror::{self, Mirror};
use crate::submodules::Submodule;
use crate::wanted::{self, Found, Tip, Wanted};
use crate::{Checkout, RepoError, libgit, remove, transport};

/// One repository of a server, on its way.
pub(crate) struct Remote<'a, 'w> {
    pub(crate) url: &'a Url,
    pub(crate) wanted: &'a Wanted,
    pub(crate) place: &'a Place<'a>,
    pub(crate) about: &'a mut Checkout,
    pub(crate) watch: &'a mut Watch<'w>,
}

impl Remote<'_, '_> {
    /// Fetches into the mirror of the URL below `mirrors`, and checks the commit out.
    pub(crate) fn bring(mut self, mirrors: &Path) -> Result<Vec<Submodule>, RepoError> {
        self.with_mirror(mirrors, Self::bring_from)
    }

    /// Fetches into the mirror of the URL below `mirrors`, and returns the commit.
    pub(crate) fn pin(mut self, mirrors: &Path) -> Result<Oid, RepoError> {
        self.with_mirror(mirrors, |remote, mirror| Ok(remote.fetched(mirror)?.id()))
    }

    fn with_mirror<T>(
        &mut self,
        mirrors: &Path,
        work: impl Fn(&mut Self, &Mirror) -> Result<T, RepoError>,
    ) -> Result<T, RepoError> {
        let mirror = Mirror::open(mirrors, self.url, self.place.meter)?;
        let was_there = mirror.was_there;
        match work(self, &mirror) {
            // What an earlier crash or a full disk left of it is no reason to fail.
            Err(RepoError::Git { .. }) if was_there => {
                let mirror = mirror.emptied()?;
                work(self, &mirror)
            }
            brought => brought,
        }
    }

    fn fetched<'m>(&mut self, mirror: &'m Mirror) -> Result<git2::Commit<'m>, RepoError> {
        let location = self.url.to_string();
        let known = match self.wanted.tip {
            Tip::Commit(id) | Tip::Linked(id) => mirror.has(id, self.wanted.depth, self.place.meter)?,
            Tip::Head | Tip::Named(_) => None,
        };
        let id = known.map_or_else(|| self.ask(mirror, &location), Ok)?;
        let no_commit = || RepoError::git(&location)(git2::Error::from_str("what was fetched is no commit"));
        mirror.commit(id).ok_or_else(no_commit)
    }

    fn bring_from(&mut self, mirror: &Mirror) -> Result<Vec<Submodule>, RepoError> {
        self.start()?;
        let commit = self.fetched(mirror)?;
        let location = self.url.to_string();
        let (repository, wanted) = (&mirror.repository, self.wanted);
        let checking = Checking { repository, wanted, location: &location, place: self.place };
        self.about.objects = self.place.meter.terms.mirrors.is_some().then(|| mirror.objects());
        checking.out(&commit, self.about, self.watch)
    }

    /// Nothing is written yet, even if this is not the first mirror.
    fn start(&mut self) -> Result<(), RepoError> {
        *self.about = Checkout::new(self.about.source.clone(), self.about.folder.clone());
        self.about.branch.clone_from(&self.wanted.branch);
        remove(self.place.into)?;
        std::fs::create_dir(self.place.into).map_err(RepoError::write(self.place.into))
    }

    /// Has the mirror hold what is wanted, and returns what that is.
    fn ask(&mut self, mirror: &Mirror, location: &str) -> Result<Oid, RepoError> {
        let Wanted { tip, depth, .. } = self.wanted;
        match (self.ask_for(tip, *depth, mirror, location), tip) {
            (Err(RepoError::Refused { reason, .. }), Tip::Commit(id)) => Err(by_name(*id, reason, location)),
            (Err(RepoError::Refused { reason, .. }), Tip::Linked(id)) => {
                self.ask_for(&Tip::Head, Depth::Full, mirror, location)?;
                mirror.commit(*id).map(|commit| commit.id()).ok_or_else(|| by_name(*id, reason, location))
            }
            (asked, _) => asked,
        }
    }

    fn ask_for(&mut self, tip: &Tip, depth: Depth, mirror: &Mirror, location: &str) -> Result<Oid, RepoError> {
        let meter = self.place.meter;
        let server = Arc::new(Server::new(self.url.clone(), meter));
        let fetch = || self.fetch(tip, depth, mirror, location);
        let fetched = guarded(&server, meter, || transport::with_server(&server, fetch));
        fetched.map_err(|error| match error {
            // What libgit2 says of a failure of ours is only a sentence.
            RepoError::Git { .. } => server.failure().unwrap_or(error),
            error => error,
        })
    }

    fn fetch(&mut self, tip: &Tip, depth: Depth, mirror: &Mirror, location: &str) -> Result<Oid, RepoError> {
        let failed = RepoError::git(location);
        let address = format!("{}{}", libgit::SCHEME, self.url);
        let mut remote = mirror.repository.remote_anonymous(&address).map_err(&failed)?;
        remote.connect(Direction::Fetch).map_err(&failed)?;
        let found = self.find(tip, &remote, location)?;
        if mirror.has(found.id, depth, self.place.meter)?.is_none() {
            let refspec = format!("+{}:{}", found.name, mirror::kept(&found.name));
            let received = self.receive(&mut remote, &refspec, mirror.deepening(depth)?);
            received.map_err(|error| refused(&error, location).unwrap_or_else(|| failed(error)))?;
            mirror.settle()?;
        }
        Ok(found.id)
    }

    /// What to ask the server for.
    fn find(&mut self, tip: &Tip, remote: &git2::Remote<'_>, location: &str) -> Result<Found, RepoError> {
        let heads = remote.list().map_err(RepoError::git(location))?;
        let list: Vec<Found> =
            heads.iter().map(|head| Found { name: head.name().to_owned(), id: head.oid() }).collect();
        let found = match tip {
            Tip::Head => {
                let branch = remote.default_branch().ok().map(|name| String::from_utf8_lossy(&name).into_owned());
                self.about.branch = branch.map(|name| wanted::branch(&name).unwrap_or(name));
                list.into_iter().find(|found| found.name == "HEAD")
            }
            Tip::Named(name) => {
                let found = wanted::listed(&list, name, location)?;
                self.about.branch = wanted::branch(&found.name);
                Some(found)
            }
            // A server that gives nothing by its id gives it by its name.
            Tip::Commit(id) | Tip::Linked(id) => {
                let named = list.into_iter().find(|found| found.id == *id && wanted::is_whole(&found.name));
                Some(named.unwrap_or_else(|| Found { name: id.to_string(), id: *id }))
            }
        };
        found.ok_or_else(|| RepoError::Empty { location: location.to_owned() })
    }

    fn receive(&mut self, remote: &mut git2::Remote<'_>, refspec: &str, depth: i32) -> Result<(), git2::Error> {
        let mut callbacks = RemoteCallbacks::new();
        let (meter, watch) = (self.place.meter, &mut *self.watch);
        callbacks.transfer_progress(|stats| {
            let (objects, of) = (stats.received_objects() as u64, stats.total_objects() as u64);
            (watch.progress)(Progress::Received { objects, of, bytes: stats.received_bytes() as u64 });
            meter.check().is_ok()
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks).depth(depth).download_tags(AutotagOption::None).update_fetchhead(false);
        remote.fetch(&[refspec], Some(&mut options), None)
    }
}

fn by_name(id: Oid, reason: String, location: &str) -> RepoError {
    RepoError::CommitRefused { location: location.to_owned(), commit: id.to_string(), reason }
}

/// What libgit2 means that doesn't even ask a server that says from the start that it gives no commit by its id.
fn refused(error: &git2::Error, location: &str) -> Option<RepoError> {
    error
        .message()
        .starts_with("cannot fetch a specific object")
        .then(|| RepoError::Refused { url: location.to_owned(), reason: "it serves whole branches only".to_owned() })
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

//! One workspace, from nothing to whole.

use std::fs::{File, create_dir_all, rename};
use std::io;
use std::path::{Path, PathBuf};

use skep_model::{Depth, RepoSource, RepoSpec};

use crate::folder::folders;
use crate::local::{Local, Place};
use crate::location::{Location, shown};
use crate::meter::{Durability, Meter, Progress};
use crate::remote::Remote;
use crate::submodules::{Submodule, Submodules};
use crate::wanted::Wanted;
use crate::{Checkout, Pin, Prepared, RepoError, Terms, Watch, remove};

/// Makes the workspace `dest`, which must not exist, of these repositories. Each goes into the folder that it names; where it
/// names none, a single one goes straight into the workspace and several have a folder each. None at all make an empty
/// workspace. Blocks until it is done.
///
/// When this returns `Ok`, `dest` is complete. When it returns an error, or when the process dies in between, there
/// is no `dest`, and what there is of `<dest>.partial` is removed now or by the next call.
///
/// # Errors
/// See [`RepoError`]; nothing is left then.
pub fn prepare(dest: &Path, repos: &[RepoSpec], terms: &Terms, watch: Watch<'_>) -> Result<Prepared, RepoError> {
    prepare_at(dest, repos, &[], terms, watch)
}

/// The same, with these repositories at these commits. One without a pin is at what its source has now.
///
/// # Errors
/// See [`RepoError`]; nothing is left then.
pub fn prepare_at(
    dest: &Path,
    repos: &[RepoSpec],
    pins: &[Option<Pin>],
    terms: &Terms,
    mut watch: Watch<'_>,
) -> Result<Prepared, RepoError> {
    if dest.symlink_metadata().is_ok() {
        return Err(RepoError::Exists { dest: dest.to_owned() });
    }
    let meter = Meter::start(terms, watch.cancel);
    repos.iter().try_for_each(served)?;
    let locations = repos.iter().map(|repo| Location::of(&repo.source, terms)).collect::<Result<Vec<_>, _>>()?;
    let build = Build { dest, partial: partial(dest), meter: &meter };
    remove(&build.partial)?;
    let wanted: Vec<_> = repos
        .iter()
        .enumerate()
        .map(|(at, repo)| (repo, Wanted::at(repo, pins.get(at).and_then(Option::as_ref))))
        .collect();
    let prepared = build.fill(&wanted, &locations, &mut watch).and_then(|prepared| build.keep().map(|()| prepared));
    if prepared.is_err() {
        // What can't be removed now is removed by the next call; the first error is the one to tell.
        drop(remove(&build.partial));
    }
    prepared
}

/// Refuses what would otherwise be left undone without a word.
pub(crate) fn served(repo: &RepoSpec) -> Result<(), RepoError> {
    let RepoSpec { source, reference, depth, sparse, submodules, credential, directory: _ } = repo;
    let of_a_commit = [
        ("ref", reference.is_some()),
        ("depth", *depth != Depth::default()),
        ("sparse", !sparse.is_empty()),
        ("submodules", *submodules),
    ];
    let is_folder = matches!(source, RepoSource::Path(_));
    let refused = of_a_commit.iter().find(|(_, asked)| is_folder && *asked).map(|(key, _)| (*key, OF_A_FOLDER));
    match refused.or_else(|| credential.as_ref().map(|_| ("credential", SECRET))) {
        Some((key, reason)) => Err(RepoError::NotServed { location: shown(source), key, reason }),
        None => Ok(()),
    }
}

const OF_A_FOLDER: &str = "a folder is copied as it is; name its file:// URL to have a commit of it";
const SECRET: &str = "credentials come with secrets, which this host doesn't serve yet; leave it out";

fn partial(dest: &Path) -> PathBuf {
    let mut name = dest.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

struct Build<'a> {
    dest: &'a Path,
    /// Holds `tree`, which becomes the workspace, and git data while it is needed.
    partial: PathBuf,
    meter: &'a Meter<'a>,
}

impl Build<'_> {
    fn fill(
        &self,
        repos: &[(&RepoSpec, Wanted)],
        locations: &[Location],
        watch: &mut Watch<'_>,
    ) -> Result<Prepared, RepoError> {
        let tree = self.tree();
        create_dir_all(&tree).map_err(RepoError::write(&tree))?;
        let specs: Vec<_> = repos.iter().map(|(spec, _)| (*spec).clone()).collect();
        let mut prepared = Vec::with_capacity(repos.len());
        for (((spec, wanted), location), folder) in repos.iter().zip(locations).zip(folders(&specs)) {
            let about = Checkout::new(spec.source.clone(), folder);
            prepared.extend(self.bring(location, wanted, about, watch)?);
        }
        Ok(Prepared { repos: prepared })
    }

    /// A repository, and its submodules after it: each has its mirror for itself, so that two that are each other's
    /// submodules never wait for each other.
    fn bring(
        &self,
        location: &Location,
        wanted: &Wanted,
        mut about: Checkout,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Checkout>, RepoError> {
        let into = self.tree().join(&about.folder);
        if !about.folder.is_empty() {
            create_dir_all(&into).map_err(RepoError::write(&into))?;
        }
        let found = self.bring_one(location, wanted, (&mut about, watch))?;
        let mut submodules = Submodules::of(location, found, self.meter.terms)?;
        let mut brought = vec![about];
        while let Some(next) = submodules.next() {
            let folder = Path::new(&brought[0].folder).join(&next.path).to_string_lossy().into_owned();
            let mut inner = Checkout::new(next.source(), folder);
            let found = self.bring_one(&next.location, &next.wanted, (&mut inner, watch))?;
            brought.push(inner);
            submodules.inside(&next, found)?;
        }
        match brought.iter().all(|about| about.files == 0) {
            true => Err(RepoError::Empty { location: shown(&brought[0].source) }),
            false => Ok(brought),
        }
    }

    /// One repository into its folder; returns the submodules that are still to come.
    fn bring_one(
        &self,
        location: &Location,
        wanted: &Wanted,
        (about, watch): (&mut Checkout, &mut Watch<'_>),
    ) -> Result<Vec<Submodule>, RepoError> {
        self.meter.check()?;
        (watch.progress)(Progress::Began { location: shown(&about.source) });
        let workspaces = self.dest.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let into = &self.tree().join(&about.folder);
        let place = &Place { into, workspaces, meter: self.meter };
        match location {
            Location::Folder(path) => Local { path, wanted, place, about, watch }.files().map(|()| Vec::new()),
            Location::Commit(path) => Local { path, wanted, place, about, watch }.commit(),
            Location::Server(url) => {
                let scratch = self.partial.join("git");
                let mirrors = self.meter.terms.mirrors.as_deref().unwrap_or(&scratch);
                Remote { url, wanted, place, about, watch }.bring(mirrors)
            }
        }
    }

    /// Gives what was built its name, between two syncs if it has to survive the machine: without the first, a crash
    /// could leave a workspace of empty files, and without the second none.
    fn keep(&self) -> Result<(), RepoError> {
        let durable = self.meter.terms.durability == Durability::Machine;
        let sync = |path: &Path, sync: fn(&File) -> io::Result<()>| match durable {
            true => File::open(path).and_then(|file| sync(&file)).map_err(RepoError::write(path)),
            false => Ok(()),
        };
        sync(&self.tree(), sync_file_system)?;
        rename(self.tree(), self.dest).map_err(RepoError::write(self.dest))?;
        remove(&self.partial)?;
        sync(&self.partial.with_file_name("."), File::sync_all)
    }

    fn tree(&self) -> PathBuf {
        self.partial.join("tree")
    }
}

#[cfg(target_os = "linux")]
fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(file: &File) -> io::Result<()> {
    file.sync_all()
}

//! Writes what patches make of files, once all of them fit.

use crate::Stop;
use crate::change;
use crate::repository::{Blob, Repository, Source};

use super::check::{Fitting, Target, is_executable};
use super::patch::is_link;

pub(crate) fn all(repository: &Repository, target: Target, fitting: &[Fitting]) -> Result<(), Stop> {
    if target != Target::Index {
        files(repository, fitting)?;
    }
    match target {
        Target::Files => Ok(()),
        Target::FilesAndIndex => {
            let written = fitting.iter().filter_map(|fitting| fitting.patch.new.clone());
            let written: Vec<_> = written.map(|path| (path, Source::Files)).collect();
            repository.stage(&[gone(fitting), written].concat())
        }
        Target::Index => {
            repository.stage(&gone(fitting))?;
            repository.stage_content(&fitting.iter().filter_map(blob).collect::<Vec<_>>())
        }
    }
}

/// What is not there any more. A file that another patch makes again is.
fn gone(fitting: &[Fitting]) -> Vec<(Vec<u8>, Source)> {
    let goes = fitting.iter().filter(|fitting| fitting.patch.deletes() || fitting.patch.renames());
    let goes = goes.filter_map(|fitting| fitting.patch.old.clone());
    let stays = |path: &Vec<u8>| fitting.iter().any(|fitting| fitting.patch.new.as_ref() == Some(path));
    goes.filter(|path| !stays(path)).map(|path| (path, Source::Nothing)).collect()
}

fn blob(fitting: &Fitting) -> Option<Blob> {
    let path = fitting.patch.new.clone()?;
    Some(Blob { path, mode: fitting.patch.new_mode, content: fitting.content.clone() })
}

/// All that goes is removed before anything is written, so that names may be exchanged.
fn files(repository: &Repository, fitting: &[Fitting]) -> Result<(), Stop> {
    for Fitting { patch, .. } in fitting {
        match &patch.old {
            Some(old) if patch.deletes() || patch.renames() => change::remove(repository, old)?,
            _ => {}
        }
    }
    for Fitting { patch, content } in fitting {
        let Some(new) = patch.new.as_ref().filter(|_| !patch.deletes()) else { continue };
        match is_link(patch.new_mode) {
            true => change::put_link(repository, new, content)?,
            false => change::put_file(repository, new, content, is_executable(patch))?,
        }
    }
    Ok(())
}

//! `pin`: which commit is meant, before anything is checked out.

use std::sync::atomic::AtomicBool;

use skep_model::{RepoSource, RepoSpec};
use skep_repo::{Pin, RepoError, Terms, Watch, pin, prepare_at, remove};

use crate::scene::Scene;
use crate::server::Server;

fn pins(repo: &RepoSpec, terms: &Terms) -> Result<Option<Pin>, RepoError> {
    let watch = Watch { progress: &mut |_| {}, cancel: &AtomicBool::new(false) };
    pin(std::slice::from_ref(repo), terms, watch).map(|mut pins| pins.remove(0))
}

#[test]
fn what_is_prepared_is_what_was_pinned_however_the_source_goes_on() {
    let scene = Scene::new();
    scene.write("file", "first");
    let first = scene.committed();
    let server = Server::git(&scene.at(""));
    for source in [scene.file_url(), RepoSource::Url(server.url("source"))] {
        scene.git(["reset", "--quiet", "--hard", &first]);
        for reference in [None, Some("main".to_owned())] {
            let repo = RepoSpec { reference, ..source.clone().into() };
            let pinned = pins(&repo, &scene.kept()).unwrap();
            assert_eq!(pinned, Some(Pin { commit: first.clone(), branch: Some("main".to_owned()) }));
            scene.write("file", "second");
            scene.commit();
            let requests = server.seen.lock().unwrap().len();
            let watch = Watch { progress: &mut |_| {}, cancel: &AtomicBool::new(false) };
            let prepared = prepare_at(&scene.workspace(), &[repo], &[pinned], &scene.kept(), watch).unwrap();
            assert_eq!(server.seen.lock().unwrap().len(), requests, "what is pinned is there");
            let repo = &prepared.repos[0];
            assert_eq!((repo.commit.as_deref(), repo.branch.as_deref()), (Some(first.as_str()), Some("main")));
            assert_eq!(scene.read("file"), "first");
            remove(&scene.workspace()).unwrap();
            scene.git(["reset", "--quiet", "--hard", &first]);
        }
    }
}

#[test]
fn a_folder_as_it_is_and_a_server_whose_data_is_not_kept_have_no_pin_and_what_cant_be_had_is_an_error() {
    let scene = Scene::new();
    scene.write("file", "first");
    scene.committed();
    let server = Server::git(&scene.at(""));
    let url = RepoSource::Url(server.url("source"));
    assert_eq!(pins(&scene.path_source().into(), &scene.kept()).unwrap(), None);
    assert_eq!(pins(&url.clone().into(), &Terms { mirrors: None, ..scene.kept() }).unwrap(), None);
    let unknown = RepoSpec { reference: Some("nowhere".to_owned()), ..url.into() };
    assert!(matches!(pins(&unknown, &scene.kept()), Err(RepoError::UnknownReference { .. })));
    let secret = RepoSpec { credential: Some("token".to_owned()), ..scene.file_url().into() };
    assert!(matches!(pins(&secret, &scene.kept()), Err(RepoError::NotServed { .. })));
}

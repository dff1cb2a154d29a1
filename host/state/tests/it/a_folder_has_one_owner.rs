use std::process::Command;

use skep_state::Store;

use crate::support::{config, filled, open_quietly};

const FOLDER: &str = "SKEP_TEST_FOLDER_OF_ANOTHER";

#[test]
fn a_second_process_is_told_who_holds_it() {
    if let Ok(data) = std::env::var(FOLDER) {
        let error = Store::open(config(data.as_ref())).err().expect("the folder is held");
        println!("told: {error}");
        return;
    }
    let (data, _) = filled(1);
    let _store = open_quietly(data.path());
    let name = "a_folder_has_one_owner::a_second_process_is_told_who_holds_it";
    let mut second = Command::new(std::env::current_exe().unwrap());
    let second = second.args(["--exact", name, "--nocapture"]).env(FOLDER, data.path()).output().unwrap();
    let told = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(second.status.success(), "{told}");
    assert!(told.contains(&format!("(pid {}, started", std::process::id())), "{told}");
}

#[test]
fn it_is_free_again_when_every_handle_is_gone() {
    let (data, _) = filled(1);
    let store = open_quietly(data.path());
    let reader = store.state().clone();
    drop(store);
    assert!(Store::open(config(data.path())).is_err());
    drop(reader);
    open_quietly(data.path());
}

use std::fs;
use std::process::Command;
use std::time::Duration;

use skep_state::{Store, Trouble};

use crate::support::{check_all, config, filled};

#[test]
fn one_that_hangs_is_given_up_after_its_time() {
    let (data, lives) = filled(10);
    let conf = data.path().join("state").join("conf");
    fs::remove_file(&conf).unwrap();
    // Reading from a pipe that nobody writes to waits for ever.
    assert!(Command::new("mkfifo").arg(&conf).status().unwrap().success());
    let mut config = config(data.path());
    config.open_timeout = Duration::from_millis(300);
    let (store, report) = Store::open(config).unwrap();
    let rebuilt = report.rebuilt.expect("a rebuild");
    assert_eq!(rebuilt.because, Trouble::Hung { after: Duration::from_millis(300) });
    assert!(rebuilt.set_aside.expect("the old state").join("conf").exists());
    check_all(&store, &lives);
}

#[test]
fn one_that_fails_is_set_aside_with_its_reason() {
    let (data, lives) = filled(10);
    let conf = data.path().join("state").join("conf");
    let bytes = fs::read(&conf).unwrap();
    fs::write(&conf, &bytes[..29]).unwrap();
    let (store, report) = Store::open(config(data.path())).unwrap();
    let rebuilt = report.rebuilt.clone().expect("a rebuild");
    assert!(matches!(&rebuilt.because, Trouble::Failed { reason } if !reason.is_empty()), "{report}");
    assert!(report.to_string().contains("quarantine-1"), "{report}");
    check_all(&store, &lives);
}

#[test]
fn one_that_is_a_file_and_not_a_folder_is_set_aside_too() {
    let (data, lives) = filled(3);
    let state = data.path().join("state");
    fs::remove_dir_all(&state).unwrap();
    fs::write(&state, "not a folder").unwrap();
    let (store, report) = Store::open(config(data.path())).unwrap();
    assert!(report.rebuilt.is_some());
    check_all(&store, &lives);
}

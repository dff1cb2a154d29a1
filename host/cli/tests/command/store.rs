//! `skep store`: proofs, repairs, and the way out and in again.

use std::fs;

use crate::skep::Home;

fn worked() -> Home {
    let home = Home::new().with_agent("noop").with_agent("echo");
    home.accept(&["--agent", "noop"]);
    home.accept(&["--agent", "echo", "-p", &"long ".repeat(10_000)]);
    assert_eq!(home.skep(&["run", "resume"]).code, 0);
    home
}

#[test]
fn what_was_exported_is_the_same_when_it_is_imported() {
    let home = worked();
    let file = home.path("runs.ndjson");
    let file = file.to_str().unwrap();
    assert!(home.skep(&["store", "export", file]).out.starts_with("exported 2 runs"));
    let other = Home::new();
    assert!(other.skep(&["store", "import", file]).out.starts_with("imported 2 runs"));
    assert_eq!(home.json(0, &["store", "verify"]), other.json(0, &["store", "verify"]));
    other.skep(&["store", "import", file]).refused(6, &["already holds runs", "empty data folder"]);
    let piped = Home::new();
    let exported = fs::read(file).unwrap();
    assert_eq!(piped.skep_with_input(&["store", "import", "-"], &exported).code, 0);
}

#[test]
fn an_import_that_is_not_whole_or_no_export_leaves_nothing_behind() {
    let home = worked();
    let exported = home.skep(&["store", "export", "-"]).out;
    let torn = home.file("torn", &exported[..exported.len() / 2]);
    let other = Home::new();
    other.skep(&["store", "import", &torn]).refused(6, &["line"]);
    other.skep(&["store", "import", &home.file("text", "hello\n")]).refused(6, &["line 1", "not a line of an export"]);
    other.skep(&["store", "import", "/nowhere"]).refused(6, &["/nowhere can't be read"]);
    assert_eq!(other.skep(&["store", "import", &home.file("whole", exported)]).code, 0);
}

#[test]
fn a_state_that_is_gone_is_made_again_and_said() {
    let home = worked();
    let before = home.json(0, &["store", "verify"]);
    fs::remove_dir_all(home.data().join("state")).unwrap();
    let said = home.skep(&["run", "list"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 2), "{said:?}");
    assert!(said.err.contains("the state was rebuilt from"), "{said:?}");
    assert_eq!(home.json(0, &["store", "verify"]), before);
    let rebuilt = home.skep(&["store", "rebuild"]);
    assert_eq!((rebuilt.code, rebuilt.out.contains("somebody asked for it")), (0, true), "{rebuilt:?}");
}

#[test]
fn verify_names_a_damaged_blob() {
    let home = worked();
    let blobs = walk(&home.data().join("blobs"));
    let largest = blobs.iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut permissions = fs::metadata(largest).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(largest, permissions).unwrap();
    fs::write(largest, "something else").unwrap();
    let said = home.skep(&["store", "verify"]);
    assert_eq!(said.code, 8, "{said:?}");
    assert!(said.out.contains("is damaged") && said.out.contains("not sound"), "{said:?}");
}

#[test]
fn compacting_gives_back_what_deleted_runs_had() {
    let home = worked();
    let listed = home.skep(&["run", "list", "--agent", "echo"]).out;
    assert_eq!(home.skep(&["run", "delete", listed.split('\t').nth(1).unwrap()]).code, 0);
    let compacted = home.json(0, &["store", "compact"]);
    assert!(compacted["events_dropped"].as_u64().unwrap() > 0, "{compacted}");
    assert_eq!(home.json(0, &["store", "verify"])["sound"], true);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

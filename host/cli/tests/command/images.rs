//! `skep image`: from a folder to a registry and back, beside anything else that uses the data folder.

use std::fs;

use crate::docker_registry::DockerRegistry;
use crate::skep::{Home, said};

/// A component that is a command by what it exports, and does nothing.
fn command() -> Vec<u8> {
    wat::parse_str(r#"(component (instance) (export "wasi:cli/run@0.2.0" (instance 0)))"#).unwrap()
}

fn unix(home: &Home) -> String {
    home.file("unix/coreutils.wasm", command());
    home.file("unix/sh.wasm", [&command()[..], b"\0\x02\x01x"].concat());
    home.file(
        "unix/image.toml",
        "name = \"unix\"\nversion = \"0.1.0\"\ndescription = \"Some\"\n[env]\nPATH = \"/bin\"\n\
         [[commands]]\ncomponent = \"coreutils.wasm\"\nnames = [\"cat\", \"ls\"]\n\
         [[commands]]\ncomponent = \"sh.wasm\"\nnames = [\"sh\"]\n",
    );
    home.path("unix").to_str().unwrap().to_owned()
}

fn damage_a_component(home: &Home) {
    let digest =
        home.json(0, &["image", "inspect", "unix:0.1.0"])["components"][0]["digest"].as_str().unwrap().to_owned();
    let path = home.data().join("images/blobs/sha256").join(digest.strip_prefix("sha256:").unwrap());
    fs::remove_file(&path).unwrap();
    fs::write(path, "damaged").unwrap();
}

#[test]
fn a_folder_becomes_an_image_that_is_listed_inspected_and_verified() {
    let home = Home::new();
    let folder = unix(&home);
    assert_eq!(home.json(0, &["image", "list"])["images"].as_array().unwrap().len(), 0);
    let built = home.json(0, &["image", "build", &folder]);
    assert_eq!((&built["reference"], &built["env"]["PATH"]), (&"unix:0.1.0".into(), &"/bin".into()));
    home.json(0, &["image", "build", &folder, "--tag", "mine:dev"]);
    let listed = home.skep(&["image", "list", "--output", "text"]);
    let rows: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 2, "{listed:?}");
    assert_eq!((rows[0][0], rows[1][0], rows[1][2]), ("mine:dev", "unix:0.1.0", "3"), "{listed:?}");
    let inspected = home.json(0, &["image", "inspect", "mine:dev"]);
    assert_eq!(inspected["digest"], built["digest"]);
    let of_folder = home.json(0, &["image", "inspect", &folder]);
    assert_eq!((&of_folder["digest"], &of_folder["components"]), (&built["digest"], &built["components"]));
    let all = home.json(0, &["image", "verify", "--all"]);
    assert_eq!((&all["sound"], &all["images"]), (&true.into(), &2.into()));
    assert!(home.skep(&["image", "verify", &folder]).out.starts_with("sound  1 image, "));
}

#[test]
fn a_program_for_wasip1_is_adapted_and_says_so() {
    let home = Home::new();
    let folder = unix(&home);
    let program = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";
    home.file("unix/sh.wasm", wat::parse_str(program).unwrap());
    home.json(0, &["image", "build", &folder]);
    for image in ["unix:0.1.0", &folder] {
        let inspected = home.json(0, &["image", "inspect", image]);
        let of = |name: &str| {
            let components = inspected["components"].as_array().unwrap().iter();
            components.filter(|it| it["commands"][0] == name).map(|it| it["adapted_from"].as_str()).collect::<Vec<_>>()
        };
        assert_eq!((of("sh"), of("cat")), (vec![Some("wasip1")], vec![None]), "{inspected}");
        let text = home.skep(&["image", "inspect", image, "--output", "text"]).out;
        assert!(text.lines().any(|line| line.ends_with(", adapted from wasip1: sh")), "{text}");
    }
}

#[test]
fn an_image_travels_through_a_registry() {
    let (registry, here, there) = (DockerRegistry::start(), Home::new(), Home::new());
    let folder = unix(&here);
    let reference = registry.reference("acme/unix:0.1.0");
    let pushed = here.json(0, &["image", "push", &reference, &folder]);
    assert_eq!((&pushed["moved"], &pushed["present"]), (&2.into(), &0.into()));
    let pulled = there.skep(&["image", "pull", &reference]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    assert_eq!(pulled.out, format!("pulled  {reference}\n{}\n", pushed["pinned"].as_str().unwrap()));
    let mut told: Vec<_> = pulled.err.lines().collect();
    told.sort_unstable();
    let length = command().len();
    assert_eq!(told, [format!("cat.wasm  {length} B"), format!("sh.wasm  {} B", length + 4)]);
    let pinned = there.json(0, &["image", "inspect", pushed["pinned"].as_str().unwrap()]);
    assert_eq!((&pinned["digest"], &pinned["artifact"]), (&pushed["digest"], &pushed["artifact"]));
    assert!(there.skep(&["image", "pull", &reference]).err.lines().all(|line| line.ends_with("is there")));
    let again = there.json(0, &["image", "push", &reference]);
    assert_eq!((&again["artifact"], &again["present"]), (&pushed["artifact"], &2.into()));
}

#[test]
fn credentials_come_from_the_environment_or_from_dockers_file() {
    let (registry, home) = (DockerRegistry::with_password(), Home::new());
    let folder = unix(&home);
    let reference = registry.reference("acme/unix:0.1.0");
    home.skep(&["image", "push", &reference, &folder]).refused(6, &["refuses access", "SKEP_REGISTRY_USER"]);
    assert_eq!(registry.blobs(), 0);
    let mut push = home.command(&["image", "push", &reference, &folder]);
    let pushed = said(push.env("SKEP_REGISTRY_USER", "ada").env("SKEP_REGISTRY_PASSWORD", "secret").output().unwrap());
    assert_eq!(pushed.code, 0, "{pushed:?}");
    let host = reference.split('/').next().unwrap();
    home.file("docker/config.json", format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"YWRhOnNlY3JldA==\"}}}}}}"));
    let mut pull = home.command(&["image", "pull", &reference]);
    let pulled = said(pull.env("DOCKER_CONFIG", home.path("docker")).output().unwrap());
    assert_eq!(pulled.code, 0, "{pulled:?}");
    let half = said(home.command(&["image", "pull", &reference]).env("SKEP_REGISTRY_USER", "ada").output().unwrap());
    half.refused(2, &["set both"]);
}

#[test]
fn damage_is_found_told_and_repaired() {
    let home = Home::new();
    let folder = unix(&home);
    home.json(0, &["image", "build", &folder]);
    damage_a_component(&home);
    let found = home.json(8, &["image", "verify", "--all"]);
    let problem = found["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("unix:0.1.0: ") && problem.contains("skep image build"), "{problem}");
    home.json(0, &["image", "build", &folder]);
    home.json(0, &["image", "verify", "unix:0.1.0"]);
}

#[test]
fn images_need_no_lock() {
    let home = Home::new();
    let folder = unix(&home);
    home.file("data/LOCK", "");
    let held = fs::File::options().write(true).open(home.data().join("LOCK")).unwrap();
    held.lock().unwrap();
    home.skep(&["run", "list"]).refused(7, &["is in use"]);
    home.json(0, &["image", "build", &folder]);
    home.json(0, &["image", "list"]);
}

#[test]
fn several_processes_may_build_at_the_same_time() {
    let home = Home::new();
    let folder = unix(&home);
    let builds: Vec<_> = (0..6).map(|_| home.spawn(&["image", "build", &folder])).collect();
    for build in builds {
        let built = said(build.wait_with_output().unwrap());
        assert_eq!(built.code, 0, "{built:?}");
    }
    home.json(0, &["image", "verify", "--all"]);
    assert_eq!(fs::read_dir(home.data().join("images/blobs/sha256")).unwrap().count(), 3);
    assert_eq!(fs::read_dir(home.data().join("images/tmp")).unwrap().count(), 0);
}

#[test]
fn what_can_not_be_taken_is_refused_with_its_own_exit_code() {
    let home = Home::new();
    let folder = unix(&home);
    home.skep(&["image", "inspect", "nothing:1"]).refused(5, &["no image nothing:1", "skep image pull"]);
    home.skep(&["image", "verify", "nothing:1"]).refused(5, &["no image nothing:1"]);
    home.skep(&["image", "pull", "nothing:1"]).refused(2, &["names no registry"]);
    home.skep(&["image", "pull", "127.0.0.1:1/nothing:1"]).refused(12, &["127.0.0.1:1"]);
    assert_eq!(home.skep(&["image", "pull", "No Reference"]).code, 2);
    assert_eq!(home.skep(&["image", "verify"]).code, 2);
    home.file("unix/sh.wasm", b"\0asm\x01\0\0\0");
    home.skep(&["image", "build", &folder])
        .refused(6, &["image.toml:10: ", "a core module", "build it for wasm32-wasip1 or wasm32-wasip2"]);
    home.file("unix/sh.wasm", [&command()[..], b"\x01\xff"].concat());
    home.skep(&["image", "build", &folder]).refused(6, &["sh.wasm", "truncated or malformed"]);
    home.file("unix/sh.wasm", b"\0asm\x0d\0\x01\0");
    home.skep(&["image", "build", &folder]).refused(6, &["sh.wasm", "it does not export wasi:cli/run"]);
    home.file("unix/image.toml", "nam = 'unix'\n");
    home.skep(&["image", "verify", &folder]).refused(6, &["image.toml:1: unknown key `nam`; did you mean `name`?"]);
    assert_eq!(home.json(0, &["image", "list"])["images"].as_array().unwrap().len(), 0);
}

//! `skep plugin check` finds what is wrong with a plugin and says what to do about it.

use crate::skep::{Home, component, guest, repository, wat};

#[test]
fn what_is_no_agent_component_is_refused_for_its_own_reason() {
    let home = Home::new();
    let whole = guest("noop");
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("text", b"hello".to_vec(), &["not a WebAssembly component", "wasm32-wasip2"]),
        ("nothing", Vec::new(), &["not a WebAssembly component"]),
        ("core", b"\0asm\x01\0\0\0".to_vec(), &["a core module, not a component", "wasm-tools component new"]),
        ("torn", whole[..whole.len() / 2].to_vec(), &["truncated or malformed", "build it again"]),
        ("hands", component("files"), &["not an agent component", "it exports"]),
        ("other-world", wat("wrong-world"), &["not an agent component", "main"]),
        ("newer", wat("newer-contract"), &["skep:agent/session@0.9.0", "newer than", "update the host"]),
        ("asks-more", wat("missing-import"), &["skep:agent/nonsense", "no part of the agent world"]),
    ];
    for (name, wasm, words) in cases {
        let folder = home.plugin(name, wasm);
        home.skep(&["plugin", "check", &folder]).refused(6, words);
    }
}

#[test]
fn a_bad_component_is_refused_at_the_start_of_a_run_too_and_nothing_is_accepted() {
    let home = Home::new();
    home.plugin("core", b"\0asm\x01\0\0\0");
    home.skep(&["run", "start", "--agent", "core"]).refused(6, &["plugin core", "a core module"]);
    assert_eq!(home.skep(&["run", "list"]).out, "");
}

#[test]
fn a_manifest_is_refused_with_file_line_and_nearest_key() {
    let home = Home::new();
    let manifest = home.file("x/plugin.toml", "name = \"x\"\nversoin = \"0.1.0\"\n");
    home.skep(&["plugin", "check", &manifest])
        .refused(6, &["plugin.toml:2: unknown key `versoin`; did you mean `version`?", "missing key `provides`"]);
    home.skep(&["plugin", "check", "/nowhere"]).refused(6, &["/nowhere/plugin.toml", "no such file"]);
    let folder = home.plugin("unbuilt", b"");
    std::fs::remove_file(home.path("plugins/unbuilt/unbuilt.wasm")).unwrap();
    home.skep(&["plugin", "check", &folder]).refused(6, &["unbuilt.wasm", "build it"]);
}

#[test]
fn a_manifest_and_its_component_must_agree() {
    let home = Home::new();
    let listed = std::fs::read_to_string(repository().join("plugins/files/plugin.toml")).unwrap();
    home.file("more/files.wasm", component("files"));
    let more = home.file("more/plugin.toml", format!("{listed}\n[[tools]]\nname = \"shred\"\n"));
    home.skep(&["plugin", "check", &more]).refused(6, &["lists the tool \"shred\"", "does not offer"]);
    let fewer = listed.replace("name = \"stat\"", "name = \"state\"");
    home.file("more/plugin.toml", fewer);
    home.skep(&["plugin", "check", &more]).refused(6, &["\"state\"", "does not offer"]);
}

#[test]
fn a_plugin_that_is_right_is_told_with_its_tools() {
    let home = Home::new();
    let folder = repository().join("target/guests/plugins/files");
    let checked = home.json(0, &["plugin", "check", folder.to_str().unwrap()]);
    assert_eq!(checked["name"], "files");
    let read = checked["described"].as_array().unwrap().iter().find(|tool| tool["name"] == "read").unwrap();
    assert_eq!(read["parameters"]["properties"]["path"]["type"], "string");
}

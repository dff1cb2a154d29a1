//! Any text at all is read or refused, and never a panic.

use std::path::Path;

use proptest::prelude::*;
use skep_config::{Environment, HostConfig, KEYS, PluginManifest};

fn read(text: &str) {
    let file = Path::new("/e/file.toml");
    drop((Environment::parse(file, text), PluginManifest::parse(file, text), HostConfig::parse(file, text)));
}

/// Values that mean something to some key, and such as don't.
fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z*./:{}@ -]{0,12}".prop_map(|text| format!("{text:?}")),
        "\\PC{0,8}".prop_map(|text| format!("{text:?}")),
        Just("'https://a.example/b'".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        Just("1e400".to_owned()),
        Just("1979-05-27".to_owned()),
    ];
    word.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(field(), inner, 0..4).prop_map(|pairs| {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key:?} = {value}")).collect();
                format!("{{ {} }}", pairs.join(", "))
            }),
        ]
    })
}

fn field() -> impl Strategy<Value = String> {
    let fields = [
        "url",
        "path",
        "ref",
        "depth",
        "sparse",
        "directory",
        "credential",
        "host",
        "port",
        "paths",
        "private",
        "name",
        "header",
        "template",
        "query",
        "basic",
        "at",
        "access",
        "command",
        "args",
        "env",
        "headers",
        "tools",
        "allow",
        "text",
        "file",
        "arguments",
        "failed_workspace",
        "timeout",
    ];
    prop_oneof![prop::sample::select(fields.to_vec()).prop_map(str::to_owned), "[a-z.]{0,4}"]
}

fn environment() -> impl Strategy<Value = String> {
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    let pairs = prop::collection::btree_map(prop::sample::select(names), value(), 0..8);
    pairs.prop_map(|pairs| pairs.iter().map(|(key, value)| format!("{key} = {value}\n")).collect())
}

proptest! {
    #[test]
    fn any_characters_are_read_or_refused(text in "\\PC{0,200}|[\\[\\]{}=\"'\n.a-z0-9#]{0,200}") {
        read(&text);
    }

    #[test]
    fn any_values_of_known_keys_are_read_or_refused(text in environment()) {
        read(&text);
    }

    #[test]
    fn what_is_accepted_is_shown(text in environment()) {
        if let Ok(environment) = Environment::parse(Path::new("/e/environment.toml"), &format!("name = 'e'\n{text}")) {
            prop_assert_eq!(environment.resolved().len(), KEYS.len());
        }
    }
}

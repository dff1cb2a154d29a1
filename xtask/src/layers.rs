//! The layer rule: which of our crates may depend on which, and what each must not know of.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::cargo::{self, cargo};
use crate::checkout::Checkout;

struct Layer {
    name: &'static str,
    /// Our crates that it may depend on.
    ours: &'static [&'static str],
    /// Crates it must not depend on directly, with everything whose name continues theirs (wasmtime-wasi).
    never: &'static [&'static str],
}

const fn layer(name: &'static str, ours: &'static [&'static str], never: &'static [&'static str]) -> Layer {
    Layer { name, ours, never }
}

const LAYERS: &[Layer] = &[
    layer("skep-model", &[], &["tokio", "futures", "hyper", "wasmtime", "sled", "cap-std", "tracing"]),
    layer("skep-toml", &[], &["tokio", "futures", "hyper", "wasmtime", "sled", "cap-std", "tracing"]),
    layer("skep-journal", &["skep-model"], &["sled", "wasmtime", "hyper"]),
    layer("skep-state", &["skep-model", "skep-journal"], &["wasmtime", "hyper"]),
    layer("skep-repo", &["skep-model"], &["sled", "wasmtime", "hyper"]),
    layer("skep-image", &["skep-model", "skep-toml"], &["sled", "wasmtime", "hyper", "tokio"]),
    layer("skep-config", &["skep-model", "skep-toml"], &["sled", "wasmtime", "hyper", "tokio"]),
    layer("skep-sandbox", &["skep-model"], &["sled"]),
    layer("skep-egress", &["skep-model"], &["sled", "wasmtime"]),
    layer("skep-vault", &["skep-model"], &["sled", "wasmtime", "hyper"]),
    layer("skep-llm", &["skep-model", "skep-egress"], &["sled", "wasmtime"]),
    layer(
        "skep-engine",
        &[
            "skep-model",
            "skep-journal",
            "skep-state",
            "skep-repo",
            "skep-config",
            "skep-image",
            "skep-sandbox",
            "skep-egress",
            "skep-vault",
            "skep-llm",
        ],
        &["sled", "wasmtime", "hyper"],
    ),
    layer("skep-api", &["skep-model", "skep-state", "skep-engine"], &["sled", "wasmtime"]),
];

/// The top of the house: they may depend on every host crate.
const ABOVE: &[&str] = &["skep", "skep-tests"];

pub(crate) fn check(checkout: &Checkout) -> Result<()> {
    let metadata = cargo::output(cargo(&checkout.root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let found = violations(&serde_json::from_str(&metadata)?);
    ensure!(found.is_empty(), "the layer rule is broken:\n  {}", found.join("\n  "));
    Ok(())
}

fn violations(metadata: &Value) -> Vec<String> {
    let dependencies = dependencies(metadata);
    let mut found = Vec::new();
    for (name, needs) in &dependencies {
        if ABOVE.contains(name) {
            continue;
        }
        match LAYERS.iter().find(|layer| layer.name == *name) {
            Some(layer) => found.extend(broken(layer, needs, &dependencies)),
            None if *name == "xtask" => found.extend(broken(&layer("xtask", &[], &[]), needs, &dependencies)),
            None => found.push(format!("{name} has no layer; give it one in xtask/src/layers.rs")),
        }
    }
    found
}

type Dependencies<'a> = BTreeMap<&'a str, Vec<&'a str>>;

fn broken(layer: &Layer, needs: &[&str], all: &Dependencies<'_>) -> Vec<String> {
    let forbidden = |need: &str| {
        let upwards = all.contains_key(need) && !layer.ours.contains(&need);
        upwards || layer.never.iter().any(|never| need == *never || need.starts_with(&format!("{never}-")))
    };
    let named = |need: &&str| format!("{} must not depend on {need}", layer.name);
    needs.iter().filter(|need| forbidden(need)).map(named).collect()
}

/// Each workspace member's direct dependencies, without those only its tests use.
fn dependencies(metadata: &Value) -> Dependencies<'_> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.filter_map(|package| Some((package["name"].as_str()?, needs(package)))).collect()
}

fn needs(package: &Value) -> Vec<&str> {
    let listed = package["dependencies"].as_array().into_iter().flatten();
    listed
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn this_workspace_keeps_the_layer_rule() -> Result<()> {
        check(&Checkout::here())
    }

    #[test]
    fn an_arrow_up_a_sibling_a_forbidden_crate_and_a_stranger_are_each_named() {
        let package = |name: &str, needs: &[(&str, Option<&str>)]| {
            let needs: Vec<_> = needs.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
            json!({ "name": name, "dependencies": needs })
        };
        let metadata = json!({ "packages": [
            package("skep", &[("skep-engine", None), ("sled", None)]),
            package("skep-engine", &[("skep-journal", None), ("wasmtime-wasi", None)]),
            package("skep-journal", &[("skep-engine", None), ("skep-sandbox", None), ("sled", Some("dev"))]),
            package("skep-sandbox", &[("skep-model", None), ("serde", None)]),
            package("skep-model", &[]),
            package("skep-new", &[]),
        ] });
        assert_eq!(
            violations(&metadata),
            [
                "skep-engine must not depend on wasmtime-wasi",
                "skep-journal must not depend on skep-engine",
                "skep-journal must not depend on skep-sandbox",
                "skep-new has no layer; give it one in xtask/src/layers.rs",
            ]
        );
    }
}

//! Guests that were compiled against earlier versions of the contract and are kept as they were then.

use std::path::Path;

use serde_json::{Value, json};
use skep_engine::Verdict;
use skep_model::{Content, Digest, Outcome};
use skep_tests::host::{ALLOCATIONS, Site};
use skep_tests::kit;

const AGENT: &str = "sha256:3f34fea4a20a8a91cb474dd21ad3d0ffa305d913dab75426921c7a0ec29f9521";
const TOOL: &str = "sha256:eff7eb5249a40909f28f4aaa72b9ee5e7d11622059477e214a1b7cfe5cfb24e3";

/// A fixture, as it was on the day it was made.
fn frozen(name: &str, digest: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v0.1.0").join(name);
    let wasm = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(Digest::of(&wasm).to_string(), digest, "{name} is not what it was; it is never built again");
    wasm
}

fn manifest() -> String {
    let tools = [
        ("read-path", "read-only"),
        ("write-path", "idempotent"),
        ("make-folder", "non-idempotent"),
        ("rename", "non-idempotent"),
        ("list", "read-only"),
        ("size", "read-only"),
    ];
    let entries = tools.map(|(tool, kind)| format!("[[tools]]\nname = {tool:?}\nidempotency = {kind:?}\n"));
    format!("[capabilities]\nworkspace = \"write\"\n{}", entries.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_of_contract_0_1_0_still_do_what_they_did() {
    let site = Site::new();
    kit::agent(&site.plugins(), "old", &frozen("agent.wasm", AGENT));
    kit::tool(&site.plugins(), "path", &manifest(), &frozen("tool.wasm", TOOL));
    kit::environment(&site.environments(), "old", "tools = [\"path.*\"]\nworkspace = \"write\"\n");
    let call = |tool: &str, arguments: Value| json!({ "name": format!("path.{tool}"), "arguments": arguments });
    let steps = json!([
        call("make-folder", json!({ "path": "/workspace/folder" })),
        call("write-path", json!({ "path": "/workspace/folder/a", "content": "one" })),
        call("rename", json!({ "from": "/workspace/folder/a", "to": "/workspace/folder/b" })),
        { "many": [
            call("read-path", json!({ "path": "/workspace/folder/b" })),
            call("list", json!({ "path": "/workspace/folder" })),
            call("size", json!({ "path": "/workspace/folder/b" })),
            call("read-path", json!({ "path": "/etc/passwd" })),
            call("size", json!({ "path": 1 })),
        ] },
    ]);
    let failed = |message: &str| json!({ "error": { "kind": "tool-error", "message": message } });
    let expected = json!([
        { "ok": null },
        { "ok": null },
        { "ok": null },
        { "many": [
            { "ok": "one" },
            { "ok": ["b"] },
            { "ok": 3 },
            failed("No such file or directory (os error 44)"),
            failed(
                "invalid arguments for size: `path`: invalid type: integer `1`, expected a string at line 1 column 9; \
                 expected {\"properties\":{\"path\":{\"type\":\"string\"}},\"required\":[\"path\"],\"type\":\"object\"}",
            ),
        ] },
    ]);
    for allocation in ALLOCATIONS {
        let host = site.host_with(|config| config.sandbox.allocation = allocation).await;
        let run = host.submit("old", "old", &steps.to_string()).await;
        let record = host.end(run).await;
        let Some(Outcome::Completed(Content::Inline(text))) = record.outcome else { panic!("{:?}", record.outcome) };
        assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON"), expected, "{text}");
        let replayed = host.engine.replay(run).await.expect("the run can be replayed");
        assert_eq!((replayed.verdict, replayed.compared), (Verdict::Exact, 8));
        host.stop().await;
    }
}

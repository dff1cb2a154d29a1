//! The workspace of a failed run stays for people to look at, as long as its environment says.

use std::time::Duration;

use serde_json::json;
use skep_engine::kept;
use skep_model::{RunId, RunState};
use skep_tests::host::{Host, Site, until};
use skep_tests::kit;

const FAILS: &str = "[[startup]]\ncommand = \"echo half > done; exit 3\"\n";

async fn host(site: &Site, environment: &str) -> Host {
    site.shell(environment).host_with(|config| config.sandbox.cache = Some(kit::compiled())).await
}

async fn fail(host: &Host) -> RunId {
    let run = host.submit("caller", "shell", "[]").await;
    assert_eq!(host.end(run).await.state, RunState::Failed);
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_there_until_its_time_is_over_even_over_a_restart() {
    let site = Site::new();
    let host = self::host(&site, &format!("retention = {{ failed_workspace = \"3s\" }}\n{FAILS}")).await;
    let run = fail(&host).await;
    let found = || kept::find(&site.data(), run);
    until("it is marked", || found().is_some_and(|kept| kept.until.is_some())).await;
    assert_eq!(std::fs::read(found().expect("it is there").workspace.join("done")).expect("it is there"), b"half\n");
    host.stop().await;
    let host = site.host().await;
    assert!(found().is_some(), "the next host sweeps it away");
    tokio::time::timeout(Duration::from_secs(20), until("it is gone", || found().is_none())).await.expect("it goes");
    let left = || std::fs::read_dir(site.data().join("workspaces")).expect("it can be listed").count();
    until("its marks are gone too", || left() == 0).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_of_it_and_after_a_run_that_did_well_nothing_is_kept() {
    let site = Site::new();
    let host = self::host(&site, FAILS).await;
    let run = fail(&host).await;
    until("it is gone", || kept::find(&site.data(), run).is_none()).await;
    host.stop().await;
    let host = self::host(&site, "retention = { failed_workspace = \"1h\" }\n").await;
    let step = json!([{ "name": "shell.run", "arguments": { "command": "exit 3" } }]);
    let run = host.submit("caller", "shell", &step.to_string()).await;
    assert_eq!(host.end(run).await.state, RunState::Succeeded);
    until("it is gone", || kept::find(&site.data(), run).is_none()).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_again_and_again_does_not_fill_the_disk() {
    let site = Site::new();
    let host = self::host(&site, &format!("retention = {{ failed_workspace = \"1h\" }}\n{FAILS}")).await;
    let mut runs = Vec::new();
    for _ in 0..18 {
        runs.push(fail(&host).await);
    }
    let there = || runs.iter().map(|run| kept::find(&site.data(), *run).is_some()).collect::<Vec<_>>();
    until("the first ones have gone", || there()[..2] == [false; 2]).await;
    assert_eq!(there()[2..], [true; 16]);
    host.stop().await;
}

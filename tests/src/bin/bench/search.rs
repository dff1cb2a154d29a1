//! What a tool has the host look for over many files, beside ripgrep over the same.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use skep_model::{Access, Content, Digest, Limits, Outcome};
use skep_sandbox::{Config, Meter, Sandbox, Tool, ToolCall, Workspace};
use skep_tests::kit;

use crate::args::Plan;
use crate::table::{Row, Target, Unit};
use crate::{measure, tree};

/// The built-in tools for files, with a tree.
struct Files {
    sandbox: Sandbox,
    tool: Tool,
    folder: tempfile::TempDir,
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runtime = measure::runtime()?;
    let _inside = runtime.enter();
    let files = Files::new(plan.amount(6_000, 1_000))?;
    let rare = |pattern: &str| runtime.block_on(files.millis(pattern));
    let mut rows = Vec::new();
    for (name, pattern) in [("a word on every 500th line", "TODO"), ("a pattern without a word", "[a-z]+[0-9]{3}")] {
        rows.push(row(plan, name, || rare(pattern), || ripgrep(pattern, files.folder.path()))?);
    }
    Ok(rows)
}

fn row(plan: &Plan, what: &str, ours: impl Fn() -> Result<f64>, floor: impl Fn() -> Result<f64>) -> Result<Row> {
    let name = format!("search for {what}");
    ours()?;
    if Command::new("rg").arg("--version").output().is_err() {
        return Ok(Row::new(format!("{name} (there is no rg here)"), Unit::Millis.of(ours()?)));
    }
    let pair = measure::slices(plan, 5, &name, ours, floor)?;
    let row = Row::new(name, Unit::Millis.of(pair.figure)).against("ripgrep", pair.floor, pair.ratio);
    Ok(row.target(Target::RatioAtMost(1.5)))
}

impl Files {
    fn new(files: usize) -> Result<Self> {
        let wasm = std::fs::read(kit::plugins().join("files/files.wasm"))?;
        let sandbox = Sandbox::new(Config { cache: Some(kit::compiled()), ..Config::default() })?;
        let tool = sandbox.tool(Digest::of(&wasm), &wasm)?;
        let folder = tempfile::tempdir()?;
        tree::grow(folder.path(), files)?;
        Ok(Self { sandbox, tool, folder })
    }

    /// What it takes to find all lines that match, in milliseconds.
    async fn millis(&self, pattern: &str) -> Result<f64> {
        let workspace = Workspace::open(self.folder.path())?;
        let arguments = json!({ "pattern": pattern, "limit": 50_000, "limit_per_file": 50_000 });
        let began = Instant::now();
        let call = ToolCall {
            tool: &self.tool,
            name: "grep",
            arguments: &arguments.to_string(),
            workspace: Some((&workspace, Access::Read)),
            meter: Arc::new(Meter::new(Limits::TOOL)),
        };
        let ended = self.sandbox.call(call).await;
        let took = began.elapsed().as_secs_f64() * 1e3;
        let Outcome::Completed(Content::Inline(answer)) = ended.outcome else { bail!("{:?}", ended.outcome) };
        let answer: Value = serde_json::from_str(&answer)?;
        ensure!(answer["truncated"] == false, "the answer is not whole");
        Ok(took)
    }
}

fn ripgrep(pattern: &str, folder: &Path) -> Result<f64> {
    let began = Instant::now();
    let output = Command::new("rg").args(["--no-config", "-n", pattern]).current_dir(folder).output();
    let code = output.context("rg can't be started")?.status.code();
    ensure!(matches!(code, Some(0 | 1)), "rg ended with {code:?}");
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

//! `skep doctor`: what this machine can do for skep, and what it lacks. Opens nothing that belongs to runs.

mod disk;
mod machine;

use anyhow::Result;
use serde::Serialize;
use skep_config::HostConfig;
use skep_model::{LimitKind, Limits};

use crate::exit::Exit;
use crate::host::Settings;
use crate::listing::Listing;
use crate::output::Output;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    about: &'static str,
    verdict: Verdict,
    message: String,
}

/// What it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// skep works, but less well or not in all ways.
    Weak,
    /// skep can't work like this.
    Bad,
}

impl Finding {
    fn good(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Good, message: message.into() }
    }

    fn weak(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Weak, message: message.into() }
    }

    fn bad(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Bad, message: message.into() }
    }
}

/// A limit: what a run or a tool call gets, and what it may ask for.
#[derive(Debug, Serialize)]
struct LimitItem {
    limit: &'static str,
    unit: &'static str,
    run_default: u64,
    run_maximum: u64,
    tool_default: u64,
    tool_maximum: u64,
}

pub(crate) fn run(settings: &Settings, out: &Output) -> Result<Exit> {
    let mut findings = machine::findings(settings)?;
    findings.extend(disk::findings(settings));
    let limits = limits(&settings.config);
    if out.is_json() {
        out.json(&serde_json::json!({ "findings": findings, "limits": limits }))?;
    } else {
        findings.iter().try_for_each(|finding| line(out, finding))?;
        out.line("")?;
        table(&limits).print(out)?;
    }
    let usable = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    Ok(if usable { Exit::Done } else { Exit::DataFolder })
}

fn line(out: &Output, finding: &Finding) -> std::io::Result<()> {
    let (style, word) = match finding.verdict {
        Verdict::Good => (out.palette.good, "good"),
        Verdict::Weak => (out.palette.notice, "weak"),
        Verdict::Bad => (out.palette.bad, "bad"),
    };
    out.line(&format!("{}  {:<14}{}", out.styled(style, &format!("{word:<4}")), finding.about, finding.message))
}

fn limits(config: &HostConfig) -> Vec<LimitItem> {
    let (maxima, tool_maxima) = (config.maxima, config.tool_maxima);
    let item = |kind: &LimitKind| LimitItem {
        limit: kind.key(),
        unit: kind.unit(),
        run_default: Limits::RUN.at_most(&maxima).get(*kind),
        run_maximum: maxima.get(*kind),
        tool_default: Limits::TOOL.at_most(&tool_maxima).get(*kind),
        tool_maximum: tool_maxima.get(*kind),
    };
    LimitKind::ALL.iter().map(item).collect()
}

fn table(items: &[LimitItem]) -> Listing<'_, LimitItem> {
    Listing {
        key: "limits",
        items,
        columns: &[
            ("LIMIT", |item| item.limit.to_owned()),
            ("RUN", |item| item.run_default.to_string()),
            ("AT MOST", |item| item.run_maximum.to_string()),
            ("TOOL CALL", |item| item.tool_default.to_string()),
            ("AT MOST", |item| item.tool_maximum.to_string()),
            ("UNIT", |item| item.unit.to_owned()),
        ],
        page_info: None,
    }
}

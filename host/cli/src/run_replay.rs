//! `skep run replay`: the proof that a record is exact.

use anyhow::Result;
use serde_json::json;
use skep_engine::Verdict;
use skep_model::RunId;

use crate::exit::Exit;
use crate::host::Settings;
use crate::output::Output;
use crate::readable::harmless;
use crate::run_read;

pub(crate) async fn replay(settings: &Settings, out: &Output, id: &str) -> Result<Exit> {
    let store = settings.open_existing()?;
    let run = run_read::find(&store, id)?.run_id;
    let replayed = settings.engine(&store)?.replay(run).await?;
    let exit = match &replayed.verdict {
        Verdict::Exact => Exit::Done,
        Verdict::ExactSoFar(_) => Exit::NotWhole,
        Verdict::Diverged(_) => Exit::Diverged,
    };
    if out.is_json() {
        out.json(&document(run, replayed.compared, &replayed.verdict))?;
    } else {
        lines(out, replayed.compared, &replayed.verdict)?;
    }
    Ok(exit)
}

fn document(run: RunId, compared: u64, verdict: &Verdict) -> serde_json::Value {
    match verdict {
        Verdict::Exact => json!({ "run_id": run, "verdict": "exact", "compared": compared }),
        Verdict::ExactSoFar(why) => {
            json!({ "run_id": run, "verdict": "exact_so_far", "compared": compared, "why": why })
        }
        Verdict::Diverged(at) => {
            json!({ "run_id": run, "verdict": "diverged", "compared": compared, "seq": at.seq, "journal": at.journal, "brain": at.brain })
        }
    }
}

fn lines(out: &Output, compared: u64, verdict: &Verdict) -> std::io::Result<()> {
    let palette = out.palette;
    match verdict {
        Verdict::Exact => out.line(&format!(
            "{}  {compared} events of the agent and its end are the same, byte for byte",
            out.styled(palette.good, "exact")
        )),
        Verdict::ExactSoFar(why) => out.line(&format!(
            "{}  {compared} events of the agent are the same; {}",
            out.styled(palette.notice, "exact so far"),
            harmless(why)
        )),
        Verdict::Diverged(at) => {
            out.line(&format!(
                "{}  at event {}, after {compared} that are the same",
                out.styled(palette.bad, "diverged"),
                at.seq
            ))?;
            out.line(&format!("  journal  {}", harmless(&at.journal)))?;
            out.line(&format!("  agent    {}", harmless(&at.brain)))
        }
    }
}

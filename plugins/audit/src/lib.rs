//! Takes stock of a repository, without a model: a handful of calls to the `files` plugin, and a report of what they found as
//! `audit.md` and `audit.json`.

mod languages;
mod licence;
mod manifests;
mod markdown;
mod markers;
mod report;
mod secrets;
mod survey;
mod tests_share;

use skep::session;

use report::Report;
use secrets::Detector;

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    session::say("Counting files and searching for open ends and secrets.")?;
    let survey = survey::look()?;
    session::say(format!("Looked at {} files.", survey.count.files.len()))?;
    let detector = Detector::new().map_err(|error| error.to_string())?;
    let report = Report::new(&survey, &detector);
    session::report("audit.json", "application/json", serde_json::to_vec_pretty(&report)?)?;
    session::report("audit.md", "text/markdown", markdown::render(&report))?;
    session::say("Wrote audit.md and audit.json.")?;
    Ok(report.summary())
}

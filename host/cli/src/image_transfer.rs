//! `skep image push` and `pull`: images to and from registries.

use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;
use skep_image::{Credentials, Progress, Reference, Registry, Store, Terms, Transfer};

use crate::args_image::Way;
use crate::exit::{Exit, problem};
use crate::image_here::built;
use crate::output::{Output, note};
use crate::readable::{one_line, size};

const USER: &str = "SKEP_REGISTRY_USER";
const PASSWORD: &str = "SKEP_REGISTRY_PASSWORD";

/// The longest title of a layer that is shown; a registry may send any.
const TITLE: usize = 60;

pub(crate) fn push(store: &Store, out: &Output, to: &Reference, folder: Option<&Path>, way: &Way) -> Result<Exit> {
    let image = match folder {
        Some(folder) => built(store, folder)?,
        None => store.resolve(to)?,
    };
    let transfer = registry(to, way)?.push(store, to, &image, &mut told)?;
    done(out, "pushed", to, &transfer)
}

pub(crate) fn pull(store: &Store, out: &Output, from: &Reference, way: &Way) -> Result<Exit> {
    let transfer = registry(from, way)?.pull(store, from, &mut told)?;
    done(out, "pulled", from, &transfer)
}

fn registry(reference: &Reference, way: &Way) -> Result<Registry> {
    let terms = Terms { insecure: way.insecure, ..Terms::default() };
    Ok(Registry::new(terms, credentials(reference)?))
}

/// Who asks: what the environment says, or else docker's own file.
fn credentials(reference: &Reference) -> Result<Option<Credentials>> {
    match (std::env::var(USER), std::env::var(PASSWORD)) {
        (Ok(user), Ok(password)) => Ok(Some(Credentials::new(user, password))),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => Err(problem(Exit::Usage, format!("set both of {USER} and {PASSWORD}"))),
        (Err(_), Err(_)) => {
            let text = docker_config().and_then(|file| std::fs::read_to_string(file).ok());
            let registry = reference.registry();
            Ok(text.zip(registry).and_then(|(text, registry)| Credentials::from_docker_config(&text, registry)))
        }
    }
}

fn docker_config() -> Option<PathBuf> {
    let named = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")))?;
    Some(folder.join("config.json"))
}

fn done(out: &Output, done: &str, reference: &Reference, transfer: &Transfer) -> Result<Exit> {
    let Transfer { image, artifact, moved, present } = transfer;
    let pinned = reference.at(*artifact);
    if out.is_json() {
        out.json(&json!({
            "reference": reference.to_string(), "pinned": pinned.to_string(), "artifact": artifact,
            "digest": image.digest(), "moved": moved, "present": present,
        }))?;
    } else {
        out.line(&format!("{done}  {reference}"))?;
        out.line(&pinned.to_string())?;
    }
    Ok(Exit::Done)
}

/// Says on standard error how a transfer goes; how far a layer is, only where the line can be written over.
fn told(progress: Progress) {
    let terminal = stderr().is_terminal();
    let line = |text: &str| note(&format!("{}{text}", if terminal { "\r\x1b[K" } else { "" }));
    match progress {
        Progress::Present { title, bytes } => line(&format!("{}  {}, is there", one_line(&title, TITLE), size(bytes))),
        Progress::Moved { title, bytes } => line(&format!("{}  {}", one_line(&title, TITLE), size(bytes))),
        Progress::Moving { title, bytes, of } if terminal => {
            let text = format!("\r\x1b[K{}  {} of {}", one_line(&title, TITLE), size(bytes), size(of));
            stderr().write_all(text.as_bytes()).unwrap_or_default();
        }
        Progress::Moving { .. } => {}
    }
}

//! Builds the components, once per content: the built-in plugins as `target/guests/plugins/NAME/{plugin.toml,NAME.wasm}`,
//! the commands (Python among them, which is not cargo's) as `target/guests/commands/NAME.wasm` and in the images that name them as `target/guests/images/NAME/{image.toml,*.wasm}`,
//! the tests' guests as `target/guests/tests/NAME.wasm`, and those with a manifest in `target/guests/test-plugins` too.

mod collect;
mod fingerprint;
mod image;
mod kept;
mod python;
mod route;

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo;
use crate::checkout::{Checkout, build_cache};
use crate::stage::stage;
use collect::Installed;
use kept::{Cache, Listing};
use route::Route;

/// Makes `target/guests` hold what the sources say, by doing nothing, by copying from the cache, or by building.
pub(crate) fn build(checkout: &Checkout) -> Result<()> {
    build_only(checkout, None)
}

/// The same with the built-in plugins at least, which take a minute where the images' commands take a quarter of an hour.
pub(crate) fn build_plugins(checkout: &Checkout) -> Result<()> {
    build_only(checkout, Some("plugins"))
}

/// Everything, or no more than one workspace where not everything is at hand.
fn build_only(checkout: &Checkout, only: Option<&str>) -> Result<()> {
    if checkout.component_workspaces().is_empty() {
        eprintln!("guests: none (neither plugins/Cargo.toml nor tests/guests/Cargo.toml exists)");
        return Ok(());
    }
    let _lock = lock(checkout)?;
    let route = Route::find(&checkout.root)?;
    write_missing_lockfiles(checkout)?;
    let key = fingerprint::of(checkout, &route)?;
    let output = checkout.guests();
    if let Some(listing) = Listing::of_folder(&output, &key) {
        eprintln!("guests: up to date ({})", listing.describe());
        return Ok(());
    }
    let cache = build_cache().map(|folder| Cache::new(folder.join("guests"), key.clone()));
    if let Some(listing) = cache.as_ref().and_then(|cache| cache.restore(&output)) {
        eprintln!("guests: taken from the build cache ({})", listing.describe());
        return Ok(());
    }
    let listing = match only {
        Some(workspace) => {
            let key = format!("{key}-{workspace}");
            if let Some(listing) = Listing::of_folder(&output, &key) {
                eprintln!("guests: the {workspace} are up to date ({})", listing.describe());
                return Ok(());
            }
            let components = compile(checkout, &route, &[checkout.root.join(workspace)])?;
            collect::install(&output, components, &key)?
        }
        None => everything(checkout, &route, &key, cache.as_ref())?,
    };
    eprintln!("guests: built {} into {}", listing.describe(), output.display());
    Ok(())
}

/// Held while guests are built: a second build into the same folder waits, and one in this checkout then finds the work done.
fn lock(checkout: &Checkout) -> Result<File> {
    let path = checkout.guest_build().with_extension("lock");
    let open = || {
        fs::create_dir_all(checkout.guest_build())?;
        let file = File::create(&path)?;
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            eprintln!("guests: waiting for another build of guests");
            file.lock()?;
        }
        Ok::<_, std::io::Error>(file)
    };
    open().with_context(|| format!("cannot lock {}", path.display()))
}

/// The lockfile is an input, so it has to be there before the inputs are digested.
fn write_missing_lockfiles(checkout: &Checkout) -> Result<()> {
    let workspaces = checkout.component_workspaces().into_iter();
    for workspace in workspaces.filter(|workspace| !workspace.join("Cargo.lock").exists()) {
        cargo::run(cargo::cargo(&workspace).arg("generate-lockfile"))?;
    }
    Ok(())
}

fn everything(checkout: &Checkout, route: &Route, key: &str, cache: Option<&Cache>) -> Result<Listing> {
    let mut components = compile(checkout, route, &checkout.component_workspaces())?;
    components.extend(python::component(checkout)?);
    components.extend(image::all(checkout, &components)?);
    let listing = collect::install(&checkout.guests(), components, key)?;
    if let Some(cache) = cache {
        cache.keep(&checkout.guests(), &listing);
    }
    Ok(listing)
}

fn compile(checkout: &Checkout, route: &Route, workspaces: &[PathBuf]) -> Result<Vec<Installed>> {
    let mut components = Vec::new();
    for workspace in workspaces {
        let name = workspace.strip_prefix(&checkout.root).unwrap_or(workspace).display().to_string();
        let doing = format!("building the components of {name}/ for wasm32-wasip2");
        let artifacts = stage("guests", &doing, || {
            let mut command = route.cargo(workspace, "build");
            cargo::build(command.arg("--release").arg("--target-dir").arg(checkout.guest_build()))
        })?;
        components.extend(collect::components(workspace, &artifacts)?);
    }
    Ok(components)
}

//! `[[repos]]`: the repositories that every run of an environment brings.

use std::num::NonZeroU32;
use std::path::Path;

use skep_model::{Depth, REPOS, RepoSource, RepoSpec};
use skep_toml::{Section, Value, folder, one_of};
use url::Url;

use crate::name;

/// The longest path or URL, in bytes.
const LOCATION_BYTES: usize = 4096;
/// The longest name of a branch or tag, in bytes; a file has to have that name.
const REFERENCE_BYTES: usize = 250;
/// The most paths of one repository's `sparse`, and their bytes together: a run's first event has room for all of them.
const SPARSE_PATHS: usize = 256;
const SPARSE_BYTES: usize = 16 * 1024;
/// The longest path within a workspace, in bytes, and of one name of it.
const PATH_BYTES: usize = 1024;
const NAME_BYTES: usize = 255;

/// Without a server there is nothing to fetch or to show a credential.
const OF_A_FOLDER: &str = "a folder is copied as it is; to have a commit of it, write its `url = \"file://…\"`";

/// All `[[repos]]`.
pub(crate) fn repos(root: &mut Section<'_>, file: &Path) -> Vec<RepoSpec> {
    let mut repos = Vec::new();
    let mut directories: Vec<String> = Vec::new();
    for mut section in root.sections("repos") {
        let repo = repo(&mut section, file);
        if repos.len() == REPOS {
            section.problem(format!("a run has at most {REPOS} repositories"));
        }
        if let Some(directory) = repo.as_ref().and_then(|repo| repo.directory.clone()) {
            if let Some(other) = directories.iter().find(|other| overlap(other, &directory)) {
                let message = format!("the directory {directory:?} and {other:?} above are in each other's way");
                section.problem(message);
            }
            directories.push(directory);
        }
        repos.extend(repo);
    }
    repos
}

fn repo(section: &mut Section<'_>, file: &Path) -> Option<RepoSpec> {
    let source = source(section, file);
    match &source {
        Some(RepoSource::Path(_)) => {
            section.refuse(&["ref", "depth", "sparse", "submodules", "credential"], OF_A_FOLDER);
        }
        Some(RepoSource::Url(url)) if !url.starts_with("https://") => {
            section.refuse(&["credential"], "is shown to https:// servers only; anything else could be listened to");
        }
        Some(RepoSource::Url(_)) | None => {}
    }
    let spec = RepoSpec {
        reference: section.get("ref", reference),
        depth: section.take("depth").and_then(|value| depth(&value)).unwrap_or_default(),
        sparse: section.list("sparse", sparse),
        submodules: section.take("submodules").and_then(|value| value.flag()).unwrap_or_default(),
        credential: section.get("credential", name::secret),
        directory: section.get("directory", directory),
        // What stands in for a source that is none is never seen.
        ..source.unwrap_or(RepoSource::Path(String::new())).into()
    };
    let bytes: usize = spec.sparse.iter().map(String::len).sum();
    if spec.sparse.len() > SPARSE_PATHS || bytes > SPARSE_BYTES {
        section
            .refuse(&["sparse"], &format!("has at most {SPARSE_PATHS} paths, and {SPARSE_BYTES} bytes in all of them"));
    }
    Some(spec)
}

fn source(section: &mut Section<'_>, file: &Path) -> Option<RepoSource> {
    let (url, path) = (section.take("url"), section.take("path"));
    match (url, path) {
        (Some(url), None) => url.text(self::url).map(RepoSource::Url),
        (None, Some(path)) => path.text(|text| self::path(file, text)).map(RepoSource::Path),
        (Some(_), Some(path)) => {
            path.problem("a repository has a `url` or a `path`, and not both");
            None
        }
        (None, None) => {
            section.problem("a repository has a `url` or a `path`: write one".to_owned());
            None
        }
    }
}

fn url(text: &str) -> Result<String, String> {
    let only = || format!("{text:?} is no URL that is served: write https://… or file:///…, or a folder as `path`");
    if text.len() > LOCATION_BYTES {
        return Err(format!("has at most {LOCATION_BYTES} bytes"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(only());
    }
    let url = Url::parse(text).map_err(|_| only())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials don't belong into a URL; name a secret as `credential`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("leave out what follows ? or #; a branch or tag is `ref`".to_owned());
    }
    match (url.scheme(), url.host()) {
        ("https" | "http", Some(_)) | ("file", None) => Ok(text.to_owned()),
        _ => Err(only()),
    }
}

fn path(file: &Path, text: &str) -> Result<String, String> {
    if text.contains("://") {
        return Err(format!("{text:?} is a URL; write it as `url`"));
    }
    if text.contains(char::is_control) || text.len() > LOCATION_BYTES {
        return Err(format!("{text:?} is no path of a folder"));
    }
    let path = folder(file)(text)?.into_os_string();
    path.into_string().map_err(|path| format!("{} is no UTF-8; move the environment elsewhere", path.display()))
}

fn depth(value: &Value<'_>) -> Option<Depth> {
    if value.is_text() {
        return value.text(one_of(&[("full", Depth::Full)]));
    }
    let number = value.number(1..=u64::from(u32::MAX))?;
    u32::try_from(number).ok().and_then(NonZeroU32::new).map(Depth::Commits)
}

/// What `git check-ref-format --allow-onelevel` lets pass, and that no program can take for an option.
/// Source: <https://git-scm.com/docs/git-check-ref-format>.
fn reference(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{text:?} is no branch, tag or commit: {why}"));
    if text.is_empty() || text.len() > REFERENCE_BYTES {
        return wrong(&format!("it has 1 to {REFERENCE_BYTES} bytes"));
    }
    if text.starts_with('-') {
        return wrong("none begins with -");
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c)) {
        return wrong("none has spaces, control characters or any of ~ ^ : ? * [ \\ in it");
    }
    if text == "@" || text == "HEAD" || text.contains("..") || text.contains("@{") || text.ends_with('.') {
        return wrong("git takes no HEAD, @, @{ or .. here, and no dot at the end");
    }
    if text.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock")) {
        return wrong("no part between slashes is empty, begins with a dot or ends with .lock");
    }
    Ok(text.to_owned())
}

fn sparse(text: &str) -> Result<String, String> {
    inside(text.strip_suffix('/').unwrap_or(text)).map_err(|why| format!("{text:?} is no path in a repository: {why}"))
}

fn directory(text: &str) -> Result<String, String> {
    inside(text.strip_suffix('/').unwrap_or(text)).map_err(|why| format!("{text:?} is no folder of a workspace: {why}"))
}

/// A relative path that leads nowhere else, on any file system, in whatever spelling git knows of its own folder.
fn inside(text: &str) -> Result<String, String> {
    if text.len() > PATH_BYTES || text.split('/').any(|part| part.len() > NAME_BYTES) {
        return Err(format!("it has at most {PATH_BYTES} bytes, and each name {NAME_BYTES}"));
    }
    if text.contains(|c: char| c.is_control() || "\\:*?\"<>|".contains(c)) {
        return Err("names have no control characters and none of \\ : * ? \" < > | in them".to_owned());
    }
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("write it relative, without empty names, . and ..".to_owned());
    }
    if text.split('/').any(is_git) {
        return Err("nothing is ever brought into .git".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether some file system would take the name for `.git`: in other case, with dots or spaces at the end, or as NTFS and HFS+ have it.
fn is_git(name: &str) -> bool {
    let visible: String = name.chars().filter(|c| c.is_ascii()).collect();
    let plain = visible.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    plain == ".git" || plain == "git~1"
}

/// Whether one is the other or in it, where upper and lower case are the same.
fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (format!("{}/", one.to_lowercase()), format!("{}/", other.to_lowercase()));
    one.starts_with(&other) || other.starts_with(&one)
}

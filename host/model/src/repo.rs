//! Repositories that a run brings into its workspace, and what of each.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The most repositories of one run, its environment's included.
pub const REPOS: usize = 16;

/// Where a repository comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoSource {
    /// A folder of this machine, copied; never changed.
    Path(String),
    /// A `file://` or `https://` URL, cloned.
    Url(String),
}

/// One repository of a run. In JSON a source alone is a whole description, `{"path": "/srv/web"}`, and what says nothing of
/// a key is written without it, so that journals of hosts that knew of sources only are read as they were meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoSpec {
    /// Where it comes from.
    #[serde(flatten)]
    pub source: RepoSource,
    /// A branch, a tag or a full commit id; what the source's HEAD is at when absent.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How much of its history is fetched. There may be more than that where it is at hand already.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depth: Depth,
    /// Paths in the repository, folders or files, relative and without `..`; only what is at or below one of them is checked
    /// out. Empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse: Vec<String>,
    /// Whether submodules are checked out too; they are empty folders otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub submodules: bool,
    /// The name of the secret that the server asks for. The host presents it there; no guest sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Its folder in the workspace, relative and without `..`. When absent it is the workspace itself if it is the only
    /// repository, and otherwise a folder named after the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// How much of a repository's history is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// So many commits, counted from the one that is checked out.
    Commits(NonZeroU32),
    /// All of them.
    Full,
}

impl Default for Depth {
    /// The commit that is checked out, and nothing before it.
    fn default() -> Self {
        Self::Commits(NonZeroU32::MIN)
    }
}

impl From<RepoSource> for RepoSpec {
    /// The source's HEAD, whole, without history and submodules.
    fn from(source: RepoSource) -> Self {
        Self {
            source,
            reference: None,
            depth: Depth::default(),
            sparse: Vec::new(),
            submodules: false,
            credential: None,
            directory: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_alone_is_a_whole_description_as_it_was_before_there_were_others() {
        for (json, source) in [
            (r#"{"path":"/srv/web"}"#, RepoSource::Path("/srv/web".to_owned())),
            (r#"{"url":"https://a.example/b"}"#, RepoSource::Url("https://a.example/b".to_owned())),
        ] {
            let spec: RepoSpec = serde_json::from_str(json).unwrap();
            assert_eq!(spec, RepoSpec::from(source));
            assert_eq!(serde_json::to_string(&spec).unwrap(), json);
        }
    }

    #[test]
    fn what_is_said_of_a_repository_comes_back() {
        let spec = RepoSpec {
            reference: Some("v1.0".to_owned()),
            depth: Depth::Full,
            sparse: vec!["docs".to_owned()],
            submodules: true,
            credential: Some("TOKEN".to_owned()),
            directory: Some("web".to_owned()),
            ..RepoSource::Url("https://a.example/b".to_owned()).into()
        };
        let json = r#"{"url":"https://a.example/b","ref":"v1.0","depth":"full","sparse":["docs"],"submodules":true,"credential":"TOKEN","directory":"web"}"#;
        assert_eq!(serde_json::to_string(&spec).unwrap(), json);
        assert_eq!(serde_json::from_str::<RepoSpec>(json).unwrap(), spec);
        let few = json.replace(r#""full""#, r#"{"commits":5}"#);
        let depth = Depth::Commits(NonZeroU32::new(5).unwrap());
        assert_eq!(serde_json::from_str::<RepoSpec>(&few).unwrap().depth, depth);
    }

    #[test]
    fn a_repository_without_a_source_or_with_no_commit_at_all_is_none() {
        for json in [r#"{"ref":"main"}"#, r#"{"path":"/a","depth":{"commits":0}}"#] {
            assert!(serde_json::from_str::<RepoSpec>(json).is_err(), "{json}");
        }
    }
}

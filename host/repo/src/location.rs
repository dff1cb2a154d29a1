//! Which URLs are served.

use std::path::PathBuf;

use skep_model::RepoSource;
use url::{Host, Url};

use crate::{RepoError, Terms};

/// Where a repository is.
pub(crate) enum Location {
    /// A folder: its files as they are now.
    Folder(PathBuf),
    /// A `file://` URL: a commit of it.
    Commit(PathBuf),
    /// A server.
    Server(Url),
}

impl Location {
    pub(crate) fn of(source: &RepoSource, terms: &Terms) -> Result<Self, RepoError> {
        match source {
            RepoSource::Path(path) => absolute(PathBuf::from(path)).map(Self::Folder),
            RepoSource::Url(text) => {
                served(text, terms).map_err(|reason| RepoError::BadUrl { url: shown(source), reason })
            }
        }
    }
}

fn absolute(path: PathBuf) -> Result<PathBuf, RepoError> {
    if path.is_absolute() { Ok(path) } else { Err(RepoError::Relative { path }) }
}

fn served(text: &str, terms: &Terms) -> Result<Location, &'static str> {
    let only = "write an https:// or file:// URL, or the path of a folder";
    let url = Url::parse(text).map_err(|_| only)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials don't belong into a URL; they come with secrets, which this host doesn't serve yet");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("leave out what follows ? or #; a branch, tag or commit is `ref`");
    }
    match (url.scheme(), url.host()) {
        ("file", None) => url.to_file_path().map(Location::Commit).map_err(|()| only),
        ("file", Some(_)) => Err("a file:// URL is about this machine: write file:///folder"),
        ("https", Some(_)) => Ok(Location::Server(url)),
        ("http", Some(_)) if terms.allow_private => Ok(Location::Server(url)),
        ("http", Some(_)) => Err("http:// can be listened to and changed on the way: use https://"),
        _ => Err(only),
    }
}

/// A source as messages name it: without what may be a password.
pub(crate) fn shown(source: &RepoSource) -> String {
    match source {
        RepoSource::Path(path) => path.clone(),
        RepoSource::Url(text) => match (text.find("://"), text.rfind('@')) {
            (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}…{}", &text[..scheme + 3], &text[at..]),
            _ => text.clone(),
        },
    }
}

/// Whether both are on one server, which a redirection must not leave.
pub(crate) fn same_server(one: &Url, other: &Url) -> bool {
    let host = |url: &Url| url.host().map(|host: Host<&str>| host.to_string());
    one.scheme() == other.scheme()
        && host(one) == host(other)
        && one.port_or_known_default() == other.port_or_known_default()
        && other.username().is_empty()
        && other.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Location::of(&RepoSource::Url(text.to_owned()), &Terms::default()) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{text} is served"),
        }
    }

    #[test]
    fn urls_that_are_not_served_are_refused_with_what_would_do() {
        for url in ["git@example.com:a/b.git", "ssh://example.com/a", "git://example.com/a", "ext::sh -c id", "a/b", ""]
        {
            assert!(refusal(url).contains("write an https:// or file:// URL"), "{url}");
        }
        assert!(refusal("http://127.0.0.1/a").contains("use https://"));
        assert!(refusal("file://server/a").contains("file:///folder"));
        assert!(refusal("https://example.com/a?x=1").contains("leave out"));
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_repeated() {
        let refusal = refusal("https://user:hunter2@example.com/a");
        assert!(refusal.contains("https://…@example.com/a") && refusal.contains("come with secrets"), "{refusal}");
        assert!(!refusal.contains("hunter2") && !refusal.contains("user"), "{refusal}");
    }

    #[test]
    fn a_relative_path_is_refused() {
        let relative = Location::of(&RepoSource::Path("some/where".to_owned()), &Terms::default());
        assert!(matches!(relative, Err(RepoError::Relative { .. })));
    }

    #[test]
    fn another_scheme_port_or_host_is_another_server() {
        let url = |text: &str| Url::parse(text).unwrap();
        let here = url("https://example.com/a");
        assert!(same_server(&here, &url("https://EXAMPLE.com:443/b")));
        for other in
            ["http://example.com/a", "https://example.com:444/a", "https://example.org/a", "https://u@example.com/a"]
        {
            assert!(!same_server(&here, &url(other)), "{other}");
        }
    }
}

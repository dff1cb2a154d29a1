//! The folders of a workspace that has several repositories.

use skep_model::RepoSource;

/// A folder for each source, named after it and unique, even where upper and lower case are the same. A single
/// repository is the workspace itself, whose name is empty.
pub(crate) fn folders(sources: &[RepoSource]) -> Vec<String> {
    if let [_] = sources {
        return vec![String::new()];
    }
    let mut folders: Vec<String> = Vec::with_capacity(sources.len());
    for source in sources {
        let name = name(source);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let taken = |wish: &String| folders.iter().any(|folder| folder.eq_ignore_ascii_case(wish));
        let free = std::iter::once(name.clone()).chain(numbered).find(|wish| !taken(wish));
        folders.extend(free);
    }
    folders
}

fn name(source: &RepoSource) -> String {
    let (RepoSource::Path(location) | RepoSource::Url(location)) = source;
    let last = location.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = last.trim_end_matches(".git").chars().map(|c| if fits(c) { c } else { '-' }).take(64).collect();
    match name.trim_matches('.') {
        "" => "repo".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(locations: &[&str]) -> Vec<String> {
        folders(&locations.iter().map(|location| RepoSource::Url((*location).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn one_repository_is_the_workspace_itself() {
        assert_eq!(of(&["https://a.example/x/web.git"]), [""]);
    }

    #[test]
    fn several_repositories_have_folders_of_their_own() {
        assert_eq!(
            of(&["https://a.example/x/web.git", "file:///srv/web/", "https://a.example/y/Web", "https://a.example/.."]),
            ["web", "web-2", "Web-3", "repo"]
        );
        assert_eq!(of(&["https://a.example/a%20b\n.git", "/"]), ["a-20b-", "repo"]);
    }
}

//! The folders of a workspace that has several repositories.

use skep_model::{RepoSource, RepoSpec};

/// The folder of each repository: the one that it names, and otherwise one named after its source that is nobody else's,
/// nor above anybody else's, even where upper and lower case are the same. A single repository that names none is the
/// workspace itself, whose name is empty.
pub(crate) fn folders(repos: &[RepoSpec]) -> Vec<String> {
    if let [RepoSpec { directory: None, .. }] = repos {
        return vec![String::new()];
    }
    let first = |folder: &str| folder.split('/').next().unwrap_or_default().to_lowercase();
    let mut taken: Vec<String> = repos.iter().filter_map(|repo| repo.directory.as_deref()).map(first).collect();
    let mut folders = Vec::with_capacity(repos.len());
    for repo in repos {
        if let Some(directory) = &repo.directory {
            folders.push(directory.clone());
            continue;
        }
        let name = name(&repo.source);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut wishes = std::iter::once(name.clone()).chain(numbered);
        let free = wishes.find(|wish| !taken.contains(&first(wish)));
        taken.extend(free.as_deref().map(first));
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
        folders(&locations.iter().map(|location| url(location)).collect::<Vec<_>>())
    }

    fn url(location: &str) -> RepoSpec {
        RepoSource::Url(location.to_owned()).into()
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

    #[test]
    fn a_repository_is_where_it_says_and_the_others_keep_out_of_its_way() {
        let at = |directory: &str| RepoSpec { directory: Some(directory.to_owned()), ..url("https://a.example/x") };
        assert_eq!(folders(&[at("lib/x")]), ["lib/x"]);
        let repos = [url("https://a.example/Lib"), at("lib/x"), url("https://a.example/lib"), at("lib-2")];
        assert_eq!(folders(&repos), ["Lib-3", "lib/x", "lib-4", "lib-2"]);
    }
}

//! Behaviours of `[[repos]]` in `environment.toml`.

use std::num::NonZeroU32;
use std::path::Path;

use skep_config::{ConfigError, Environment};
use skep_model::{Depth, RepoSource, RepoSpec};

fn parse(text: &str) -> Result<Environment, ConfigError> {
    Environment::parse(Path::new("/etc/e/environment.toml"), &format!("name = 'e'\nworkspace = 'read'\n{text}"))
}

fn problems(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string().replace("/etc/e/environment.toml", "e"),
        Ok(environment) => panic!("accepted: {environment:?}"),
    }
}

fn with(key_and_value: &str) -> String {
    format!("[[repos]]\nurl = 'https://a.example/b'\n{key_and_value}")
}

#[test]
fn a_repository_is_described_whole() {
    let text = "[[repos]]\nurl = 'https://a.example/web.git'\nref = 'release/1.x'\ndepth = 50\nsparse = ['docs', 'src/[id]/']\n\
                submodules = true\ncredential = 'GIT_TOKEN'\ndirectory = 'web/app'\n\
                [[repos]]\npath = '../shared'\n\
                [[repos]]\nurl = 'file:///srv/c'\ndepth = 'full'";
    let environment = parse(text).unwrap();
    let url = |url: &str| RepoSpec::from(RepoSource::Url(url.to_owned()));
    let web = RepoSpec {
        reference: Some("release/1.x".to_owned()),
        depth: Depth::Commits(NonZeroU32::new(50).unwrap()),
        sparse: vec!["docs".to_owned(), "src/[id]".to_owned()],
        submodules: true,
        credential: Some("GIT_TOKEN".to_owned()),
        directory: Some("web/app".to_owned()),
        ..url("https://a.example/web.git")
    };
    let shared = RepoSource::Path("/etc/e/../shared".to_owned()).into();
    assert_eq!(environment.repos, [web, shared, RepoSpec { depth: Depth::Full, ..url("file:///srv/c") }]);
    assert_eq!(parse("").unwrap().repos, []);
}

#[test]
fn each_problem_has_its_line() {
    let text = "[[repos]]\nurl = 'https://a.example/b'\npath = '/b'\n[[repos]]\nrefs = 'main'\n[[repos]]\npath = '/b'\nref = 'main'\n\
                [[repos]]\nurl = 'ssh://a.example/b'\ndepth = 0\nsubmodules = 'yes'";
    assert_eq!(
        problems(text),
        "e:5: `repos[0].path`: a repository has a `url` or a `path`, and not both\n\
         e:6: a repository has a `url` or a `path`: write one\n\
         e:7: unknown key `refs` in `repos[1]`; did you mean `ref`?\n\
         e:10: `repos[2].ref`: a folder is copied as it is; to have a commit of it, write its `url = \"file://…\"`\n\
         e:12: `repos[3].url`: \"ssh://a.example/b\" is no URL that is served: write https://… or file:///…, or a folder as `path`\n\
         e:13: `repos[3].depth`: must be 1 to 4294967295\n\
         e:14: `repos[3].submodules`: must be true or false, and is of type string"
    );
}

#[test]
fn a_reference_is_one_that_git_takes_and_no_option() {
    for good in
        ["main", "v1.0", "feature/x", "refs/tags/v1", "20260101", "0123456789abcdef0123456789abcdef01234567", "ünï"]
    {
        assert_eq!(parse(&with(&format!("ref = '{good}'"))).unwrap().repos[0].reference.as_deref(), Some(good));
    }
    let bad = [
        "",
        "-x",
        "--upload-pack=x",
        "a..b",
        "a b",
        "a\\u0007",
        "a\\u007f",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\\\b",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a.",
        "@",
        "a@{1}",
        "HEAD",
    ];
    for bad in bad.into_iter().map(str::to_owned).chain(["x".repeat(251)]) {
        let message = problems(&with(&format!("ref = \"{bad}\"")));
        assert!(
            message.starts_with("e:5: `repos[0].ref`: ") && message.contains("is no branch, tag or commit: "),
            "{message}"
        );
    }
}

#[test]
fn paths_lead_nowhere_but_inside() {
    for key in ["directory = ", "sparse = "] {
        for bad in [
            "",
            "/",
            "/a",
            "..",
            "a/../b",
            "./a",
            "a//b",
            ".git",
            "a/.GIT/b",
            "a/.git. ",
            "GIT~1",
            ".g\\u200cit",
            "a\\\\b",
            "a\\u0000",
            "a*",
        ] {
            let value = if key == "sparse = " { format!("[\"{bad}\"]") } else { format!("\"{bad}\"") };
            let message = problems(&with(&format!("{key}{value}")));
            assert!(message.starts_with("e:5: `repos[0].") && message.contains(" is no "), "{bad} {message}");
        }
    }
    assert_eq!(
        problems(&with("directory = '../out'")),
        "e:5: `repos[0].directory`: \"../out\" is no folder of a workspace: write it relative, without empty names, . and .."
    );
}

#[test]
fn two_repositories_are_not_in_each_others_way() {
    let pair = |one: &str, other: &str| {
        format!("{}\n{}", with(&format!("directory = '{one}'")), with(&format!("directory = '{other}'")))
    };
    for (one, other) in [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("Web", "web"), ("a/", "a")] {
        let message = problems(&pair(one, other));
        assert!(
            message.starts_with("e:6: the directory ") && message.ends_with("above are in each other's way"),
            "{message}"
        );
    }
    assert_eq!(parse(&pair("a/b", "a/c")).unwrap().repos.len(), 2);
    assert_eq!(parse(&pair("ab", "a")).unwrap().repos.len(), 2);
}

#[test]
fn a_url_has_no_credentials_in_it_and_they_are_not_repeated() {
    let message = problems("[[repos]]\nurl = 'https://user:hunter2@a.example/b'");
    assert_eq!(message, "e:4: `repos[0].url`: credentials don't belong into a URL; name a secret as `credential`");
    let plain = problems("[[repos]]\nurl = 'http://a.example/b'\ncredential = 'TOKEN'");
    assert_eq!(
        plain,
        "e:5: `repos[0].credential`: is shown to https:// servers only; anything else could be listened to"
    );
    for url in [
        "https://a.example/b?x",
        "https://a.example/b#x",
        "git@a.example:b",
        "ext::sh",
        "file://host/b",
        "https://a b/",
        "/srv/x",
        "",
    ] {
        assert!(problems(&format!("[[repos]]\nurl = '{url}'")).starts_with("e:4: `repos[0].url`: "), "{url}");
    }
    assert!(problems("[[repos]]\npath = 'https://a.example/b'").contains("is a URL; write it as `url`"));
}

#[test]
fn the_repositories_of_environment_and_run_fit_together() {
    let many = |count: usize| with("").repeat(count);
    assert_eq!(parse(&many(16)).unwrap().repos.len(), 16);
    assert!(problems(&many(17)).ends_with("a run has at most 16 repositories"));
    assert!(
        problems(&format!("repo = 'required'\n{}", many(16))).contains(
            "e:3: `repo`: `repos` has the most repositories that a run may have, 16; none is left for its own"
        )
    );
    assert_eq!(parse(&format!("repo = 'required'\n{}", many(15))).unwrap().repos.len(), 15);
    let blind = Environment::parse(Path::new("e"), &format!("name = 'e'\n{}", with(""))).unwrap_err().to_string();
    assert_eq!(
        blind,
        "e:2: `repos`: repositories that no tool may read are of no use: set `workspace` to \"read\" or \"write\""
    );
}

#[test]
fn what_a_run_has_to_keep_of_its_environment_is_bounded() {
    let paths: Vec<_> = (0..257).map(|number| format!("'p{number}'")).collect();
    assert_eq!(
        problems(&with(&format!("sparse = [{}]", paths.join(", ")))),
        "e:5: `repos[0].sparse`: has at most 256 paths, and 16384 bytes in all of them"
    );
    let long: Vec<_> = (0..20).map(|number| format!("'{number}{}'", "/x".repeat(500))).collect();
    assert!(problems(&with(&format!("sparse = [{}]", long.join(", ")))).contains("and 16384 bytes in all"));
    let variable = format!("env = {{ A = '{}' }}", "x".repeat(256 * 1024));
    assert!(problems(&variable).starts_with("e:3: `env`: `startup` and `env` have at most 262144 bytes together"));
}

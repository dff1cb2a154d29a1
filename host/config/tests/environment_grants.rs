//! Behaviours of what `environment.toml` grants beside tools: `[[egress]]`, `[[secrets]]`, `[[directories]]`.

use std::path::Path;

use skep_config::{ConfigError, Directory, Environment, SecretBinding, SecretPlace};
use skep_model::{Access, EgressRule, Scheme};

fn parse(text: &str) -> Result<Environment, ConfigError> {
    Environment::parse(Path::new("e"), &format!("name = 'e'\nworkspace = 'read'\n{text}"))
}

fn problems(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(environment) => panic!("accepted: {environment:?}"),
    }
}

fn host(host: &str, more: &str) -> String {
    format!("[[egress]]\nhost = '{host}'\n{more}")
}

#[test]
fn a_rule_says_all_that_a_request_may_be() {
    let text =
        host("**.example.com", "scheme = 'http'\nport = 8080\nmethods = ['POST']\npaths = ['/v1/**']\nprivate = true");
    let rule = EgressRule {
        scheme: Scheme::Http,
        host: "**.example.com".to_owned(),
        port: Some(8080),
        methods: vec!["POST".to_owned()],
        paths: vec!["/v1/**".to_owned()],
        private: true,
    };
    assert_eq!(parse(&text).unwrap().egress, [rule]);
    let plain = &parse(&host("a.example", "")).unwrap().egress[0];
    assert_eq!((plain.scheme, plain.port, plain.private), (Scheme::Https, None, false));
}

#[test]
fn each_problem_of_a_rule_has_its_line() {
    let text = "[[egress]]\nhosts = 'a.example'\n[[egress]]\nhost = 'https://a.example'\nport = 0\nmethods = ['get', 'TRACE']\npaths = ['v1']\n\
                [[egress]]\nhost = 'b.example'\n[[egress]]\nhost = 'b.example'";
    assert_eq!(
        problems(text),
        "e:3: missing key `host` in `egress[0]`\n\
         e:4: unknown key `hosts` in `egress[0]`; did you mean `host`?\n\
         e:6: `egress[1].host`: \"https://a.example\" must be a host name only, such as \"api.example.com\"\n\
         e:7: `egress[1].port`: must be 1 to 65535\n\
         e:8: `egress[1].methods[0]`: \"get\" must be in upper case: \"GET\"\n\
         e:8: `egress[1].methods[1]`: \"TRACE\" is no choice; there are `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`\n\
         e:9: `egress[1].paths[0]`: \"v1\" must start with / and is about the decoded path only, such as \"/v1/**\"\n\
         e:12: the same rule stands above already"
    );
}

#[test]
fn addresses_that_are_not_public_are_stated_as_such() {
    for address in
        ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "localhost", "api.localhost"]
    {
        assert!(problems(&host(address, "")).contains("say `private = true` if that is meant"), "{address}");
        assert!(parse(&host(address, "private = true")).is_ok(), "{address}");
    }
    for address in ["1.1.1.1", "2606:4700::1111"] {
        assert!(parse(&host(address, "")).is_ok(), "{address}");
    }
    assert_eq!(
        problems(&host("2606:4700:0::1111", "")),
        "e:4: `egress[0].host`: \"2606:4700:0::1111\" is an address in another spelling; write \"2606:4700::1111\""
    );
    for address in ["127.1", "2130706433", "0x7f.1", "0x7f000001", "127.0.0.01", "a.0x1"] {
        assert!(
            problems(&host(address, "private = true")).contains("is an address; rules are about host names"),
            "{address}"
        );
    }
    for name in [
        "*",
        "*.com",
        "**.com",
        "*.*.example.com",
        "a.*.com",
        "Example.com",
        "example.com.",
        "-a.example",
        "a b.example",
        "",
    ] {
        assert!(problems(&host(name, "")).starts_with("e:4: `egress[0].host`: "), "{name}");
    }
}

const API: &str = "[[egress]]\nhost = 'api.example'\n[[secrets]]\nname = 'TOKEN'\nhost = 'api.example'\n";

#[test]
fn a_secret_goes_to_one_place_of_one_host() {
    let place = |more: &str| parse(&format!("{API}{more}")).unwrap().secrets[0].place.clone();
    let header =
        |template: &str| SecretPlace::Header { name: "authorization".to_owned(), template: template.to_owned() };
    assert_eq!(place("header = 'Authorization'"), header("{{TOKEN}}"));
    assert_eq!(place("header = 'authorization'\ntemplate = 'Bearer {{ TOKEN }}'"), header("Bearer {{ TOKEN }}"));
    assert_eq!(place("query = 'api_key'"), SecretPlace::Query("api_key".to_owned()));
    assert_eq!(place("basic = 'x-access-token'"), SecretPlace::Basic("x-access-token".to_owned()));
    let binding = SecretBinding {
        name: "TOKEN".to_owned(),
        host: "api.example".to_owned(),
        paths: vec!["/v1/**".to_owned()],
        place: SecretPlace::Query("k".to_owned()),
    };
    assert_eq!(parse(&format!("{API}query = 'k'\npaths = ['/v1/**']")).unwrap().secrets, [binding]);
}

#[test]
fn a_secret_is_never_a_variable_and_never_in_the_file() {
    let message = problems(&format!("{API}env = 'TOKEN'\nvalue = 'hunter2'\nquery = 'k'"));
    assert_eq!(
        message,
        "e:8: `secrets[0].env`: a secret is never a variable or a file: the guest holds a placeholder, and the host puts the \
         value into the request, as `header`, `query` or `basic` says\n\
         e:9: `secrets[0].value`: a secret's value doesn't belong into a file; it is in the host's vault under its `name`"
    );
    assert!(!message.contains("hunter2"));
}

#[test]
fn a_secret_without_a_way_or_a_place_is_refused() {
    let refused = |more: &str, expected: &str| assert_eq!(problems(&format!("{API}{more}")), expected);
    refused("", "e:5: say where in the request it goes: `header`, `query` or `basic`");
    refused(
        "query = 'k'\nbasic = ''",
        "e:5: it goes to one place: `header`, `query` or `basic`; write another [[secrets]] for another",
    );
    refused(
        "query = 'k'\ntemplate = '{{TOKEN}}'",
        "e:9: `secrets[0].template`: is a `header`'s value, and there is no header",
    );
    refused(
        "header = 'x-key'\ntemplate = 'Bearer'",
        "e:9: `secrets[0].template`: has {{TOKEN}} in it once, and no other, such as \"Bearer {{TOKEN}}\"",
    );
    refused(
        "header = 'x-key'\ntemplate = '{{OTHER}}'",
        "e:9: `secrets[0].template`: has {{TOKEN}} in it once, and no other, such as \"Bearer {{TOKEN}}\"",
    );
    refused(
        "header = 'x-key'\ntemplate = '{{TOKEN} }'",
        "e:9: `secrets[0].template`: {{ and }} stand around the name of a secret, and for nothing else",
    );
    refused(
        "header = 'host'",
        "e:8: `secrets[0].header`: \"host\" says how a request is carried; the host writes it itself",
    );
    refused(
        "basic = 'a:b'",
        "e:8: `secrets[0].basic`: \"a:b\" is no user's name: it has no colon and no control character in it",
    );
    assert_eq!(
        problems(
            "[[egress]]\nhost = 'api.example'\nscheme = 'http'\n[[secrets]]\nname = 'T'\nhost = 'api.example'\nquery = 'k'"
        ),
        "e:6: no `[[egress]]` rule lets an https request go to \"api.example\"; add one"
    );
    assert!(
        problems(&API.replace("[[egress]]\nhost = 'api.example'", "[[egress]]\nhost = '*.example'"))
            .contains("top-level")
    );
    let wide = "[[egress]]\nhost = '*.a.example'\n[[secrets]]\nname = 'T'\nhost = 'api.a.example'\nquery = 'k'";
    assert!(parse(wide).is_ok());
}

#[test]
fn a_directory_is_a_folder_of_the_machine_at_a_place_of_the_root() {
    let text = "[[directories]]\npath = '/srv//data/'\nat = '/data'\n[[directories]]\npath = '/srv/out'\nat = '/out/x'\naccess = 'write'";
    let directory = |path: &str, at: &str, access| Directory { path: path.to_owned(), at: at.to_owned(), access };
    let expected = [directory("/srv/data", "/data", Access::Read), directory("/srv/out", "/out/x", Access::Write)];
    assert_eq!(parse(text).unwrap().directories, expected);
}

#[test]
fn directories_lead_nowhere_else_and_are_not_in_each_others_way() {
    let one = |path: &str, at: &str| format!("[[directories]]\npath = '{path}'\nat = '{at}'\n");
    for path in ["", "srv", "/srv/../etc", "/srv/./a", "~/a", "/", "/proc/self", "/dev"] {
        assert!(problems(&one(path, "/data")).starts_with("e:4: `directories[0].path`: "), "{path}");
    }
    for at in ["", "data", "/", "/workspace", "/workspace/x", "/tmp/x", "/dev", "/data/../x"] {
        assert!(problems(&one("/srv", at)).starts_with("e:5: `directories[0].at`: "), "{at}");
    }
    assert_eq!(
        problems(&format!("{}{}", one("/srv/a", "/a"), one("/srv", "/b"))),
        "e:6: \"/srv\" and \"/srv/a\" above are one folder or one in the other"
    );
    assert_eq!(
        problems(&format!("{}{}", one("/srv/a", "/a"), one("/srv/b", "/a/b"))),
        "e:6: \"/a/b\" and \"/a\" above are one folder or one in the other"
    );
    assert_eq!(
        problems(&format!("{}access = 'none'", one("/srv/a", "/a"))),
        "e:6: `directories[0].access`: \"none\" is no choice; there are `read`, `write`"
    );
    let blind =
        Environment::parse(Path::new("e"), &format!("name = 'e'\n{}", one("/srv", "/data"))).unwrap_err().to_string();
    assert_eq!(
        blind,
        "e:2: `directories`: directories stand beside a workspace: set `workspace` to \"read\" or \"write\""
    );
}

//! Behaviours of what `environment.toml` says of models: `model`, `[mcp.NAME]`, `mcp_file`, `[[rules]]`, `skills`,
//! `[prompts.NAME]`; and of `retention`.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use skep_config::{ConfigError, Environment, McpServer, McpTransport};

fn parse(text: &str) -> Result<Environment, ConfigError> {
    Environment::parse(Path::new("/etc/e/environment.toml"), &format!("name = 'e'\n{text}"))
}

fn problems(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string().replace("/etc/e/environment.toml", "e"),
        Ok(environment) => panic!("accepted: {environment:?}"),
    }
}

#[test]
fn a_model_has_those_that_take_its_place() {
    assert_eq!(parse("model = 'qwen3:8b'").unwrap().model, ["qwen3:8b"]);
    assert_eq!(parse("model = ['openai/gpt-5', 'local']").unwrap().model, ["openai/gpt-5", "local"]);
    assert_eq!(
        problems("model = ['a', 'a', 'b c']"),
        "e:2: `model[1]`: stands here twice\ne:2: `model[2]`: \"b c\" is no model's name, such as \"provider/model\""
    );
}

#[test]
fn servers_are_read_whole() {
    let text = "[mcp.issues]\nurl = 'https://mcp.example/x?y=1'\nstrict = true\n[mcp.issues.headers]\nAuthorization = 'Bearer {{TOKEN}}'\n\
                [mcp.issues.tools]\nallow = ['read_*', 'get']\ndeny = ['read_all']\n\
                [mcp.local_files]\ncommand = 'npx'\nargs = ['-y', 'server', '-y']\nenv = { KEY = '{{ KEY }}', MODE = 'x' }";
    let issues = McpServer {
        name: "issues".to_owned(),
        transport: McpTransport::Http {
            url: "https://mcp.example/x?y=1".to_owned(),
            headers: BTreeMap::from([("authorization".to_owned(), "Bearer {{TOKEN}}".to_owned())]),
        },
        allow: vec!["read_*".to_owned(), "get".to_owned()],
        deny: vec!["read_all".to_owned()],
        strict: true,
    };
    let local = McpServer {
        name: "local_files".to_owned(),
        transport: McpTransport::Stdio {
            command: "npx".to_owned(),
            args: ["-y", "server", "-y"].map(str::to_owned).to_vec(),
            env: BTreeMap::from(
                [("KEY", "{{ KEY }}"), ("MODE", "x")].map(|(key, value)| (key.to_owned(), value.to_owned())),
            ),
        },
        allow: Vec::new(),
        deny: Vec::new(),
        strict: false,
    };
    assert_eq!(parse(text).unwrap().mcp, [issues, local]);
}

#[test]
fn each_problem_of_a_server_has_its_line() {
    let text = "[mcp.a]\nurl = 'https://a.example'\ncommand = 'a'\n[mcp.b]\nstrict = 1\n[mcp.c]\nurl = 'https://c.example'\nargs = []\n\
                headers = { Authorization = 'Bearer ghp_x' }\n[mcp.d]\ncommand = 'd'\nargs = ['--key={{KEY}}']\nenv = { A = '${HOME}' }\n\
                [mcp.'e e']\ncommand = ''\n[mcp.f]\nurl = 'https://f.example'\ntools = { alow = ['x'], deny = ['*'] }\n[mcp.F]\ncommand = 'f'";
    assert_eq!(
        problems(text),
        "e:2: a server has a `url` or a `command`, and not both\n\
         e:5: a server has a `url` or a `command`: write one\n\
         e:6: `mcp.b.strict`: must be true or false, and is of type integer\n\
         e:9: `mcp.c.args`: is of a server with a `command`, and this one has a `url`\n\
         e:10: `mcp.c.headers.Authorization`: a credential doesn't belong into a file; write {{NAME}}, which stands for a secret\n\
         e:13: `mcp.d.args[0]`: a secret is no argument, which every program of the machine can read; write it into `env`\n\
         e:14: `mcp.d.env.A`: variables are not replaced here; a secret is written {{NAME}}\n\
         e:15: `mcp.e e`: \"e e\" is no server's name: write a letter, then up to 63 letters, digits, underscores and hyphens\n\
         e:16: `mcp.e e.command`: \"\" is no program\n\
         e:17: `mcp.f`: differs from \"F\" in upper and lower case only\n\
         e:19: `mcp.f.tools.deny[0]`: \"*\" is no tool: write its name, or the beginning of several and *\n\
         e:19: unknown key `alow` in `mcp.f.tools`; did you mean `allow`?"
    );
}

#[test]
fn a_server_at_a_private_address_is_stated_as_such() {
    for url in
        ["http://localhost:3000/mcp", "http://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://0x7f.1/"]
    {
        assert!(
            problems(&format!("[mcp.a]\nurl = '{url}'")).contains("with `private = true` if that is meant"),
            "{url}"
        );
        assert!(parse(&format!("[mcp.a]\nurl = '{url}'\nprivate = true")).is_ok(), "{url}");
    }
    assert!(problems("[mcp.a]\nurl = 'http://a.example'\nprivate = true").contains("use https://"));
    for url in ["https://u:hunter2@a.example", "ftp://a.example", "https://a.example#x", "a.example", ""] {
        let message = problems(&format!("[mcp.a]\nurl = '{url}'"));
        assert!(message.starts_with("e:3: `mcp.a.url`: ") && !message.contains("hunter2"), "{message}");
    }
}

struct Scene(tempfile::TempDir);

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn read(&self, text: &str) -> Result<Environment, String> {
        let file = self.0.path().join("environment.toml");
        fs::write(&file, format!("name = 'e'\n{text}")).unwrap();
        let folder = format!("{}/", self.0.path().display());
        Environment::read(&file).map_err(|error| error.to_string().replace(&folder, ""))
    }
}

const SERVERS: &str = r#"{
  "mcpServers": {
    "GitHub": { "type": "http", "url": "https://api.example/mcp", "headers": { "Authorization": "Bearer {{TOKEN}}" } },
    "files": { "command": "npx", "args": ["-y", "files"], "env": {}, "disabled": false },
    "off": { "command": "off", "disabled": true }
  }
}"#;

#[test]
fn servers_of_other_programs_are_read_from_their_file() {
    let scene = Scene::new(&[("mcp.json", SERVERS)]);
    let environment = scene.read("mcp_file = 'mcp.json'\n[mcp.own]\nurl = 'https://own.example'").unwrap();
    let names: Vec<_> = environment.mcp.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["own", "GitHub", "files"]);
    let twice = scene.read("mcp_file = 'mcp.json'\n[mcp.github]\nurl = 'https://own.example'").unwrap_err();
    assert_eq!(twice, "environment.toml:2: `mcp_file`: has a server named \"github\", and so has this file");
    // Whoever doesn't look at other files has what is in this one.
    assert_eq!(parse("mcp_file = 'mcp.json'").unwrap().mcp, []);
}

#[test]
fn a_json_file_is_read_as_strictly_with_its_own_lines() {
    let broken = |json: &str| Scene::new(&[("mcp.json", json)]).read("mcp_file = 'mcp.json'").unwrap_err();
    assert_eq!(
        broken(
            "{\n \"mcpServers\": {\n  \"a\": {\n   \"url\": \"https://a.example\",\n   \"header\": {}\n  },\n  \"b\": { \"command\": null }\n }\n}"
        ),
        "environment.toml:2: `mcp_file`: mcp.json:5: unknown key `header` in `mcpServers.a`; did you mean `headers`?; \
         mcp.json:7: null is no value here; leave the key out; \
         mcp.json:7: a server has a `url` or a `command`: write one"
    );
    assert_eq!(
        broken(
            "{\n \"mcpServers\": {\n  \"a\": { \"command\": \"a\", \"type\": \"http\" },\n  \"a\": { \"command\": \"b\" }\n }\n}"
        ),
        "environment.toml:2: `mcp_file`: mcp.json:3: `mcpServers.a.type`: is another than what the server has: a `url`, or a `command`; \
         mcp.json:4: duplicate key"
    );
    assert_eq!(
        broken("{\n \"servers\": {}\n}"),
        "environment.toml:2: `mcp_file`: mcp.json:1: has no `mcpServers`; mcp.json:2: unknown key `servers`; there are `mcpServers`"
    );
    assert_eq!(
        broken("{\n 'x'"),
        "environment.toml:2: `mcp_file`: mcp.json:2: key must be a string at line 2 column 2"
    );
    assert!(broken("[]").contains("mcp.json:1: must be a JSON object"));
    let deep = format!("{}1{}", "{\"mcpServers\":".repeat(5_000), "}".repeat(5_000));
    assert!(broken(&deep).contains("levels deep"));
    let missing = Scene::new(&[]).read("mcp_file = 'mcp.json'").unwrap_err();
    assert_eq!(missing, "environment.toml:2: `mcp_file`: mcp.json: there is no such file");
}

#[test]
fn rules_skills_and_prompts_come_from_the_file_or_from_others() {
    let scene = Scene::new(&[
        ("AGENTS.md", "Be brief.\n"),
        ("skills/review/SKILL.md", "---\nname: review\n---\n"),
        ("prompts/fix.md", "Fix {{ issue }} in {{file}}, not {{code:java}}; {{issue}}."),
    ]);
    let environment = scene
        .read(
            "skills = ['skills/review']\n[[rules]]\nfile = 'AGENTS.md'\n[[rules]]\ntext = 'Never push.'\n\
             [prompts.fix]\ndescription = 'Mends'\nfile = 'prompts/fix.md'\n[prompts.plain]\ntext = 'a {{b}} {{c}}'\narguments = ['c']",
        )
        .unwrap();
    let rules: Vec<_> = environment.rules.iter().map(|rule| rule.text.as_str()).collect();
    assert_eq!(rules, ["Be brief.\n", "Never push."]);
    assert_eq!(environment.skills[0].name, "review");
    assert_eq!(environment.prompts["fix"].arguments, ["issue", "file"]);
    assert_eq!(environment.prompts["plain"].arguments, ["c"]);
}

#[test]
fn what_a_model_would_be_told_is_there_and_says_something() {
    let scene =
        Scene::new(&[("empty.md", " \n"), ("skills/a/SKILL.md", "x"), ("more/a/SKILL.md", "x"), ("Odd/SKILL.md", "x")]);
    assert_eq!(
        scene.read("skills = ['skills/a', 'more/a', 'none', 'Odd']\n[[rules]]\nfile = 'none.md'\n[[rules]]\nfile = 'empty.md'\n[[rules]]\n[[rules]]\ntext = 'a'\nfile = 'b'")
            .unwrap_err(),
        "environment.toml:2: `skills[2]`: none/SKILL.md: there is no such file\n\
         environment.toml:2: `skills[3]`: \"Odd\" is no name: write a lower-case letter, then up to 63 lower-case letters, digits and hyphens\n\
         environment.toml:2: `skills`: there are two named \"a\"\n\
         environment.toml:4: `rules[0].file`: none.md: there is no such file\n\
         environment.toml:6: `rules[1].file`: says nothing\n\
         environment.toml:7: write a `text`, or the `file` that it is in\n\
         environment.toml:10: `rules[3].file`: there is a `text` or a `file`, and not both"
    );
    assert_eq!(
        problems("[prompts.Fix]\ntext = 'x'\n[prompts.b]\ntext = '{{a}}'\narguments = ['a', 'b', '1']"),
        "e:2: `prompts.Fix`: \"Fix\" is no name: write a lower-case letter, then up to 63 lower-case letters, digits and hyphens\n\
         e:6: `prompts.b.arguments[2]`: \"1\" is no argument's name: write a letter, then up to 63 letters, digits, underscores and hyphens\n\
         e:6: `prompts.b.arguments`: the text has no {{b}} in it"
    );
}

#[test]
fn a_failed_workspace_is_kept_for_a_time_that_has_an_end() {
    assert_eq!(parse("retention = { failed_workspace = '30min' }").unwrap().failed_workspace_ms, 1_800_000);
    assert_eq!(parse("retention = { failed_workspace = 0 }").unwrap().failed_workspace_ms, 0);
    assert_eq!(parse("").unwrap().failed_workspace_ms, 0);
    assert_eq!(
        problems("[retention]\nfailed_workspace = '169h'\nkeep_days = 1"),
        "e:3: `retention.failed_workspace`: a workspace is kept for 168h at most, which is 604800000 ms\n\
         e:4: unknown key `keep_days` in `retention`; there are `failed_workspace`, `archive`"
    );
    assert!(parse("retention = { archive = true }").unwrap().archive_workspace);
    assert!(!parse("").unwrap().archive_workspace);
}

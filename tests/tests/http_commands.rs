//! `curl` and `wget`: each line by skep's shell with the image's commands, whose requests a client of this test sends to a server
//! on the loopback, and by this machine's bash with curl and wget themselves. What they print, their exit codes and the files
//! that they leave behind are the same; that something is said on standard error is, but not in which words.
//!
//! The lines are in `http/*.txt`. A line `#### name` heads each; `---- differs` and why after it says that it does.
//! `LINE=part-of-a-name` runs some. `$U` is the server, `$V` another.

use std::sync::Arc;

use skep_model::Limits;
use skep_tests::commands::{Commands, Folder, Ran, has_native, sections};
use skep_tests::web::{Loopback, Server};
use tokio::task::JoinSet;

const TABLES: &[(&str, &str)] = &[("curl", include_str!("http/curl.txt")), ("wget", include_str!("http/wget.txt"))];

async fn difference(commands: &Commands, line: &str) -> Option<String> {
    let (here, there) = (Folder::new(), Folder::new());
    let ours = commands.line(&here, line).await;
    let native = line.to_owned();
    let (theirs, there) = tokio::task::spawn_blocking(move || (there.native(&native), there)).await.expect("bash ends");
    let silent = ours.errors.is_empty() == theirs.errors.is_empty();
    let (ours_left, theirs_left) = (here.tree(), there.tree());
    if (&ours.output, ours.code) == (&theirs.output, theirs.code) && silent && ours_left == theirs_left {
        return None;
    }
    let changed: Vec<_> = ours_left.iter().filter(|(path, content)| theirs_left.get(*path) != Some(content)).collect();
    let missing: Vec<_> = theirs_left.iter().filter(|(path, content)| ours_left.get(*path) != Some(content)).collect();
    Some(format!("--- ours {ours:#?} {changed:#?}\n--- native {theirs:#?} {missing:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_does_what_it_does_with_the_native_commands() {
    let commands = Arc::new(Commands::new().sending(Loopback));
    let (server, other) = (Server::start(), Server::start());
    let wanted = std::env::var("LINE").unwrap_or_default();
    let (mut tasks, mut skipped) = (JoinSet::new(), Vec::new());
    for (table, text) in TABLES {
        for (name, text) in sections(text).filter(|(name, _)| format!("{table}: {name}").contains(&wanted)) {
            if !has_native(table) {
                skipped.push(format!("{table}: {name}"));
                continue;
            }
            let (line, differs) = text.split_once("\n---- differs").unwrap_or((text, ""));
            let (known, line) = (!differs.is_empty(), format!("U={} V={}; {line}", server.url, other.url));
            let commands = Arc::clone(&commands);
            tasks.spawn(async move { (difference(&commands, &line).await, format!("{table}: {name}"), line, known) });
        }
    }
    let (count, mut problems) = (tasks.len(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.expect("a line is compared") {
            (Some(difference), name, line, false) => problems.push(format!("{name}: {line}\n{difference}")),
            (None, name, _, true) => problems.push(format!("{name}: it does not differ any more")),
            _ => {}
        }
    }
    println!("{count} lines, without their native tool: {skipped:?}");
    assert!(problems.is_empty(), "{} of {count} lines:\n{}", problems.len(), problems.join("\n========\n"));
}

async fn denied(line: &str) -> Ran {
    Commands::new().line(&Folder::new(), line).await
}

const DENIED: &str = "this environment may not reach api.example.com: no `egress` rule of it is in force, because this host serves no \
    egress yet; work with what is in the workspace\n";

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_granted_every_request_is_denied_and_says_so() {
    let ran = denied("curl https://api.example.com/v1").await;
    let expected = format!("curl: (7) Failed to connect to api.example.com port 443: {DENIED}");
    assert_eq!((ran.output.as_str(), ran.errors.as_str(), ran.code), ("", expected.as_str(), 7));
    let ran = denied("curl -s http://api.example.com:8080/ -o out; ls").await;
    let expected = format!("curl: (7) Failed to connect to api.example.com port 8080: {DENIED}");
    assert_eq!((ran.output.as_str(), ran.errors), ("", expected));
    let ran = denied("wget -q https://api.example.com/v1; echo $?; ls").await;
    assert_eq!((ran.output.as_str(), ran.errors), ("4\n", format!("wget: {DENIED}")));
    let local = denied("curl -sS http://127.0.0.1:1/").await;
    assert!(local.code == 7 && local.errors.contains("this environment may not reach 127.0.0.1: "), "{local:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_may_deny_one_request_and_not_another() {
    let (commands, server) = (Commands::new().sending(Loopback), Server::start());
    let line = format!("curl -s {}/hello http://denied.example/", server.url);
    let ran = commands.line(&Folder::new(), &line).await;
    let said =
        "curl: (7) Failed to connect to denied.example port 80: no rule of this environment permits denied.example\n";
    assert_eq!((ran.output.as_str(), ran.errors.as_str(), ran.code), ("hello\n", said, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_decides_no_command_may() {
    for (line, code, said) in [
        (
            "curl -k https://a.example/",
            2,
            "curl: option -k: the host checks certificates, and no command can change that\n",
        ),
        ("curl -x proxy:1 http://a.example/", 2, "curl: option -x: the host decides which way a request takes\n"),
        ("curl -H 'Host: b.example' http://a.example/", 3, "curl: (3) the header host is the host's to write\n"),
        ("curl -X CONNECT http://a.example/", 3, "curl: (3) CONNECT asks for a tunnel, and there are none\n"),
        ("curl http://u/$(printf '%09000d' 1)", 3, "curl: (3) the URL has 9009 bytes; at most 8192 are taken\n"),
        (
            "curl $(for n in $(seq 101); do echo -H X-$n:$n; done) http://a.example/",
            3,
            "curl: (3) 103 headers of 622 bytes; at most 100 of 32768 bytes are sent\n",
        ),
        (
            "wget --no-check-certificate https://a.example/",
            2,
            "wget: --no-check-certificate: the host checks certificates, and no command can change that\n",
        ),
    ] {
        let ran = denied(line).await;
        assert_eq!((ran.errors.as_str(), ran.code), (said, code), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_counts_as_a_call_and_its_bytes_as_bytes_that_cross() {
    let (commands, server, folder) = (Commands::new().sending(Loopback), Server::start(), Folder::new());
    let url = &server.url;
    let few = Limits { calls: 40, ..Limits::TOOL };
    let ran = commands.within(few, &folder, &format!("curl -s '{url}/status/[200-299]' | tail -n 1")).await;
    assert!(ran.code == 137 && ran.errors.contains("calls"), "{ran:?}");
    let little = Limits { host_call_bytes: 1 << 20, ..Limits::TOOL };
    for line in [
        format!("curl -s {url}/bytes/2000 -o out"),
        format!("head -c 2000000 /dev/zero > f; curl -s -T f {url}/echo -o out"),
        format!("head -c 2000000 /dev/zero | curl -s -T - {url}/echo -o out"),
    ] {
        let ran = commands.within(little, &folder, &line).await;
        assert!(ran.code == 137 && ran.errors.contains("host_call_bytes"), "{line}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_go_through_that_are_larger_than_the_memory() {
    let (commands, server, folder) = (Commands::new().sending(Loopback), Server::start(), Folder::new());
    let small = Limits { memory_bytes: 24 << 20, ..Limits::TOOL };
    let url = &server.url;
    let line = format!(
        "curl -s {url}/bytes/50000 -o big; wc -c < big; curl -s -T big {url}/size; wget -qO- {url}/bytes/50000 | wc -c"
    );
    let ran = commands.within(small, &folder, &line).await;
    assert_eq!((ran.output.as_str(), ran.errors.as_str()), ("51200000\n51200000\n51200000\n", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_requests_are_under_way_at_once_and_no_more() {
    let (commands, server, folder) = (Commands::new().sending(Loopback), Server::start(), Folder::new());
    let line = format!(
        "for n in $(seq 33); do curl -sS {}/silent 2>> said & done; until grep -q . said; do sleep 0.05; done; kill $(jobs -p); cat said",
        server.url
    );
    let ran = commands.line(&folder, &line).await;
    assert!(
        ran.output.starts_with("curl: (7) ") && ran.output.ends_with(": more than 32 requests at once\n"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_ends_with_its_command() {
    let (commands, server) = (Commands::new().sending(Loopback), Server::start());
    let line = format!("timeout 0.3 curl -s {}/silent; echo $?", server.url);
    assert_eq!(commands.line(&Folder::new(), &line).await.output, "124\n");
}

/// What a program prints.
async fn printed(program: &str, url: &str) -> String {
    let (commands, folder) = (Commands::of(&["unix", "javascript"]).sending(Loopback), Folder::new());
    folder.put("program.mjs", format!("const U = '{url}';\n{program}").as_bytes());
    let ran = commands.line(&folder, "js program.mjs").await;
    assert_eq!((ran.errors.as_str(), ran.code), ("", 0), "{program}");
    ran.output
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_fetches_what_it_may() {
    let server = Server::start();
    let program = r#"
        const hello = await fetch(`${U}/hello`);
        console.log(hello.status, hello.ok, hello.statusText, hello.headers.get('Server'), await hello.text(), hello.bodyUsed);
        const lost = await fetch(`${U}/status/404`);
        console.log(lost.status, lost.ok, (await lost.arrayBuffer()).byteLength);
        const posted = await fetch(`${U}/echo`, { method: 'post', headers: { 'X-A': 'b', 'Content-Length': '9' }, body: JSON.stringify({ a: 1 }) });
        console.log(await posted.text());
        const form = await fetch(new Request(`${U}/echo`, { method: 'PUT', body: new URLSearchParams({ q: 'x y' }) }));
        console.log((await form.text()).split('\n').filter((line) => /^(PUT|content|q)/.test(line)));
        const moved = await fetch(`${U}/redirect/302?/echo`, { method: 'POST', body: 'gone' });
        console.log(moved.redirected, moved.url === `${U}/echo`, (await moved.text()).split('\n')[0]);
        console.log((await fetch(`${U}/redirect/302?/x`, { redirect: 'manual' })).headers.get('location'));
        let [bytes, pieces] = [0, 0];
        for await (const piece of (await fetch(`${U}/bytes/300`)).body) [bytes, pieces] = [bytes + piece.length, pieces + 1];
        console.log(bytes, pieces > 1);
        for (let n = 0; n < 100; n++) await fetch(`${U}/hello`);
        console.log((await Promise.all([1, 2].map((n) => fetch(`${U}/status/20${n}`)))).map((each) => each.status));
        console.log(await Response.json({ made: [1] }).json());
    "#;
    let expected = "200 true OK loopback hello\n true\n404 false 11\n\
        POST /echo\naccept: */*\ncontent-type: text/plain;charset=UTF-8\nuser-agent: node\nx-a: b\n\n{\"a\":1}\n\n\
        [\n  'PUT /echo',\n  'content-type: application/x-www-form-urlencoded;charset=UTF-8',\n  'q=x+y'\n]\n\
        true true GET /echo\n/x\n307200 true\n[ 201, 202 ]\n{ made: [ 1 ] }\n";
    assert_eq!(printed(program, &server.url).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_is_told_why_it_got_nothing() {
    let server = Server::start();
    let program = r#"
        const told = async (url, init) => {
            try {
                await (await fetch(url, init)).text();
            } catch (error) {
                console.log(error.name, error.message, error.cause?.code);
            }
        };
        await told('http://denied.example/');
        await told('http://nowhere.invalid/');
        await told('http://127.0.0.1:1/');
        await told('nothing');
        await told(`${U}/silent`, { signal: AbortSignal.timeout(200) });
        await told(`${U}/hello`, { signal: AbortSignal.abort() });
        await told(`${U}/short`);
        await told(`${U}/loop`);
    "#;
    let expected = "TypeError fetch failed: no rule of this environment permits denied.example EACCES\n\
        TypeError fetch failed: nowhere.invalid has no address ENOTFOUND\n\
        TypeError fetch failed: Connection refused ECONNREFUSED\n\
        TypeError Invalid URL undefined\n\
        TimeoutError The operation was aborted due to timeout undefined\n\
        AbortError This operation was aborted undefined\n\
        TypeError terminated: the connection ended too early ECONNRESET\n\
        TypeError fetch failed: redirect count exceeded redirect\n";
    assert_eq!(printed(program, &server.url).await, expected);
}

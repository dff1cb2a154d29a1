//! What programs ask of the world around the engine. Everything that can be written in JavaScript is written in boot.js and in
//! `builtins`; these are the functions that cannot.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::time::Duration;

use place::{Child, Input, Output, Start};
use rquickjs::{Ctx, Exception, Function, Object, Result, Value};

use crate::engine::evaluate;
use crate::files::{self, Bytes, content};
use crate::modules;
use crate::options::{NODE_VERSION, Options};
use crate::resolve;
use crate::web;

/// What a command is seen to end with that wrote into a pipe without a reader.
const BROKEN_PIPE: i32 = 141;

/// The modules that are part of the program: their names, and functions of `exports`, `require`, `module` and the host.
const BUILT_IN: &[(&str, &str)] = &[
    ("assert", include_str!("builtins/assert.js")),
    ("buffer", include_str!("builtins/buffer.js")),
    ("child_process", include_str!("builtins/child_process.js")),
    ("events", include_str!("builtins/events.js")),
    ("fs", include_str!("builtins/fs.js")),
    ("inspect", include_str!("builtins/inspect.js")),
    ("os", include_str!("builtins/os.js")),
    ("path", include_str!("builtins/path.js")),
    ("readline", include_str!("builtins/readline.js")),
    ("timers", include_str!("builtins/timers.js")),
    ("url", include_str!("builtins/url.js")),
    ("util", include_str!("builtins/util.js")),
    ("web", include_str!("builtins/web.js")),
];

pub(crate) fn object<'js>(ctx: &Ctx<'js>, arguments: &[String], options: &Options) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let sources = Object::new(ctx.clone())?;
    for (name, source) in BUILT_IN {
        sources.set(*name, *source)?;
    }
    host.set("sources", sources)?;
    let mut words = vec!["/usr/bin/js".to_owned()];
    words.extend(options.program.path());
    words.extend(options.arguments.iter().cloned());
    host.set("words", words)?;
    host.set("version", NODE_VERSION)?;
    host.set("name", place::name_of(arguments))?;
    host.set("variables", std::env::vars().collect::<HashMap<_, _>>())?;
    code(ctx, &host)?;
    streams(ctx, &host)?;
    processes(ctx, &host)?;
    files::add(ctx, &host)?;
    web::add(ctx, &host)?;
    Ok(host)
}

fn code<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("evaluate", Function::new(ctx.clone(), script)?)?;
    host.set("module", Function::new(ctx.clone(), module)?)?;
    host.set("resolve", Function::new(ctx.clone(), |folder: String, name: String| resolve::file(&folder, &name))?)?;
    let is_module = |path: String, source: String| resolve::kind(&path, &source) == resolve::Kind::Module;
    host.set("isModule", Function::new(ctx.clone(), is_module)?)?;
    host.set("encode", Function::new(ctx.clone(), |ctx, text: String| Bytes::new(ctx, text.into_bytes()))?)?;
    host.set("decode", Function::new(ctx.clone(), decode)?)
}

fn script<'js>(ctx: Ctx<'js>, source: String, name: String) -> Result<Value<'js>> {
    evaluate(&ctx, &source, &name)
}

fn module<'js>(ctx: Ctx<'js>, name: String, source: String) -> Result<Value<'js>> {
    let (_, promise) = modules::declare(&ctx, &name, source)?.eval()?;
    Ok(promise.into_value())
}

fn decode(bytes: Bytes<'_>) -> String {
    String::from_utf8_lossy(&content(&bytes)).into_owned()
}

fn streams<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("input", Function::new(ctx.clone(), input)?)?;
    host.set("output", Function::new(ctx.clone(), |text: String| write(&mut io::stdout(), text.as_bytes()))?)?;
    host.set(
        "outputBytes",
        Function::new(ctx.clone(), |bytes: Bytes<'_>| {
            write(&mut io::stdout(), &content(&bytes));
        })?,
    )?;
    host.set(
        "error",
        Function::new(ctx.clone(), |text: String| {
            io::stdout().flush().unwrap_or_default();
            write(&mut io::stderr(), text.as_bytes());
        })?,
    )
}

fn input(ctx: Ctx<'_>) -> Result<Bytes<'_>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|problem| files::failed(&ctx, &problem, "read", "/dev/stdin"))?;
    Bytes::new(ctx, bytes)
}

fn write(stream: &mut impl Write, bytes: &[u8]) {
    // A reader that went away is nothing to report.
    if stream.write_all(bytes).is_err() {
        std::process::exit(BROKEN_PIPE);
    }
}

fn processes<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set(
        "exit",
        Function::new(ctx.clone(), |code: i32| {
            io::stdout().flush().unwrap_or_default();
            std::process::exit(code);
            #[expect(unreachable_code, reason = "functions of the engine return a value")]
            ()
        })?,
    )?;
    host.set(
        "sleep",
        Function::new(ctx.clone(), |milliseconds: f64| {
            std::thread::sleep(Duration::from_secs_f64((milliseconds / 1_000.0).max(0.0)));
        })?,
    )?;
    host.set("start", Function::new(ctx.clone(), start)?)
}

/// Starts another command of the image and waits for its end: its code, what ended it, and what it wrote if that is asked for.
fn start<'js>(ctx: Ctx<'js>, words: Vec<String>, options: Object<'js>) -> Result<Object<'js>> {
    io::stdout().flush().unwrap_or_default();
    let result = Object::new(ctx.clone())?;
    let mut child = match starting(words, &options)?.start() {
        Ok(child) => child,
        Err(failure) => {
            result.set("failure", failure.message)?;
            return Ok(result);
        }
    };
    let written = if options.get("captured")? { all_of(&mut child) } else { Ok(Vec::new()) };
    let written = written.map_err(|problem| Exception::throw_message(&ctx, &problem.to_string()))?;
    let ending = child.wait();
    result.set("code", ending.code)?;
    result.set("reason", ending.reason)?;
    result.set("written", Bytes::new(ctx, written)?)?;
    Ok(result)
}

fn starting(words: Vec<String>, options: &Object<'_>) -> Result<Start> {
    let limit: Option<f64> = options.get("timeout")?;
    let variables: HashMap<String, String> = options.get("variables")?;
    Ok(Start {
        directory: resolve::absolute(&options.get::<_, String>("directory")?),
        variables: variables.into_iter().collect(),
        input: if options.get("silent")? { Input::Nothing } else { Input::Given },
        output: if options.get("captured")? { Output::Pipe } else { Output::Given },
        time_limit: limit.map(|milliseconds| Duration::from_secs_f64(milliseconds / 1_000.0)),
        ..Start::new(words)
    })
}

fn all_of(child: &mut Child) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    loop {
        let bytes = child.read()?;
        if bytes.is_empty() {
            return Ok(written);
        }
        written.extend(bytes);
    }
}

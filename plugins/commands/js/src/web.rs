//! Requests, which the host decides about and sends. What `fetch` makes of them is in builtins/web.js.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, Result, Value};

use crate::files::{Bytes, content};

mod bindings {
    wit_bindgen::generate!({ world: "fetching-command", path: "../../../guest-sdk/wit/command", generate_all });
}

use bindings::skep::command::http::{self, Request, Response};
use bindings::skep::command::process::Failure;

/// The most that is read at once.
const PIECE: u32 = 64 * 1024;

/// Answers whose bodies are not read to their end.
#[derive(Default)]
struct Open {
    answers: HashMap<u32, Response>,
    last: u32,
}

/// `send`, `receive` and `close`.
pub(crate) fn add<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let open = Rc::new(RefCell::new(Open::default()));
    let answers = Rc::clone(&open);
    let send = move |ctx: Ctx<'js>, asked: Object<'js>| send(&ctx, &asked, &mut answers.borrow_mut());
    host.set("send", Function::new(ctx.clone(), send)?)?;
    let answers = Rc::clone(&open);
    let receive = move |ctx: Ctx<'js>, number: u32| receive(&ctx, number, &mut answers.borrow_mut());
    host.set("receive", Function::new(ctx.clone(), receive)?)?;
    let close = move |number: u32| drop(open.borrow_mut().answers.remove(&number));
    host.set("close", Function::new(ctx.clone(), close)?)
}

fn failed<'js>(ctx: &Ctx<'js>, failure: Failure) -> Result<Object<'js>> {
    let result = Object::new(ctx.clone())?;
    result.set("kind", failure.kind)?;
    result.set("message", failure.message)?;
    Ok(result)
}

/// `status` and `headers` of the answer and the number by which its body is received, or `kind` and `message` of what went wrong.
fn send<'js>(ctx: &Ctx<'js>, asked: &Object<'js>, open: &mut Open) -> Result<Object<'js>> {
    let body = asked.get::<_, Option<Bytes<'js>>>("body")?.map(|bytes| content(&bytes));
    let pairs: Vec<Vec<String>> = asked.get("headers")?;
    let headers = pairs.into_iter().filter_map(|pair| <[String; 2]>::try_from(pair).ok());
    let request = Request {
        method: asked.get("method")?,
        url: asked.get("url")?,
        headers: headers.map(|[name, value]| (name, value)).collect(),
        body,
        timeout_ms: asked.get::<_, Option<f64>>("timeout")?.map(|milliseconds| milliseconds.max(1.0) as u32),
    };
    let answer = match http::fetch(&request) {
        Ok(answer) => answer,
        Err(failure) => return failed(ctx, failure),
    };
    let result = Object::new(ctx.clone())?;
    result.set("status", answer.status())?;
    let pairs = answer.headers().into_iter().map(|(name, value)| vec![name, value]);
    result.set("headers", pairs.collect::<Vec<_>>())?;
    open.last += 1;
    open.answers.insert(open.last, answer);
    result.set("number", open.last)?;
    Ok(result)
}

/// Some of a body, nothing at its end, or what went wrong.
fn receive<'js>(ctx: &Ctx<'js>, number: u32, open: &mut Open) -> Result<Value<'js>> {
    let Some(answer) = open.answers.get(&number) else { return Ok(Value::new_null(ctx.clone())) };
    match answer.read(PIECE) {
        Ok(bytes) if bytes.is_empty() => {
            open.answers.remove(&number);
            Ok(Value::new_null(ctx.clone()))
        }
        Ok(bytes) => Ok(Bytes::new(ctx.clone(), bytes)?.into_value()),
        Err(failure) => Ok(failed(ctx, failure)?.into_value()),
    }
}

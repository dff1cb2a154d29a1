//! One program in one engine, from its text to the code that it ends with.

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime, Value};

use crate::host;
use crate::modules::{self, Finder, Reader};
use crate::options::{Options, Program};
use crate::resolve::{self, Kind};

/// The global that what is written here in JavaScript finds the host by. Programs are not to use it.
pub(crate) const HOST: &str = "__skep";

/// How much of its own stack a program may use before it gets a RangeError. Calls use the host's stack beside it, which most
/// programs that go too deep come to the end of first: they end with 134.
const STACK: usize = 256 * 1024;

const BOOT: &str = include_str!("boot.js");

pub(crate) struct Engine {
    // Dropped in this order.
    context: Context,
    runtime: Runtime,
}

/// What stopped a program.
enum Stopped {
    /// `process.exit` ends the command itself; this is an error that nobody caught.
    Uncaught,
}

type Outcome = Result<(), Stopped>;

impl Engine {
    pub(crate) fn new(arguments: &[String], options: &Options) -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|problem| problem.to_string())?;
        runtime.set_max_stack_size(STACK);
        runtime.set_loader(Finder, Reader);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, handled| {
            // Without the host's functions there is nobody to tell; the error itself is not lost for the program.
            if let Ok(function) = function(&ctx, "rejection") {
                function.call::<_, ()>((promise, reason, handled)).unwrap_or_default();
            }
        })));
        let context = Context::full(&runtime).map_err(|problem| problem.to_string())?;
        let engine = Self { context, runtime };
        engine.context.with(|ctx| boot(&ctx, arguments, options).catch(&ctx).map_err(|error| error.to_string()))?;
        Ok(engine)
    }

    pub(crate) fn run(&self, options: &Options) -> Result<i32, String> {
        let outcome = self.start(options)?.and_then(|()| self.wait());
        let code = self.context.with(|ctx| {
            let end = function(&ctx, "end").map_err(|error| error.to_string())?;
            end.call::<_, i32>((outcome.is_err(),)).catch(&ctx).map_err(|error| error.to_string())
        })?;
        std::io::stdout().flush().unwrap_or_default();
        Ok(code)
    }

    /// The first turn: all that the program does before it waits.
    fn start(&self, options: &Options) -> Result<Outcome, String> {
        let (path, source) = match &options.program {
            Program::Text(text) => (resolve::absolute("[eval]"), text.clone()),
            Program::Input => (resolve::absolute("[stdin]"), standard_input()?),
            Program::File(file) => {
                let path = resolve::file(&resolve::absolute("."), &resolve::absolute(file))
                    .ok_or_else(|| format!("Cannot find module '{}'", resolve::absolute(file)))?;
                let source = std::fs::read_to_string(&path).map_err(|problem| format!("{path}: {problem}"))?;
                (path, source)
            }
        };
        let module = options.module || resolve::kind(&path, &source) == Kind::Module;
        Ok(self.context.with(|ctx| {
            let begin = function(&ctx, "begin");
            let call = begin.and_then(|begin| {
                begin.call::<_, ()>((path, modules::without_interpreter(source), module, kind_of(options)))
            });
            self.settle(&ctx, call)
        }))
    }

    /// The turns after it, until there is nothing left to wait for.
    fn wait(&self) -> Outcome {
        loop {
            self.jobs()?;
            let delay = Rc::new(Cell::new(-1.0));
            let outcome = self.context.with(|ctx| {
                let turn = function(&ctx, "turn").and_then(|turn| turn.call::<_, f64>(()));
                self.settle(&ctx, turn.map(|milliseconds| delay.set(milliseconds)))
            });
            outcome?;
            match delay.get() {
                milliseconds if milliseconds < 0.0 => return Ok(()),
                milliseconds if milliseconds > 0.0 => {
                    std::io::stdout().flush().unwrap_or_default();
                    std::thread::sleep(Duration::from_secs_f64(milliseconds / 1_000.0));
                }
                _ => {}
            }
        }
    }

    /// What promises wait for, and what became of those that nobody looked after.
    fn jobs(&self) -> Outcome {
        loop {
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => break,
                Err(problem) => {
                    let outcome = problem.0.with(|ctx| report(&ctx, ctx.catch()));
                    outcome?;
                }
            }
        }
        self.context.with(|ctx| {
            let rejected = function(&ctx, "rejected").and_then(|rejected| rejected.call::<_, ()>(()));
            self.settle(&ctx, rejected)
        })
    }

    fn settle(&self, ctx: &Ctx<'_>, result: rquickjs::Result<()>) -> Outcome {
        match result.catch(ctx) {
            Ok(()) => Ok(()),
            Err(CaughtError::Exception(exception)) => report(ctx, exception.into_object().into_value()),
            Err(CaughtError::Value(value)) => report(ctx, value),
            Err(CaughtError::Error(error)) => {
                eprintln!("{error}");
                Err(Stopped::Uncaught)
            }
        }
    }
}

/// Tells the program's own handler of uncaught errors, or people.
fn report<'js>(ctx: &Ctx<'js>, error: Value<'js>) -> Outcome {
    let handled = function(ctx, "uncaught").and_then(|uncaught| uncaught.call::<_, bool>((error,)));
    if handled.unwrap_or(false) { Ok(()) } else { Err(Stopped::Uncaught) }
}

fn kind_of(options: &Options) -> &'static str {
    match (&options.program, options.print) {
        (Program::File(_), _) => "file",
        (_, true) => "print",
        (_, false) => "text",
    }
}

fn function<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Function<'js>> {
    ctx.globals().get::<_, Object>(HOST)?.get(name)
}

fn boot(ctx: &Ctx<'_>, arguments: &[String], options: &Options) -> rquickjs::Result<()> {
    let host = host::object(ctx, arguments, options)?;
    ctx.globals().set(HOST, host)?;
    evaluate::<()>(ctx, BOOT, "node:boot")
}

/// Evaluates a script whose frames are called `name`.
pub(crate) fn evaluate<'js, T: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, source: &str, name: &str) -> rquickjs::Result<T> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(source, options)
}

fn standard_input() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|problem| format!("standard input: {problem}"))?;
    Ok(text)
}

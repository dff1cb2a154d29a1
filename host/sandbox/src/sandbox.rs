//! The sandbox itself: load a component, run an agent, call a tool.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_model::{Access, Digest, LimitKind, Limits, Outcome};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};

use crate::admission::{self, Refusal, World};
use crate::agent::{self, Brain};
use crate::budget::{self, Budget, Spent};
use crate::cache::{Cache, Cached};
use crate::command::{self, Actor, Command, Image};
use crate::compile::{self, Compiler};
use crate::descriptors;
use crate::door::{Door, Task};
use crate::ending::{self, Ended, ToolEnded};
use crate::engine::{self, Allocation, Sizes};
use crate::logs::Logs;
use crate::meter::{Meter, Space};
use crate::metered::{CpuClock, Metered};
use crate::quota::Short;
use crate::ready::Ready;
use crate::ticker::Ticker;
use crate::tool::{self, Hand};
use crate::workspace::Workspace;

/// How a sandbox is made.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where compiled code is kept; nowhere when absent.
    pub cache: Option<PathBuf>,
    /// How instances get their memory.
    pub allocation: Allocation,
    /// Agents that may be in memory at once.
    pub agents: u32,
    /// Tool calls that may run at once.
    pub tools: u32,
    /// Linear memory that all guests together may hold, in bytes.
    pub memory_bytes: u64,
    /// Calls at once that execute commands; each may have many at once.
    pub shells: u32,
    /// The operator's maxima; no guest gets more.
    pub maxima: Limits,
    /// Who compiles.
    pub compiler: Compiler,
    /// Guests that may compute for long at the same time.
    pub heavy: usize,
}

impl Default for Config {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let maxima = Limits { memory_bytes: 1 << 30, ..Limits::RUN };
        Self {
            cache: None,
            allocation: Allocation::Pooling,
            agents: 256,
            tools: descriptors::calls(128, Limits::TOOL.handles),
            memory_bytes: budget::of_this_machine(),
            shells: descriptors::calls(shells(cores), Limits::TOOL.handles * u64::from(command::AT_ONCE)),
            maxima,
            compiler: Compiler::InProcess,
            heavy: (cores - 1).max(1),
        }
    }
}

/// Calls at once that execute commands, each of which may keep many processors busy.
fn shells(cores: usize) -> u32 {
    u32::try_from(cores * 2).unwrap_or(u32::MAX).clamp(4, 16)
}

/// Why a sandbox or a component can't be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// wasmtime does not work on this machine.
    #[error("wasmtime can't be set up here: {0}")]
    Engine(String),
    /// The cache folder can't be used.
    #[error("the cache of compiled code can't be used: {0}")]
    Cache(#[from] std::io::Error),
    /// The file is nothing that this host runs.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It does not compile.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// It compiles but does not fit its world.
    #[error("the component does not fit the contract: {0}")]
    Link(String),
    /// It could not say what it offers.
    #[error("the tool can't describe itself: {0}")]
    Describe(String),
}

/// A loaded agent component. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    pre: agent::bindings::AgentPre<Brain>,
}

/// A loaded tool component. Cheap to clone.
#[derive(Clone)]
pub struct Tool {
    pre: tool::bindings::ToolPre<Hand>,
}

/// What a tool component says of one of its tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDescription {
    /// Its own name, without the plugin's.
    pub name: String,
    /// For whoever calls it.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: String,
}

/// One tool call.
pub struct ToolCall<'a> {
    /// The component.
    pub tool: &'a Tool,
    /// The tool's own name.
    pub name: &'a str,
    /// A JSON object.
    pub arguments: &'a str,
    /// The workspace, if there is one, and what the tool may do with it.
    pub workspace: Option<(&'a Workspace, Access)>,
    /// The call's counters.
    pub meter: Arc<Meter>,
}

/// Where WebAssembly runs. One per process; shared.
pub struct Sandbox {
    engine: Engine,
    allocation: Allocation,
    fallback: Option<String>,
    ticker: Ticker,
    turns: Arc<Semaphore>,
    agent_slots: Semaphore,
    tool_slots: Semaphore,
    budget: Arc<Budget>,
    shell_slots: Semaphore,
    agent_linker: Linker<Brain>,
    tool_linker: Linker<Hand>,
    command_linker: Linker<Actor>,
    cache: Cache,
    compiler: Compiler,
    agents: Ready<Agent>,
    tools: Ready<Tool>,
    commands: Ready<Command>,
}

impl Sandbox {
    /// A sandbox with nothing loaded.
    ///
    /// # Errors
    /// wasmtime can't be set up, or the cache folder can't be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        let sizes = Sizes {
            instances: config.agents + config.tools + config.shells * command::AT_ONCE,
            memory_bytes: config.maxima.memory_bytes,
            table_elements: config.maxima.table_elements,
        };
        let failed = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let (engine, allocation, fallback) = engine::engine(config.allocation, sizes).map_err(failed)?;
        let (mut agent_linker, mut tool_linker) = (Linker::new(&engine), Linker::new(&engine));
        agent::link(&mut agent_linker).map_err(failed)?;
        tool::link(&mut tool_linker).map_err(failed)?;
        let mut command_linker = Linker::new(&engine);
        command::link(&mut command_linker).map_err(failed)?;
        Ok(Self {
            ticker: Ticker::start(engine.clone())?,
            turns: Arc::new(Semaphore::new(config.heavy.max(1))),
            agent_slots: Semaphore::new(config.agents as usize),
            tool_slots: Semaphore::new(config.tools as usize),
            budget: Arc::new(Budget::new(config.memory_bytes)),
            shell_slots: Semaphore::new(config.shells as usize),
            cache: Cache::open(config.cache.as_deref(), &engine)?,
            compiler: config.compiler,
            agents: Ready::default(),
            tools: Ready::default(),
            commands: Ready::default(),
            engine,
            allocation,
            fallback,
            agent_linker,
            tool_linker,
            command_linker,
        })
    }

    /// How instances get their memory, and why not as wished if so.
    pub fn allocation(&self) -> (Allocation, Option<&str>) {
        (self.allocation, self.fallback.as_deref())
    }

    /// The agent in `wasm`, which has this digest. Blocks while it compiles.
    ///
    /// # Errors
    /// It is not an agent that this host can run.
    pub fn agent(&self, digest: Digest, wasm: &[u8]) -> Result<Agent, Error> {
        self.agents.get_or_make(digest, || {
            let component = self.component(digest, wasm, World::Agent)?;
            let pre = self.agent_linker.instantiate_pre(&component).and_then(agent::bindings::AgentPre::new);
            Ok(Agent { pre: pre.map_err(|error| Error::Link(format!("{error:#}")))? })
        })
    }

    /// The tool component in `wasm`, which has this digest. Blocks while it compiles.
    ///
    /// # Errors
    /// It is not a tool that this host can run.
    pub fn tool(&self, digest: Digest, wasm: &[u8]) -> Result<Tool, Error> {
        self.tools.get_or_make(digest, || {
            let component = self.component(digest, wasm, World::Tool)?;
            let pre = self.tool_linker.instantiate_pre(&component).and_then(tool::bindings::ToolPre::new);
            Ok(Tool { pre: pre.map_err(|error| Error::Link(format!("{error:#}")))? })
        })
    }

    /// The agent with this digest, if it is loaded.
    pub fn loaded_agent(&self, digest: Digest) -> Option<Agent> {
        self.agents.get(digest)
    }

    /// The tool component with this digest, if it is loaded.
    pub fn loaded_tool(&self, digest: Digest) -> Option<Tool> {
        self.tools.get(digest)
    }

    /// The command with this digest, loaded now if it was not.
    pub(crate) async fn command(self: &Arc<Self>, digest: Digest, image: &Image) -> Result<Command, Error> {
        if let Some(command) = self.commands.get(digest) {
            return Ok(command);
        }
        let (sandbox, fetch) = (Arc::clone(self), Arc::clone(&image.fetch));
        let loading = tokio::task::spawn_blocking(move || {
            sandbox.commands.get_or_make(digest, || {
                // Its own bytes are many, and compiled code says all that is asked for here.
                let component = match sandbox.cached(digest) {
                    Some(component) => component,
                    None => sandbox.component(digest, &fetch(digest).map_err(Error::Compile)?, World::Command)?,
                };
                let pre = sandbox.command_linker.instantiate_pre(&component);
                let pre = pre.and_then(wasmtime_wasi::p2::bindings::CommandPre::new);
                let knows_where_it_is = sandbox.imports(&component, "skep:command/process");
                Ok(Command { pre: pre.map_err(|error| Error::Link(format!("{error:#}")))?, knows_where_it_is })
            })
        });
        loading.await.map_err(|error| Error::Compile(error.to_string()))?
    }

    /// A place for one more call that executes commands. It is never closed, and without a place the pool would refuse.
    pub(crate) async fn shell_slot(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.shell_slots.acquire().await.ok()
    }

    pub(crate) const fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub(crate) fn ticking(&self) -> crate::ticker::Ticking {
        self.ticker.ticking()
    }

    fn component(&self, digest: Digest, wasm: &[u8], world: World) -> Result<Component, Error> {
        admission::admit(wasm, world)?;
        if let Some(component) = self.cached(digest) {
            return Ok(component);
        }
        let code = compile::compile(&self.compiler, &self.engine, wasm)?;
        self.cache
            .keep(&self.engine, digest, &code)
            .map_err(|error| Error::Link(format!("it needs more than this host's maxima allow: {error:#}")))
    }

    /// What was admitted and compiled before. It may have been for another world, which shows when it is linked.
    fn cached(&self, digest: Digest) -> Option<Component> {
        match self.cache.load(&self.engine, digest) {
            Cached::Hit(component) => Some(component),
            Cached::Miss => None,
            Cached::Forged(path) => {
                tracing::error!(path = %path.display(), "compiled code was not this host's; it was removed and is compiled again");
                None
            }
        }
    }

    /// Whether a component imports an interface, of whatever version.
    fn imports(&self, component: &Component, interface: &str) -> bool {
        component.component_type().imports(&self.engine).any(|(name, _)| admission::name(name) == interface)
    }

    /// Runs an agent to its end, with at most `wall` of time.
    pub async fn run(
        &self,
        agent: &Agent,
        task: Task,
        door: Box<dyn Door>,
        meter: Arc<Meter>,
        wall: Duration,
    ) -> Ended {
        let Ok(_slot) = self.agent_slots.acquire().await else {
            return Ended::Outcome(Outcome::HostFault("the sandbox is closed".into()));
        };
        let logs = Logs::new(meter.limits().log_bytes);
        let brain = Brain {
            wasi: crate::wasi::of_a_brain(&logs, task.seed),
            table: ResourceTable::new(),
            timers: crate::clock::Timers::default(),
            space: Space::new(Arc::clone(&meter), Arc::clone(&self.budget)),
            meter: Arc::clone(&meter),
            stopped: None,
            logs,
            door,
        };
        let mut store = self.store(brain, &meter, |brain| &mut brain.table, |brain| &mut brain.space);
        let clock = self.keep_time(&mut store, &meter);
        let _ticking = self.ticker.ticking();
        let began = Instant::now();
        let task = agent::bindings::Task { run: task.run, prompt: task.prompt, context: task.context };
        let attempt = Metered::new(clock, think(agent, &mut store, task));
        match tokio::time::timeout(wall, attempt).await {
            Ok(ended) => ended,
            Err(_) => Ended::Outcome(wall_reached(&meter, began)),
        }
    }

    /// Calls a tool, in an instance of its own.
    pub async fn call(&self, call: ToolCall<'_>) -> ToolEnded {
        let meter = Arc::clone(&call.meter);
        let wall = Duration::from_millis(meter.limits().wall_ms);
        let began = Instant::now();
        let finish = |outcome, logs: Option<Logs>| {
            let printed = logs.map(|logs| {
                logs.finish();
                std::iter::from_fn(move || logs.pop()).collect()
            });
            ToolEnded { outcome, printed: printed.unwrap_or_default(), usage: meter.usage() }
        };
        let Ok(_slot) = self.tool_slots.acquire().await else {
            return finish(Outcome::HostFault("the sandbox is closed".into()), None);
        };
        let hand = match Hand::new(Arc::clone(&meter), &self.budget, call.workspace) {
            Ok(hand) => hand,
            Err(error) => return finish(Outcome::HostFault(format!("the workspace can't be opened: {error:#}")), None),
        };
        let logs = hand.logs.clone();
        let mut store = self.store(hand, &meter, |hand| &mut hand.table, |hand| &mut hand.space);
        let clock = self.keep_time(&mut store, &meter);
        let _ticking = self.ticker.ticking();
        let work = Metered::new(clock, act(call.tool, &mut store, call.name, call.arguments, &logs));
        let outcome = match tokio::time::timeout(wall, work).await {
            Ok(outcome) => outcome,
            Err(_) => wall_reached(&meter, began),
        };
        finish(outcome, Some(logs))
    }

    /// What a tool component offers, asked of it in a sandbox without any grant.
    ///
    /// # Errors
    /// It fails or takes too long.
    pub async fn describe(&self, tool: &Tool) -> Result<Vec<ToolDescription>, Error> {
        let meter = Arc::new(Meter::new(Limits::TOOL));
        let slot = self.tool_slots.acquire().await;
        let _slot = slot.map_err(|_| Error::Describe("the sandbox is closed".into()))?;
        let hand = Hand::new(Arc::clone(&meter), &self.budget, None);
        let hand = hand.map_err(|error| Error::Describe(format!("{error:#}")))?;
        let logs = hand.logs.clone();
        let mut store = self.store(hand, &meter, |hand| &mut hand.table, |hand| &mut hand.space);
        let clock = self.keep_time(&mut store, &meter);
        let _ticking = self.ticker.ticking();
        let described = Metered::new(clock, async {
            let instance = tool.pre.instantiate_async(&mut store).await?;
            instance.skep_plugin_tool_provider().call_describe(&mut store).await
        });
        let described = tokio::time::timeout(Duration::from_secs(30), described).await;
        let described = described.map_err(|_| Error::Describe("no answer within 30 s".into()))?;
        let described = described.map_err(|error| {
            let outcome = outcome(&error, &meter, &logs.last_words());
            Error::Describe(outcome.map_or_else(|| error.to_string(), |outcome| outcome.message()))
        })?;
        let description = |d: tool::bindings::exports::skep::plugin::tool_provider::Description| ToolDescription {
            name: d.name,
            description: d.description,
            parameters: d.parameters,
        };
        Ok(described.into_iter().map(description).collect())
    }

    /// The only way to make a store: never without limits.
    pub(crate) fn store<T: Send + 'static>(
        &self,
        data: T,
        meter: &Meter,
        table: fn(&mut T) -> &mut ResourceTable,
        space: fn(&mut T) -> &mut Space,
    ) -> Store<T> {
        let limits = meter.limits();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that makes stores, and it sets every limit"
        )]
        let mut store = Store::new(&self.engine, data);
        let handles = usize::try_from(limits.handles).unwrap_or(usize::MAX);
        table(store.data_mut()).set_max_capacity(handles);
        store.limiter(move |data| space(data) as &mut dyn wasmtime::ResourceLimiter);
        store.set_hostcall_fuel(usize::try_from(limits.call_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(handles);
        store
    }

    /// Lets each epoch tick look at the guest's processor time and give others their turn.
    pub(crate) fn keep_time<T: Send + 'static>(&self, store: &mut Store<T>, meter: &Arc<Meter>) -> Arc<CpuClock> {
        let clock = CpuClock::new(Arc::clone(meter), Arc::clone(&self.turns));
        let ticking = Arc::clone(&clock);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| Ok(ticking.tick()?));
        clock
    }
}

/// What an error out of wasmtime means. That the machine has no more for any guest is no guest's fault.
fn outcome(error: &wasmtime::Error, meter: &Meter, last_words: &[String]) -> Option<Outcome> {
    let memory = error.downcast_ref::<Spent>().map(Spent::to_string);
    let machine = memory.or_else(|| error.downcast_ref::<Short>().map(Short::to_string));
    machine.map(Outcome::HostFault).or_else(|| ending::outcome(error, meter, last_words))
}

fn wall_reached(meter: &Meter, began: Instant) -> Outcome {
    let reached = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Outcome::Limit(meter.hit(LimitKind::WallMs, reached).0)
}

async fn think(agent: &Agent, store: &mut Store<Brain>, task: agent::bindings::Task) -> Ended {
    let result = match agent.pre.instantiate_async(&mut *store).await {
        Ok(instance) => instance.call_run(&mut *store, &task).await,
        Err(error) => Err(error),
    };
    let brain = store.data_mut();
    brain.logs.finish();
    let delivered = brain.deliver_logs().await;
    if let Some(stop) = brain.stopped.take() {
        return Ended::Stopped(stop);
    }
    let result = result.and_then(|value| {
        delivered?;
        brain.meter.output(value.as_ref().map_or_else(String::len, String::len))?;
        Ok(value)
    });
    Ended::Outcome(match result {
        Ok(value) => ending::returned(value),
        Err(error) => outcome(&error, &brain.meter, &brain.logs.last_words())
            .unwrap_or_else(|| Outcome::HostFault("stopped without a reason".into())),
    })
}

async fn act(tool: &Tool, store: &mut Store<Hand>, name: &str, arguments: &str, logs: &Logs) -> Outcome {
    let result = match tool.pre.instantiate_async(&mut *store).await {
        Ok(instance) => instance.skep_plugin_tool_provider().call_call(&mut *store, name, arguments).await,
        Err(error) => Err(error),
    };
    let meter = &store.data().meter;
    let result = result.and_then(|value| {
        meter.output(value.as_ref().map_or_else(String::len, String::len))?;
        Ok(value)
    });
    match result {
        Ok(value) => ending::returned(value),
        Err(error) => {
            logs.finish();
            outcome(&error, meter, &logs.last_words()).unwrap_or_else(|| Outcome::HostFault(error.to_string()))
        }
    }
}

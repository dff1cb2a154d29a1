//! The agent world: the host's half of a brain.

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::clock::{self, Timers};
use crate::door::{Answer, Door, Failure, Request, Stop};
use crate::logs::Logs;
use crate::meter::{Meter, Space};

pub(crate) mod bindings {
    #![allow(missing_docs, reason = "generated from the contract, which has the documentation")]
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit/agent",
        world: "agent",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

use bindings::skep::agent::{ask, model, runs, session, tools, types};

/// Requests that leave together. The door may make fewer of them at once.
const AT_ONCE: usize = 64;

/// What a brain's store holds.
pub(crate) struct Brain {
    pub(crate) door: Box<dyn Door>,
    pub(crate) timers: Timers,
    pub(crate) table: ResourceTable,
    pub(crate) space: Space,
    pub(crate) logs: Logs,
    pub(crate) wasi: WasiCtx,
    pub(crate) meter: std::sync::Arc<Meter>,
    pub(crate) stopped: Option<Stop>,
}

/// The door wants the brain gone; the reason waits in the store.
#[derive(Debug, thiserror::Error)]
#[error("stopped by the host")]
pub(crate) struct Stopped;

impl WasiView for Brain {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Everything that a brain may import.
pub(crate) fn link(linker: &mut Linker<Brain>) -> wasmtime::Result<()> {
    crate::wasi::link_powerless(linker)?;
    crate::wasi::link_no_files(linker)?;
    clock::link(linker)?;
    bindings::Agent::add_to_linker::<Brain, HasSelf<Brain>>(linker, |brain| brain)
}

impl Brain {
    /// The one place where a brain's wish leaves the sandbox: charged before, charged after.
    pub(crate) async fn ask(&mut self, request: Request) -> wasmtime::Result<Answer> {
        self.meter.call(request.bytes())?;
        self.deliver_logs().await?;
        let answer = self.door.call(request).await;
        let answer = self.or_stop(answer)?;
        self.carry(&answer)?;
        Ok(answer)
    }

    /// All requests are charged before the first leaves, and answers as they come, a few at a time: answers that the brain may
    /// not have are not gathered.
    async fn ask_many(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Answer>> {
        for request in &requests {
            self.meter.call(request.bytes())?;
        }
        self.deliver_logs().await?;
        let mut answers = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter();
        while requests.len() > 0 {
            let together = requests.by_ref().take(AT_ONCE).collect();
            let answered = self.door.call_many(together).await;
            for answer in self.or_stop(answered)? {
                self.carry(&answer)?;
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    fn carry(&self, answer: &Answer) -> wasmtime::Result<()> {
        Ok(self.meter.carry(answer.as_ref().map_or_else(|failure| failure.message.len(), String::len))?)
    }

    /// Lines printed so far, in order, before anything else that the brain does.
    pub(crate) async fn deliver_logs(&mut self) -> wasmtime::Result<()> {
        while let Some((stream, line)) = self.logs.pop() {
            let logged = self.door.log(stream, line).await;
            self.or_stop(logged)?;
        }
        Ok(())
    }

    fn or_stop<T>(&mut self, result: Result<T, Stop>) -> wasmtime::Result<T> {
        result.map_err(|stop| {
            self.stopped = Some(stop);
            Stopped.into()
        })
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        Self { kind: failure.kind, message: failure.message }
    }
}

type Reply<T> = wasmtime::Result<Result<T, types::Failure>>;

/// An answer that is a JSON document of ours; a host that can't read its own answer is at fault, not the guest.
fn read<T: for<'a> serde::Deserialize<'a>>(text: &str) -> Result<T, types::Failure> {
    serde_json::from_str(text)
        .map_err(|error| types::Failure { kind: "host-fault".into(), message: format!("unreadable answer: {error}") })
}

#[derive(serde::Deserialize)]
struct Received {
    sender: String,
    text: String,
    sent_at: u64,
}

#[derive(serde::Deserialize)]
struct Listed {
    name: String,
    description: String,
    parameters: String,
    idempotency: String,
}

impl types::Host for Brain {}

impl session::Host for Brain {
    async fn say(&mut self, text: String) -> Reply<()> {
        self.meter.call(text.len())?;
        self.meter.output(text.len())?;
        self.deliver_logs().await?;
        let said = self.door.say(text).await;
        self.or_stop(said)?;
        Ok(Ok(()))
    }

    async fn receive(&mut self, timeout_ms: Option<u64>) -> Reply<Option<session::Message>> {
        let answer = self.ask(Request::Receive { timeout_ms }).await?;
        let message = |Received { sender, text, sent_at }| session::Message { sender, text, sent_at };
        Ok(answer.map_err(Into::into).and_then(|text| Ok(read::<Option<Received>>(&text)?.map(message))))
    }

    async fn report(&mut self, name: String, media_type: String, content: Vec<u8>) -> Reply<String> {
        self.meter.output(content.len())?;
        Ok(self.ask(Request::Report { name, media_type, content }).await?.map_err(Into::into))
    }

    async fn report_file(&mut self, name: String, media_type: String, path: String) -> Reply<String> {
        Ok(self.ask(Request::ReportFile { name, media_type, path }).await?.map_err(Into::into))
    }
}

impl tools::Host for Brain {
    async fn list(&mut self) -> Reply<Vec<tools::Tool>> {
        let answer = self.ask(Request::ListTools).await?;
        let tool = |Listed { name, description, parameters, idempotency }| tools::Tool {
            name,
            description,
            parameters,
            idempotency,
        };
        Ok(answer.map_err(Into::into).and_then(|text| Ok(read::<Vec<Listed>>(&text)?.into_iter().map(tool).collect())))
    }

    async fn call(&mut self, request: tools::CallRequest) -> Reply<String> {
        let tools::CallRequest { name, arguments } = request;
        Ok(self.ask(Request::Tool { name, arguments }).await?.map_err(Into::into))
    }

    async fn call_many(
        &mut self,
        requests: Vec<tools::CallRequest>,
    ) -> wasmtime::Result<Vec<Result<String, types::Failure>>> {
        let requests =
            requests.into_iter().map(|tools::CallRequest { name, arguments }| Request::Tool { name, arguments });
        let answers = self.ask_many(requests.collect()).await?;
        Ok(answers.into_iter().map(|answer| answer.map_err(Into::into)).collect())
    }
}

impl runs::Host for Brain {
    async fn spawn(&mut self, spec: String) -> Reply<String> {
        Ok(self.ask(Request::Spawn { spec }).await?.map_err(Into::into))
    }

    async fn wait(&mut self, run: String, timeout_ms: Option<u64>) -> Reply<Option<String>> {
        let answer = self.ask(Request::Wait { run, timeout_ms }).await?;
        Ok(answer.map_err(Into::into).and_then(|text| read(&text)))
    }

    async fn cancel(&mut self, run: String) -> Reply<()> {
        Ok(self.ask(Request::CancelChild { run }).await?.map(drop).map_err(Into::into))
    }
}

impl model::Host for Brain {
    async fn complete(&mut self, request: String) -> Reply<String> {
        Ok(self.ask(Request::Complete { request }).await?.map_err(Into::into))
    }
}

impl ask::Host for Brain {
    async fn question(&mut self, text: String, options: Vec<String>) -> Reply<String> {
        Ok(self.ask(Request::Ask { text, options }).await?.map_err(Into::into))
    }
}

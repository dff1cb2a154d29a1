//! The tool world: the host's half of one tool call.

use std::sync::{Arc, LazyLock};

use skep_model::Access;
use tokio::sync::Semaphore;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::budget::Budget;
use crate::files::{self, Files, Listings};
use crate::logs::Logs;
use crate::meter::{Meter, Space};
use crate::pace::{Failure, Halt, Pace, Stopping};
use crate::search::{self, Bounds, Room};
use crate::workspace::Workspace;

pub(crate) mod bindings {
    #![allow(missing_docs, reason = "generated from the contract, which has the documentation")]
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit/plugin",
        world: "tool",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

use bindings::skep::plugin::{http, search as contract};

/// Header bytes that one `fields` resource of `wasi:http` may hold.
const HTTP_FIELD_BYTES: usize = 32 * 1024;
/// Bytes that an outgoing body takes at once; the host buffers two such pieces of each body that nobody reads.
const HTTP_BODY_CHUNK: usize = 16 * 1024;

/// Turns of walks, of which each takes a thread until it has looked at its caller again.
static WALKS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4))));

/// What a tool call's store holds.
pub(crate) struct Hand {
    pub(crate) table: ResourceTable,
    pub(crate) space: Space,
    pub(crate) logs: Logs,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) egress: Refuse,
    pub(crate) workspace: Option<Workspace>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) listings: Listings,
}

/// The way out until grants of destinations exist: there is none.
pub(crate) struct Refuse;

impl WasiHttpHooks for Refuse {
    fn send_request(
        &mut self,
        _: ::http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, wasmtime_wasi_http::Error>> + Send> {
        Box::new(async { Err(wasmtime_wasi_http::Error::HttpRequestDenied) })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HTTP_BODY_CHUNK
    }
}

pub(crate) fn http_context() -> WasiHttpCtx {
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(HTTP_FIELD_BYTES);
    http
}

type Sent = (::http::Response<WasiBody>, Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>);

impl Hand {
    pub(crate) fn new(
        meter: Arc<Meter>,
        budget: &Arc<Budget>,
        workspace: Option<(&Workspace, Access)>,
    ) -> wasmtime::Result<Self> {
        let logs = Logs::new(meter.limits().log_bytes);
        let wasi = crate::wasi::of_a_tool(&logs, workspace)?;
        let http = http_context();
        let space = Space::new(Arc::clone(&meter), Arc::clone(budget));
        let workspace = workspace.filter(|(_, access)| *access != Access::None).map(|(workspace, _)| workspace.clone());
        let (table, listings) = (ResourceTable::new(), Listings::new());
        Ok(Self { table, space, logs, wasi, http, egress: Refuse, workspace, meter, listings })
    }

    fn files(&mut self) -> Files<'_> {
        Files {
            inner: WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.table },
            quota: self.workspace.as_ref().map(Workspace::quota),
            meter: &self.meter,
            space: &mut self.space,
            listings: &mut self.listings,
            root: None,
            random: None,
        }
    }
}

impl WasiView for Hand {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Hand {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.egress }
    }
}

/// Everything that a tool may import.
pub(crate) fn link(linker: &mut Linker<Hand>) -> wasmtime::Result<()> {
    crate::wasi::link_powerless(linker)?;
    crate::wasi::link_clocks(linker)?;
    files::link(linker, Hand::files)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    bindings::Tool::add_to_linker::<Hand, HasSelf<Hand>>(linker, |hand| hand)
}

impl http::Host for Hand {
    async fn fetch(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Failure>> {
        self.meter.call(request.url.len() + request.body.as_ref().map_or(0, Vec::len))?;
        Ok(Err(http::Failure {
            kind: "refused".into(),
            message: format!("no destination is granted, so {} {} was not sent", request.method, request.url),
        }))
    }
}

impl Hand {
    /// Runs a walk on a blocking thread, over the granted workspace and nothing else, at the expense of this call and no longer
    /// than it.
    async fn walk<T: Send + 'static>(
        &mut self,
        carried: usize,
        walk: impl FnOnce(&Workspace, &mut Bounds) -> Result<T, Halt> + Send + 'static,
    ) -> wasmtime::Result<Result<T, contract::Failure>> {
        self.meter.call(carried)?;
        let Some(workspace) = self.workspace.clone() else {
            let message = "no workspace is granted to this tool".into();
            return Ok(Err(contract::Failure { kind: "refused".into(), message }));
        };
        let (meter, stopping) = (Arc::clone(&self.meter), Stopping::default());
        let _stop_when_dropped = stopping.guard();
        let turn = WALKS.acquire().await?;
        let walked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut bounds = Bounds { pace: Pace::begin(meter, stopping), room: Room::default() };
            walk(&workspace, &mut bounds).map(|found| (found, bounds.room.taken()))
        });
        match walked.await? {
            Ok((found, bytes)) => {
                self.meter.carry(bytes)?;
                Ok(Ok(found))
            }
            Err(Halt::Failed(Failure { kind, message })) => Ok(Err(contract::Failure { kind: kind.into(), message })),
            Err(Halt::Limit(exceeded)) => Err(exceeded.into()),
        }
    }
}

fn carried(wanted: &search::Selection) -> usize {
    wanted.path.len() + wanted.globs.iter().map(String::len).sum::<usize>()
}

fn selection(selection: contract::Selection) -> search::Selection {
    let contract::Selection { path, globs, hidden, respect_ignore } = selection;
    search::Selection { path, globs, hidden, respect_ignore }
}

impl contract::Host for Hand {
    async fn glob(
        &mut self,
        wanted: contract::Selection,
        limit: u32,
    ) -> wasmtime::Result<Result<contract::Entries, contract::Failure>> {
        let wanted = selection(wanted);
        let walked = self
            .walk(carried(&wanted), move |workspace, bounds| search::glob(workspace, &wanted, limit, bounds))
            .await?;
        Ok(walked.map(|(found, truncated)| {
            let entry =
                |entry: search::Entry| contract::Entry { path: entry.path, kind: entry.kind.into(), size: entry.size };
            contract::Entries { found: found.into_iter().map(entry).collect(), truncated }
        }))
    }

    async fn grep(
        &mut self,
        wanted: contract::Selection,
        options: contract::GrepOptions,
    ) -> wasmtime::Result<Result<contract::Matches, contract::Failure>> {
        let wanted = selection(wanted);
        let contract::GrepOptions { pattern, case_insensitive, limit, limit_per_file, context } = options;
        let query = search::Query { pattern, case_insensitive, limit, limit_per_file, context };
        let walked = self
            .walk(carried(&wanted) + query.pattern.len(), move |workspace, bounds| {
                search::grep(workspace, &wanted, &query, bounds)
            })
            .await?;
        Ok(walked.map(|found| {
            let line = |line: search::Line| contract::Line {
                path: line.path,
                number: line.number,
                matched: line.matched,
                text: line.text,
            };
            contract::Matches {
                lines: found.lines.into_iter().map(line).collect(),
                truncated: found.truncated,
                files_searched: found.files_searched,
                binary_skipped: found.binary_skipped,
            }
        }))
    }

    async fn count_lines(
        &mut self,
        wanted: contract::Selection,
        limit: u32,
    ) -> wasmtime::Result<Result<contract::Counts, contract::Failure>> {
        let wanted = selection(wanted);
        let walked = self
            .walk(carried(&wanted), move |workspace, bounds| search::count(workspace, &wanted, limit, bounds))
            .await?;
        Ok(walked.map(|(files, truncated)| {
            let count = |count: search::Count| contract::Count {
                path: count.path,
                size: count.size,
                lines: count.lines,
                binary: count.binary,
            };
            contract::Counts { files: files.into_iter().map(count).collect(), truncated }
        }))
    }
}

//! The floor of the sandbox: wasmtime with a component and nothing of ours around it, no limit, no epoch, no meter.

use wasmtime::component::{Component, ComponentExportIndex, ComponentType, InstancePre, Linker, Lower, ResourceTable};
use wasmtime::{Config, Enabled, Engine, Error, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// A component that is ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<Host>,
    run: ComponentExportIndex,
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Task {
    run: String,
    prompt: String,
    context: String,
}

/// How the pool of instances is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pool {
    /// As wasmtime does it by itself.
    Plain,
    /// As the sandbox does it: what an instance touched stays in memory for the next one.
    Warm,
}

impl Bare {
    pub(crate) fn new(wasm: &[u8], pool: Pool) -> Result<Self> {
        let engine = Engine::new(&config(pool))?;
        let component = Component::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        linker.define_unknown_imports_as_traps(&component)?;
        let run = component.get_export_index(None, "run").ok_or_else(|| Error::msg("the guest is no agent"))?;
        Ok(Self { pre: linker.instantiate_pre(&component)?, engine, run })
    }

    /// A store, an instance, one call, and all of it dropped.
    pub(crate) async fn run(&self) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "what a store costs without the sandbox's limits is the floor")]
        let mut store =
            Store::new(&self.engine, Host { wasi: WasiCtxBuilder::new().build(), table: ResourceTable::new() });
        let instance = self.pre.instantiate_async(&mut store).await?;
        let run = instance.get_typed_func::<(&Task,), (Result<String, String>,)>(&mut store, self.run)?;
        let task = Task { run: String::new(), prompt: String::new(), context: "{}".into() };
        let (said,) = run.call_async(&mut store, (&task,)).await?;
        said.map(drop).map_err(Error::msg)
    }
}

/// No limit, no epoch.
fn config(pool: Pool) -> Config {
    let pool = match pool {
        Pool::Plain => PoolingAllocationConfig::new(),
        Pool::Warm => warm(),
    };
    let mut config = Config::new();
    config.concurrency_support(false).allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn warm() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

//! The one place that configures wasmtime.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

/// How instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Slots reserved at the start; instantiation takes microseconds.
    Pooling,
    /// Mapped for each instance; slower, and works where address space is scarce.
    OnDemand,
}

/// The sizes that the pool is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Components alive at once.
    pub(crate) instances: u32,
    /// The largest linear memory that any limit may allow, in bytes.
    pub(crate) memory_bytes: u64,
    /// The largest table that any limit may allow, in elements.
    pub(crate) table_elements: u64,
}

/// Native stack for WebAssembly frames; `Limits::stack_bytes` reports it.
pub(crate) const WASM_STACK: usize = 512 * 1024;
/// Native stack of one guest with its host calls.
const ASYNC_STACK: usize = 2 * 1024 * 1024;
/// The part of it that is overwritten with zeros after use, and kept; the rest is given back. Most guests use less, and writing
/// eight times as much took an eighth of a short run's time.
const STACK_KEPT: usize = 8 * 1024;
/// The most core instances of a component, and the most tables: a handful for most (itself, its adapters, its shims), more for
/// language runtimes made of libraries. Only address space is set aside for them, so every component may have all of them.
const CORE_PER_COMPONENT: u32 = 32;
/// The most memories of a component.
const MEMORIES_PER_COMPONENT: u32 = 4;

/// An engine with pooling if this machine can reserve the address space, else without; the second value says why not.
pub(crate) fn engine(wanted: Allocation, sizes: Sizes) -> wasmtime::Result<(Engine, Allocation, Option<String>)> {
    if wanted == Allocation::Pooling {
        match Engine::new(&config(Allocation::Pooling, sizes)) {
            Ok(engine) => return Ok((engine, Allocation::Pooling, None)),
            Err(error) => {
                let engine = Engine::new(&config(Allocation::OnDemand, sizes))?;
                return Ok((engine, Allocation::OnDemand, Some(format!("{error:#}"))));
            }
        }
    }
    Ok((Engine::new(&config(Allocation::OnDemand, sizes))?, Allocation::OnDemand, None))
}

/// Everything that decides what compiled code looks like and what a guest may do. The compile worker uses it too.
pub(crate) fn config(allocation: Allocation, sizes: Sizes) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        .async_stack_zeroing(true)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false);
    if allocation == Allocation::Pooling {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(sizes)));
    }
    config
}

fn pool(sizes: Sizes) -> PoolingAllocationConfig {
    let core = sizes.instances * CORE_PER_COMPONENT;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sizes.instances)
        .max_component_instance_size(4 * 1024 * 1024)
        .max_core_instances_per_component(CORE_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(CORE_PER_COMPONENT)
        .total_core_instances(core)
        .max_core_instance_size(4 * 1024 * 1024)
        .total_memories(sizes.instances * MEMORIES_PER_COMPONENT)
        .total_tables(core)
        .total_stacks(sizes.instances)
        .max_memory_size(usize::try_from(sizes.memory_bytes).unwrap_or(usize::MAX))
        .table_elements(usize::try_from(sizes.table_elements).unwrap_or(usize::MAX))
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 * 1024)
        .table_keep_resident(64 * 1024)
        .async_stack_keep_resident(STACK_KEPT)
        .pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_of_a_large_host_fits_into_the_address_space() {
        let sizes = Sizes { instances: 1_024, memory_bytes: 2 << 30, table_elements: 1_000_000 };
        let (_, allocation, why_not) = engine(Allocation::Pooling, sizes).unwrap();
        assert_eq!((allocation, why_not), (Allocation::Pooling, None));
    }
}

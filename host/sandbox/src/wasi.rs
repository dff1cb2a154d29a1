//! What of wasi 0.2 a guest gets: everything linked, so that every language runtime starts, and nothing powerful behind it.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use skep_model::Stream;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiView};
use wasmtime_wasi_io::bindings::wasi::io;

use skep_model::Access;

use crate::logs::Logs;
use crate::workspace::Workspace;

/// Random bytes that one call may ask for.
const RANDOM_BYTES: u64 = 64 * 1024;
/// Where a tool finds the workspace.
pub(crate) const WORKSPACE: &str = "/workspace";

/// The context of a brain: its logs and its seed. No directory, no socket, no argument, no variable; the clocks are not in
/// here but in `clock.rs`.
pub(crate) fn of_a_brain(logs: &Logs, seed: u64) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(logs.stream(Stream::Stdout)).stderr(logs.stream(Stream::Stderr)).max_random_size(RANDOM_BYTES);
    seed_randomness(&mut wasi, seed);
    deny_network(&mut wasi);
    wasi.build()
}

/// All randomness is what follows from the seed.
pub(crate) fn seed_randomness(wasi: &mut WasiCtxBuilder, seed: u64) {
    let generator = |stream: u64| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        rng
    };
    wasi.secure_random(generator(0))
        .insecure_random(generator(1))
        .insecure_random_seed(u128::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
}

/// The context of a tool call: its logs, a coarse clock, and the workspace when it is granted.
pub(crate) fn of_a_tool(logs: &Logs, workspace: Option<(&Workspace, Access)>) -> wasmtime::Result<WasiCtx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(logs.stream(Stream::Stdout)).stderr(logs.stream(Stream::Stderr));
    restrict(&mut wasi);
    let perms = match workspace {
        None | Some((_, Access::None)) => None,
        Some((_, Access::Read)) => Some(FsPerms::ReadOnly),
        Some((_, Access::Write)) => Some(FsPerms::ReadWrite),
    };
    if let (Some((workspace, _)), Some(perms)) = (workspace, perms) {
        wasi.preopened_dir(workspace.path(), WORKSPACE, perms)?.env("PWD", WORKSPACE).initial_cwd(WORKSPACE);
    }
    Ok(wasi.build())
}

/// What every guest that acts gets: a coarse clock, little randomness at once, no network.
pub(crate) fn restrict(wasi: &mut WasiCtxBuilder) {
    wasi.wall_clock(Coarse).monotonic_clock(Coarse).max_random_size(RANDOM_BYTES);
    deny_network(wasi);
}

/// wasmtime's defaults deny already; said again here so that a changed default is not a hole.
fn deny_network(wasi: &mut WasiCtxBuilder) {
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.socket_addr_check(|_, _| Box::pin(async { false }));
}

/// Clocks of one millisecond, so that a tool can't measure what its neighbours do.
pub(crate) struct Coarse;

pub(crate) const MILLISECOND: u64 = 1_000_000;

impl HostWallClock for Coarse {
    fn resolution(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(MILLISECOND)
    }

    fn now(&self) -> std::time::Duration {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        std::time::Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        MILLISECOND
    }

    fn now(&self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let millis =
            u64::try_from(time.tv_sec).unwrap_or(0) * 1_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / MILLISECOND;
        millis * MILLISECOND
    }
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// All of wasi 0.2 but files, clocks and poll, which are not the same for brains and tools.
pub(crate) fn link_powerless<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<T, Table>(linker, |data| data.ctx().table)?;
    io::streams::add_to_linker::<T, Table>(linker, |data| data.ctx().table)?;
    random::random::add_to_linker::<T, WasiRandom>(linker, |data| data.ctx().ctx.random())?;
    random::insecure::add_to_linker::<T, WasiRandom>(linker, |data| data.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, |data| data.ctx().ctx.random())?;
    link_cli(linker)?;
    link_sockets(linker)
}

/// `wasi:filesystem` for a guest without any directory.
pub(crate) fn link_no_files<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    filesystem::types::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)
}

/// Waiting, for clocks and streams. Brains wait otherwise, in `clock.rs`.
pub(crate) fn link_poll<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    io::poll::add_to_linker::<T, Table>(linker, |data| data.ctx().table)
}

/// The clocks of the context, and waiting for them. Brains and commands have others, in `clock.rs` and `command/time.rs`.
pub(crate) fn link_clocks<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    link_poll(linker)?;
    clocks::wall_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)
}

fn link_cli<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)
}

fn link_sockets<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let options = sockets::network::LinkOptions::default();
    sockets::tcp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    sockets::udp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    sockets::udp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    sockets::instance_network::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    sockets::network::add_to_linker::<T, WasiSockets>(linker, &options, T::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<T, WasiSockets>(linker, T::sockets)
}

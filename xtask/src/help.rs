//! What `cargo xtask --help` says.

pub(crate) const TEXT: &str = "\
cargo xtask COMMAND [-- ARGUMENTS]

  run      Build guests and host, then run the audit agent on this repository.
             cargo xtask run
             cargo xtask run -- --repo https://example.org/some/repo.git
             cargo xtask run -- --repo ../other --limit wall_ms=60s
  test     Build guests and run every test; arguments go to the test runner.
             cargo xtask test
             cargo xtask test -- -p skep-journal torn_tail
  bench    Build guests and print the measured ratios, in release mode.
             cargo xtask bench -- journal
  guests   Build the plugins and test guests only, into target/guests/. Does nothing if nothing changed.
  conformance
           Hold the shell against the tests that BusyBox has for its own, which are fetched from Debian's mirror.
  layers   Check which crate may depend on which (the table is xtask/src/layers.rs).
  ci       Everything CI checks: fmt, lockfiles, layers, cargo deny, clippy, docs, tests, conformance.

Guests are WebAssembly components for wasm32-wasip2. They are built with the rustup target if it is installed,
otherwise on Debian with packages that xtask/guest-toolchain.sh installs (as root, once).

Environment
  SKEP_BUILD_CACHE   keeps built guests between checkouts   (default: $XDG_CACHE_HOME/skep/build)
  SKEP_SHELL_SUITE   the folder `shell` of BusyBox          (Debian's source package, unpacked into the cache)
  SKEP_TOOLCHAIN     keeps the Debian guest toolchain       (default: $XDG_CACHE_HOME/skep/toolchain)
Tests and benchmarks are given
  SKEP_PLUGINS       the folder of built plugins            (target/guests/plugins)
  SKEP_TEST_GUESTS   the folder of built test guests        (target/guests/tests)
  SKEP_BIN           the built skep binary
  SKEP_TEST_REGISTRY the program docker-registry            (installed, or Debian's, unpacked into the cache)
";

#!/usr/bin/env bash
# Builds guests for wasm32-wasip2 on a Debian machine whose rustup cannot add that target.
# Everything comes from Debian's archive and from crates.io, and Python's component from PyPI when it is built; rustup is neither used nor changed.
#
#   xtask/guest-toolchain.sh install   install what is missing (the default; needs root)
#   xtask/guest-toolchain.sh check     say what is missing; exit 1 if anything is
#   xtask/guest-toolchain.sh env       print the build's environment, one NAME=value a line
#   xtask/guest-toolchain.sh shell     print the same for a person: eval "$(xtask/guest-toolchain.sh shell)"
#
# After the last one, in a guest workspace:  $SKEP_GUEST_CARGO build --release $SKEP_GUEST_ARGS
set -euo pipefail

# The compiler of C is for the JavaScript engine, which is written in it.
packages=(rustc-web cargo-web rust-web-src lld-19 clang-19 llvm-19 libclang-rt-19-dev-wasm32)
# What the guests' workspaces ask for. bookworm itself has 1.85; its security updates have this or newer.
rust_version=1.95
linker_version=0.5.31
root=${SKEP_TOOLCHAIN:-${XDG_CACHE_HOME:-$HOME/.cache}/skep/toolchain}
# rustc looks for a target's C runtime beside the target's own libraries, in its sysroot and nowhere else.
self_contained=/usr/lib/rustlib/wasm32-wasip2/lib/self-contained
# Where clang looks for the C library's headers.
sysroot=$root/sysroot

say() { printf '[guest-toolchain] %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

package_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

package_current() {
    local version
    package_installed "$1" || return 1
    [[ $1 = rust* || $1 = cargo* ]] || return 0
    version=$(dpkg-query -W -f '${Version}' "$1")
    dpkg --compare-versions "$version" ge "$rust_version"
}

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        package_current "$package" || echo "$package"
    done
}

wasi_libc_present() {
    [ -f $self_contained/libc.a ] && [ -f $self_contained/crt1-command.o ] && [ -f "$sysroot/include/wasm32-wasip2/stdio.h" ]
}

linker_works() { [ "$("$1" --version 2>/dev/null | awk '{print $NF}')" = "$linker_version" ]; }

# Prints the path of wasm-component-ld: ours, or the same version from PATH.
component_linker() {
    local candidate
    for candidate in "$root/bin/wasm-component-ld" "$(command -v wasm-component-ld || true)"; do
        if [ -n "$candidate" ] && linker_works "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# What the Python command is made with comes from PyPI, into a virtual environment of its own.
python_works() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

missing() {
    missing_packages
    python_works || echo python3-venv
    wasi_libc_present || echo "wasi-libc in $self_contained and $sysroot"
    component_linker >/dev/null || echo "wasm-component-ld $linker_version"
}

require_debian_root() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null \
        || die "this route needs Debian's apt; elsewhere run 'rustup target add wasm32-wasip2'"
    [ "$(id -u)" = 0 ] \
        || die "installing packages needs root; run 'sudo $0' once, or 'rustup target add wasm32-wasip2'"
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2; }

# Images are shipped without package lists, or with lists that are older than the packages' last update. What is installed
# in an old version is upgraded.
install_packages() {
    say "refreshing apt's package lists"
    apt update || say "'apt-get update' failed; going on with the lists that are there"
    apt install -y --no-install-recommends "$@" \
        || die "could not install $*; they are in Debian 12 (bookworm) with its security updates"
    python_works || die "python3 has no module venv; if another python3 than Debian's is first in PATH, give it one"
    [ -z "$(missing_packages)" ] \
        || die "Rust $rust_version or newer is in Debian 12's security updates (bookworm-security), which apt does not see here"
}

# The machine's own mirror, so that a proxy or a local copy of Debian is used here too.
debian_mirror() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' \
        | awk -v release="$codename" '$2 == release { print $1; exit }'
}

# bookworm's wasi-libc knows nothing of wasip2; forky's does, and depends on no other package. A private apt
# configuration fetches that one file and leaves the system's own sources as they are.
install_wasi_libc() {
    local work=$root/wasi-libc mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "found no Debian mirror in 'apt-get indextargets'; check /etc/apt/sources.list*"
    rm -rf "$work"
    mkdir -p "$work"/{lists/partial,archives/partial,parts,unpacked}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror forky main" >"$work/sources.list"
    local private=(
        -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/parts"
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
        -o APT::Sandbox::User=root -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    )
    apt "${private[@]}" update || die "could not read Debian's forky suite at $mirror"
    (cd "$work" && apt "${private[@]}" download wasi-libc) || die "could not download wasi-libc from forky at $mirror"
    dpkg -x "$work"/wasi-libc_*.deb "$work/unpacked"
    ls "$work"/unpacked/usr/lib/wasm32-wasip2/libc.a >/dev/null 2>&1 \
        || die "forky's wasi-libc no longer has usr/lib/wasm32-wasip2; please report this with its version: $(ls "$work"/*.deb)"
    mkdir -p $self_contained
    cp "$work"/unpacked/usr/lib/wasm32-wasip2/*.{o,a} $self_contained/
    mkdir -p "$sysroot/include"
    cp -r "$work/unpacked/usr/include/wasm32-wasip2" "$sysroot/include/"
    rm -rf "$work"
}

install_component_linker() {
    # Lightly optimised: it runs for a moment per component, and compiling it is most of this script's time.
    # From / so that no rust-toolchain.toml or .cargo/config.toml of a checkout has a say.
    (cd / && env -u RUSTFLAGS -u CARGO_TARGET_DIR -u CARGO_BUILD_TARGET \
        RUSTC=/usr/bin/rustc CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
        /usr/bin/cargo install wasm-component-ld --version "$linker_version" --locked --force --root "$root" >&2) \
        || die "'cargo install wasm-component-ld' failed; it needs crates.io and a C linker (apt-get install gcc libc6-dev)"
}

install_missing() {
    [ -n "$(missing)" ] || return 0
    require_debian_root
    mkdir -p "$root"
    # Two builds may start at once on one machine; the second waits and then finds everything there.
    exec 9>"$root/lock"
    flock 9
    local wanted
    mapfile -t wanted < <(missing_packages)
    package_installed gcc || wanted+=(gcc libc6-dev)
    python_works || wanted+=(python3 python3-venv)
    if [ ${#wanted[@]} -gt 0 ]; then
        say "installing ${wanted[*]} from Debian"
        install_packages "${wanted[@]}"
    fi
    if ! wasi_libc_present; then
        say "installing wasi-libc from Debian's forky suite into $self_contained and $sysroot"
        install_wasi_libc
    fi
    if ! component_linker >/dev/null; then
        say "compiling wasm-component-ld $linker_version from crates.io (once; a minute or several)"
        install_component_linker
    fi
    [ -z "$(missing)" ] || die "still missing after installing: $(missing | paste -sd, -)"
    say "ready"
}

# What decides the compiler's output besides the sources, on one line, without any path of this machine.
identity() {
    echo "$(/usr/bin/rustc --version); $(/usr/bin/wasm-ld-19 --version); wasm-component-ld $linker_version;" \
        "wasi-libc $(sha256sum <$self_contained/libc.a | cut -c1-16); $(/usr/bin/clang-19 --version | head -n 1)"
}

print_env() {
    local linker
    linker=$(component_linker) || die "wasm-component-ld is missing; run '$0 install' first"
    cat <<ENV
RUSTC=/usr/bin/rustc
RUSTC_BOOTSTRAP=1
RUSTFLAGS=-C linker=$linker -C link-self-contained=yes -C link-arg=--wasm-ld-path=/usr/bin/wasm-ld-19
CC_wasm32_wasip2=/usr/bin/clang-19
AR_wasm32_wasip2=/usr/bin/llvm-ar-19
CFLAGS_wasm32_wasip2=--target=wasm32-wasip2 --sysroot=$sysroot
RQUICKJS_SYS_NO_WASI_SDK=1
SKEP_GUEST_CARGO=/usr/bin/cargo
SKEP_GUEST_ARGS=-Zbuild-std=std,panic_abort --target wasm32-wasip2
SKEP_GUEST_IDENTITY=$(identity)
ENV
}

case ${1:-install} in
    install) install_missing ;;
    check) [ -z "$(missing)" ] || { say "missing: $(missing | paste -sd, -)"; exit 1; } ;;
    env) print_env ;;
    shell) print_env | sed -E "s/^([A-Za-z0-9_]+)=(.*)\$/export \1='\2'/" ;;
    *) die "unknown command '$1'; say install, check, env or shell" ;;
esac

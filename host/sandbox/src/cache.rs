//! Compiled code on disk. It is native code, so it is loaded only when this host's own key vouches for it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use skep_model::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

const TAG: usize = 32;

/// A folder of compiled components, or none: then everything is compiled at each start.
pub(crate) struct Cache {
    folder: Option<(PathBuf, [u8; 32])>,
    engine: [u8; 32],
}

/// What the cache had.
pub(crate) enum Cached {
    /// Code that is ours.
    Hit(Component),
    /// Nothing.
    Miss,
    /// A file that is not what we wrote; it was removed.
    Forged(PathBuf),
}

impl Cache {
    /// A cache in `folder`, made with its key when it is not there.
    pub(crate) fn open(folder: Option<&Path>, engine: &Engine) -> io::Result<Self> {
        let folder = match folder {
            Some(folder) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                Some((folder.to_owned(), key(&folder.join("key"))?))
            }
            None => None,
        };
        Ok(Self { folder, engine: fingerprint(engine) })
    }

    pub(crate) fn load(&self, engine: &Engine, wasm: Digest) -> Cached {
        let Some((path, key)) = self.place(wasm) else { return Cached::Miss };
        let Ok(bytes) = fs::read(&path) else { return Cached::Miss };
        let component = bytes.split_at_checked(TAG).and_then(|(tag, code)| {
            self.mac(key, wasm, code).verify_slice(tag).ok()?;
            revive(engine, code).ok()
        });
        match component {
            Some(component) => Cached::Hit(component),
            None => {
                // Whether or not it can be removed, it is not loaded.
                drop(fs::remove_file(&path));
                Cached::Forged(path)
            }
        }
    }

    /// Makes a component of code that was just compiled, and keeps it. A cache that can't be written costs time only.
    pub(crate) fn keep(&self, engine: &Engine, wasm: Digest, code: &[u8]) -> wasmtime::Result<Component> {
        if let Some((path, key)) = self.place(wasm) {
            let tag = self.mac(key, wasm, code).finalize().into_bytes();
            if let Err(error) = write(&path, &tag, code) {
                tracing::warn!(%error, path = %path.display(), "compiled code was not kept");
            }
        }
        revive(engine, code)
    }

    fn place(&self, wasm: Digest) -> Option<(PathBuf, &[u8; 32])> {
        let (folder, key) = self.folder.as_ref()?;
        let engine = Digest::from_bytes(self.engine).short();
        Some((folder.join(format!("{}-{engine}.cwasm", wasm.hex())), key))
    }

    fn mac(&self, key: &[u8; 32], wasm: Digest, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(&self.engine);
        mac.update(wasm.as_bytes());
        mac.update(code);
        mac
    }
}

/// What decides whether code fits an engine: wasmtime's version, the settings, the processor.
fn fingerprint(engine: &Engine) -> [u8; 32] {
    use std::hash::{Hash, Hasher};
    struct Bytes(Vec<u8>);
    impl Hasher for Bytes {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut bytes = Bytes(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut bytes);
    *Digest::of(&bytes.0).as_bytes()
}

#[expect(
    unsafe_code,
    reason = "loading compiled code is unsafe; the caller has authenticated these bytes or has just compiled them"
)]
fn revive(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: both callers hand in bytes that this host's compiler made: one checks their HMAC under a key that only this
    // host's user can read, the other got them from the compiler in this very call.
    unsafe { Component::deserialize(engine, code) }
}

fn key(path: &Path) -> io::Result<[u8; 32]> {
    match fs::read(path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes)
            .map_err(|_| io::Error::other(format!("{} is damaged; delete the folder it is in", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut key)?;
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

fn write(path: &Path, tag: &[u8], code: &[u8]) -> io::Result<()> {
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(tag)?;
    file.write_all(code)?;
    fs::rename(&partial, path)
}

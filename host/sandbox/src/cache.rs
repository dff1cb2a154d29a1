//! Compiled code on disk. It is native code, so it is loaded only when this host's own key vouches for it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    /// A cache in `folder`, made with its key when it is not there. Whoever could write there or read the key could have the
    /// host run native code, so both must be this user's alone.
    pub(crate) fn open(folder: Option<&Path>, engine: &Engine) -> io::Result<Self> {
        let folder = match folder {
            Some(folder) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                private(folder, &fs::symlink_metadata(folder)?)?;
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
            let tag = blake3::Hash::from_slice(tag).ok()?;
            // It is compared in constant time.
            (self.mac(key, wasm, code) == tag).then(|| revive(engine, code).ok())?
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
            let tag = self.mac(key, wasm, code);
            if let Err(error) = write(&path, tag.as_bytes(), code) {
                tracing::warn!(%error, path = %path.display(), "compiled code was not kept");
            }
        }
        revive(engine, code)
    }

    fn place(&self, wasm: Digest) -> Option<(PathBuf, &[u8; 32])> {
        let (folder, key) = self.folder.as_ref()?;
        let engine = Digest::from_bytes(self.engine).short();
        Some((folder.join(format!("{}-{engine}.b3.cwasm", wasm.hex())), key))
    }

    /// BLAKE3 with a key: code of many megabytes is checked whenever a command is loaded, and SHA-256 takes several times as long.
    fn mac(&self, key: &[u8; 32], wasm: Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(key);
        mac.update(&self.engine).update(wasm.as_bytes()).update(code);
        mac.finalize()
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
    // SAFETY: both callers hand in bytes that this host's compiler made: one checks their MAC under a key that only this
    // host's user can read, the other got them from the compiler in this very call.
    unsafe { Component::deserialize(engine, code) }
}

/// The key, made when there is none. Of several processes that make one at the same time, one wins.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    match read_key(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
            let partial = partial(path, &[&key])?;
            let linked = fs::hard_link(&partial, path);
            fs::remove_file(&partial)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => read_key(path),
            }
        }
        key => key,
    }
}

fn read_key(path: &Path) -> io::Result<[u8; 32]> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    private(path, &file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes)?;
    let damaged = |_| io::Error::other(format!("{} is damaged; delete the folder it is in", path.display()));
    <[u8; 32]>::try_from(bytes).map_err(damaged)
}

fn private(path: &Path, found: &fs::Metadata) -> io::Result<()> {
    let user = rustix::process::geteuid().as_raw();
    if found.uid() == user && found.mode() & 0o077 == 0 && !found.is_symlink() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "{} must belong to user {user} and be open to nobody else, but belongs to {} with mode {:o}; delete the cache folder",
            path.display(),
            found.uid(),
            found.mode() & 0o7777
        ),
    ))
}

fn write(path: &Path, tag: &[u8], code: &[u8]) -> io::Result<()> {
    fs::rename(partial(path, &[tag, code])?, path)
}

/// A whole file under a name of its own, which nobody reads: a kill at any time leaves no half of the real one.
fn partial(path: &Path, parts: &[&[u8]]) -> io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let partial = path.with_extension(format!("partial-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed)));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()?;
    Ok(partial)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::engine::{self, Sizes};
    use crate::{Allocation, engine::config};

    /// The smallest component.
    const WASM: &[u8] = b"\0asm\x0d\0\x01\0";
    const SIZES: Sizes = Sizes { instances: 1, memory_bytes: 1 << 20, table_elements: 1_000 };

    struct Place {
        root: tempfile::TempDir,
        engine: Engine,
        code: Vec<u8>,
    }

    fn place() -> Place {
        let (engine, ..) = engine::engine(Allocation::OnDemand, SIZES).unwrap();
        let code = engine.precompile_component(WASM).unwrap();
        Place { root: tempfile::tempdir().unwrap(), engine, code }
    }

    impl Place {
        fn folder(&self) -> PathBuf {
            self.root.path().join("cache")
        }

        fn open(&self) -> io::Result<Cache> {
            Cache::open(Some(&self.folder()), &self.engine)
        }

        /// A cache that has the component, and the file that it is in.
        fn kept(&self) -> (Cache, PathBuf) {
            let cache = self.open().unwrap();
            cache.keep(&self.engine, Digest::of(WASM), &self.code).unwrap();
            let (path, _) = cache.place(Digest::of(WASM)).unwrap();
            assert!(matches!(cache.load(&self.engine, Digest::of(WASM)), Cached::Hit(_)));
            (cache, path)
        }
    }

    #[test]
    fn code_that_is_not_to_the_byte_what_was_kept_is_never_loaded_and_removed() {
        let place = place();
        let (_, path) = place.kept();
        let whole = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let cut = [0, TAG - 1, TAG, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec());
        let changed = [0, TAG - 1, TAG, whole.len() / 2, whole.len() - 1].map(flipped);
        let longer = [whole.clone(), b"more".to_vec()].concat();
        for forged in cut.into_iter().chain(changed).chain([longer]) {
            fs::write(&path, &forged).unwrap();
            let cache = place.open().unwrap();
            assert!(matches!(cache.load(&place.engine, Digest::of(WASM)), Cached::Forged(removed) if removed == path));
            assert!(!path.exists());
            assert!(matches!(cache.load(&place.engine, Digest::of(WASM)), Cached::Miss));
        }
    }

    #[test]
    fn code_of_another_component_engine_or_key_is_not_taken_for_this_one() {
        let place = place();
        let (cache, path) = place.kept();
        let other = Digest::of(b"other");
        fs::copy(&path, cache.place(other).unwrap().0).unwrap();
        assert!(matches!(cache.load(&place.engine, other), Cached::Forged(_)), "another component");

        let mut settings = config(Allocation::OnDemand, SIZES);
        settings.cranelift_opt_level(wasmtime::OptLevel::None);
        let slower = Engine::new(&settings).unwrap();
        let there = Cache::open(Some(&place.folder()), &slower).unwrap();
        assert!(matches!(there.load(&slower, Digest::of(WASM)), Cached::Miss), "another engine has other names");
        fs::copy(&path, there.place(Digest::of(WASM)).unwrap().0).unwrap();
        assert!(matches!(there.load(&slower, Digest::of(WASM)), Cached::Forged(_)), "another engine");

        fs::remove_file(place.folder().join("key")).unwrap();
        let cache = place.open().unwrap();
        assert!(matches!(cache.load(&place.engine, Digest::of(WASM)), Cached::Forged(_)), "another key");
    }

    #[test]
    fn a_folder_or_key_that_others_can_reach_is_refused() {
        let place = place();
        drop(place.open().unwrap());
        let key = place.folder().join("key");
        for (path, open, closed) in [(place.folder(), 0o755, 0o700), (key.clone(), 0o640, 0o600)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let error = place.open().map(drop).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert!(error.to_string().contains(&format!("with mode {open:o}")), "{error}");
            fs::set_permissions(&path, fs::Permissions::from_mode(closed)).unwrap();
            drop(place.open().unwrap());
        }
        let elsewhere = place.root.path().join("key");
        fs::rename(&key, &elsewhere).unwrap();
        symlink(&elsewhere, &key).unwrap();
        assert!(place.open().is_err(), "a key behind a link");
    }

    #[test]
    fn a_damaged_key_is_named_and_a_kill_while_one_is_made_leaves_none() {
        let place = place();
        drop(place.open().unwrap());
        let key = place.folder().join("key");
        for length in [0, 31, 33] {
            fs::write(&key, vec![7; length]).unwrap();
            let error = place.open().map(drop).unwrap_err().to_string();
            assert_eq!(error, format!("{} is damaged; delete the folder it is in", key.display()));
        }
        fs::rename(&key, key.with_extension("partial-1-0")).unwrap();
        drop(place.open().unwrap());
        assert_eq!(fs::read(&key).unwrap().len(), 32);
    }

    #[test]
    fn of_many_that_make_the_key_at_once_all_get_the_same() {
        let place = place();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let opened: Vec<_> = (0..8).map(|_| scope.spawn(|| place.open().unwrap().folder.unwrap().1)).collect();
            opened.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|two| two[0] == two[1]));
    }
}

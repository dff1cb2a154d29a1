// Files. Everything is done at once; what has a callback or a promise tells it afterwards.
const { Buffer } = require("buffer");

const named = (path) => {
    if (typeof path === "string") return path;
    if (path instanceof Uint8Array) return host.decode(path);
    if (typeof path?.href === "string" && path.protocol === "file:") return decodeURIComponent(path.pathname);
    throw Object.assign(new TypeError(`The "path" argument must be a string, a Buffer or a URL. Received ${path}`), { code: "ERR_INVALID_ARG_TYPE" });
};
const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding);
const bytesOf = (data, options) => {
    if (typeof data === "string") return Buffer.from(data, encodingOf(options) ?? "utf8");
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return host.encode(String(data));
};

class Stats {
    constructor({ kind, size, mtimeMs, atimeMs }) {
        const mode = { folder: 0o40755, link: 0o120777, file: 0o100644 }[kind];
        Object.assign(this, { size, mode, nlink: 1, uid: 1000, gid: 1000, atimeMs, mtimeMs, ctimeMs: mtimeMs, birthtimeMs: mtimeMs });
        for (const name of ["atime", "mtime", "ctime", "birthtime"]) this[name] = new Date(this[`${name}Ms`]);
    }
    isFile() {
        return (this.mode & 0o170000) === 0o100000;
    }
    isDirectory() {
        return (this.mode & 0o170000) === 0o40000;
    }
    isSymbolicLink() {
        return (this.mode & 0o170000) === 0o120000;
    }
}

class Dirent {
    #kind;
    constructor(name, kind, parentPath) {
        this.#kind = kind;
        Object.assign(this, { name, parentPath, path: parentPath });
    }
    isFile() {
        return this.#kind === "file";
    }
    isDirectory() {
        return this.#kind === "folder";
    }
    isSymbolicLink() {
        return this.#kind === "link";
    }
}

const entriesOf = (folder, recursive, below = "") =>
    host.list(folder).flatMap(([name, kind]) => {
        const entry = { name: below + name, kind, folder };
        return recursive && kind === "folder" ? [entry, ...entriesOf(`${folder}/${name}`, true, `${below}${name}/`)] : [entry];
    });
const missing = (problem) => problem.code === "ENOENT";
const orNothing = (call, allowed) => {
    try {
        return call();
    } catch (problem) {
        if (allowed(problem)) return undefined;
        throw problem;
    }
};

const calls = {
    readFile(path, options) {
        const bytes = path === 0 || path === "/dev/stdin" ? host.input() : host.read(named(path));
        const encoding = encodingOf(options);
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
    },
    writeFile(path, data, options) {
        const bytes = bytesOf(data, options);
        if (path === 1 || path === "/dev/stdout") host.outputBytes(bytes);
        else if (path === 2 || path === "/dev/stderr") host.error(host.decode(bytes));
        else host.write(named(path), bytes, options?.flag ?? "w");
    },
    appendFile: (path, data, options) => host.write(named(path), bytesOf(data, options), "a"),
    readdir(path, options) {
        const entries = entriesOf(named(path), options?.recursive);
        if (!options?.withFileTypes) return entries.map(({ name }) => name);
        return entries.map(({ name, kind, folder }) => new Dirent(name.split("/").at(-1), kind, folder));
    },
    mkdir(path, options) {
        const [folder, recursive] = [named(path), options?.recursive];
        return recursive ? void host.mkdirs(folder) : void host.mkdir(folder);
    },
    stat: (path, options) => {
        const read = () => new Stats(host.stat(named(path), true));
        return options?.throwIfNoEntry === false ? orNothing(read, missing) : read();
    },
    lstat: (path, options) => {
        const read = () => new Stats(host.stat(named(path), false));
        return options?.throwIfNoEntry === false ? orNothing(read, missing) : read();
    },
    rm(path, options) {
        const target = named(path);
        const found = options?.force ? orNothing(() => host.stat(target, false), missing) : host.stat(target, false);
        if (found === undefined) return;
        if (found.kind !== "folder") host.unlink(target);
        else if (options?.recursive) host.rmdirs(target);
        else throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${target}`), { code: "ERR_FS_EISDIR" });
    },
    rmdir: (path, options) => void (options?.recursive ? host.rmdirs : host.rmdir)(named(path)),
    unlink: (path) => void host.unlink(named(path)),
    rename: (from, to) => host.rename(named(from), named(to)),
    copyFile(from, to, mode = 0) {
        if (mode & 1 && exists(to)) throw Object.assign(new Error(`EEXIST: file already exists, copyfile '${from}' -> '${to}'`), { code: "EEXIST" });
        host.copyfile(named(from), named(to));
    },
    cp(from, to, options) {
        const [source, target] = [named(from), named(to)];
        if (host.stat(source, true).kind !== "folder") return void host.copyfile(source, target);
        if (!options?.recursive) throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: ${source}`), { code: "ERR_FS_EISDIR" });
        host.mkdirs(target);
        for (const [name] of host.list(source)) calls.cp(`${source}/${name}`, `${target}/${name}`, options);
    },
    access: (path) => void host.stat(named(path), true),
    realpath: (path) => host.realpath(named(path)),
    readlink: (path) => host.readlink(named(path)),
    symlink: (target, path) => host.symlink(named(target), named(path)),
    mkdtemp(prefix) {
        const path = `${named(prefix)}${Math.random().toString(36).slice(2, 8).padEnd(6, "x")}`;
        host.mkdir(path);
        return path;
    },
    truncate: (path, length = 0) => host.write(named(path), host.read(named(path)).slice(0, length), "w"),
    chmod: () => {},
    utimes: () => {},
};
const exists = (path) => {
    try {
        host.stat(named(path), true);
        return true;
    } catch {
        return false;
    }
};

exports.promises = {};
for (const [name, call] of Object.entries(calls)) {
    exports[`${name}Sync`] = call;
    exports.promises[name] = async (...values) => call(...values);
    exports[name] = (...values) => {
        const done = values.pop();
        if (typeof done !== "function") throw new TypeError(`fs.${name} needs a callback; there is fs.${name}Sync`);
        exports.promises[name](...values).then((result) => queueMicrotask(() => done(null, result)), (problem) => queueMicrotask(() => done(problem)));
    };
}
exports.existsSync = exists;
exports.exists = (path, done) => queueMicrotask(() => done(exists(path)));
exports.realpathSync.native = exports.realpathSync;
exports.constants = exports.promises.constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, COPYFILE_EXCL: 1 };
Object.assign(exports, { Stats, Dirent });

// The globals that programs expect, `require`, and the turns of a program's life. Evaluated once, before the program.
(() => {
    "use strict";
    const host = globalThis.__skep;
    Object.defineProperty(globalThis, "__skep", { enumerable: false, writable: false, configurable: false });
    globalThis.global = globalThis;

    // What the program itself is part of: modules by name, loaded when they are asked for. Some have no name for programs.
    const hidden = ["inspect", "web"];
    const loaded = Object.create(null);
    const aliases = {
        "assert/strict": () => internal("assert"),
        "fs/promises": () => internal("fs").promises,
        "path/posix": () => internal("path"),
        process: () => process,
        "timers/promises": () => internal("timers").promises,
        "readline/promises": () => internal("readline").promises,
    };
    const internal = (name) => {
        if (!(name in loaded)) {
            const module = { exports: {} };
            const source = `(function (exports, require, module, host) {${host.sources[name]}\n})`;
            loaded[name] = module;
            host.evaluate(source, `node:${name}`)(module.exports, internal, module, host);
        }
        return loaded[name].exports;
    };
    host.builtIn = (name) => {
        const plain = name.replace(/^node:/, "");
        if (plain in aliases || (plain in host.sources && !hidden.includes(plain))) return plain;
        if (name.startsWith("node:")) throw failure(`there is no module '${name}' here`, "ERR_UNKNOWN_BUILTIN_MODULE");
        return null;
    };
    const builtIn = (plain) => (aliases[plain] ?? (() => internal(plain)))();

    const failure = (message, code) => Object.assign(new Error(message), { code });

    // `require` of files.
    const cache = Object.create(null);
    const dirname = (path) => path.slice(0, Math.max(path.lastIndexOf("/"), 1));
    const find = (folder, name) => {
        const path = host.resolve(folder, name);
        if (path == null) throw failure(`Cannot find module '${name}' from '${folder}'`, "MODULE_NOT_FOUND");
        return path;
    };
    const requireFor = (folder) => {
        const require = (name) => {
            const plain = host.builtIn(name);
            return plain === null ? load(find(folder, name)) : builtIn(plain);
        };
        require.resolve = (name) => host.builtIn(name) ?? find(folder, name);
        require.cache = cache;
        return require;
    };
    const load = (path) => {
        if (path in cache) return cache[path].exports;
        const source = host.decode(host.read(path));
        if (path.endsWith(".json")) return (cache[path] = { exports: JSON.parse(source) }).exports;
        if (host.isModule(path, source)) {
            throw failure(`require() of the ES module ${path}: use import`, "ERR_REQUIRE_ESM");
        }
        return runScript(path, source);
    };
    const runScript = (path, source) => {
        const module = { exports: {}, filename: path, id: path, loaded: false, path: dirname(path) };
        const text = `(function (exports, require, module, __filename, __dirname) {${source.replace(/^#!/, "//")}\n})`;
        const body = host.evaluate(text, path);
        cache[path] = module;
        if (main === undefined) main = module;
        const require = requireFor(module.path);
        require.main = main;
        try {
            body.call(module.exports, module.exports, require, module, path, module.path);
        } catch (error) {
            delete cache[path];
            throw error;
        }
        module.loaded = true;
        return module.exports;
    };
    let main;
    host.required = (name) => (name.startsWith("node:") ? builtIn(name.slice(5)) : load(name));
    host.exportsOf = (name) => {
        const exported = host.required(name);
        const open = (typeof exported === "object" && exported !== null) || typeof exported === "function";
        return open ? Object.keys(exported).filter((key) => key !== "default") : [];
    };

    // Globals, the larger ones when they are first used.
    const lazily = (name, make) =>
        Object.defineProperty(globalThis, name, {
            configurable: true,
            enumerable: false,
            get() {
                const value = make();
                Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
                return value;
            },
            set(value) {
                Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
            },
        });
    const format = (...values) => internal("inspect").format(...values);
    const counts = Object.create(null);
    const timed = Object.create(null);
    let indent = "";
    const line = (write) => (...values) => {
        const plain = values.length === 1 && typeof values[0] === "string";
        const text = plain ? values[0] : format(...values);
        write(`${indent && indent + text.replaceAll("\n", "\n" + indent)}${indent ? "" : text}\n`);
    };
    const [log, error] = [line(host.output), line(host.error)];
    globalThis.console = {
        log,
        info: log,
        debug: log,
        error,
        warn: error,
        trace: (...values) => error(`Trace: ${format(...values)}\n${new Error().stack}`),
        dir: (value, options) => log(internal("inspect").inspect(value, options)),
        assert: (condition, ...values) => condition || error(values.length ? `Assertion failed: ${format(...values)}` : "Assertion failed"),
        count: (label = "default") => log(`${label}: ${(counts[label] = (counts[label] ?? 0) + 1)}`),
        countReset: (label = "default") => delete counts[label],
        time: (label = "default") => void (timed[label] = Date.now()),
        timeEnd: (label = "default") => log(`${label}: ${Date.now() - timed[label]}ms`),
        timeLog: (label = "default", ...values) => log(`${label}: ${Date.now() - timed[label]}ms`, ...values),
        group: (...values) => {
            if (values.length) log(...values);
            indent += "  ";
        },
        groupEnd: () => void (indent = indent.slice(2)),
        table: (rows) => log(internal("inspect").table(rows)),
    };
    lazily("Buffer", () => internal("buffer").Buffer);
    for (const name of ["TextEncoder", "TextDecoder", "atob", "btoa"]) lazily(name, () => internal("buffer")[name]);
    for (const name of ["URL", "URLSearchParams"]) lazily(name, () => internal("url")[name]);
    lazily("structuredClone", () => internal("util").structuredClone);
    for (const name of ["AbortController", "AbortSignal", "Headers", "Request", "Response", "fetch"]) {
        lazily(name, () => internal("web")[name]);
    }

    // Timers. They are due in the order of their times, and those of one time in the order in which they were set.
    let timers = [];
    let lastTimer = 0;
    class Timeout {
        constructor(call, delay, values, again) {
            if (typeof call !== "function") throw new TypeError("The first argument must be a function");
            const wait = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
            Object.assign(this, { call, values, wait, again, number: ++lastTimer, due: Date.now() + wait });
            timers.push(this);
        }
        ref() {
            return this;
        }
        unref() {
            this.idle = true;
            return this;
        }
        hasRef() {
            return !this.idle;
        }
        refresh() {
            this.due = Date.now() + this.wait;
            return this;
        }
        [Symbol.toPrimitive]() {
            return this.number;
        }
    }
    const clear = (timer) => void (timers = timers.filter((other) => other !== timer && other.number !== timer));
    globalThis.setTimeout = (call, delay, ...values) => new Timeout(call, delay, values, false);
    globalThis.setInterval = (call, delay, ...values) => new Timeout(call, delay, values, true);
    globalThis.setImmediate = (call, ...values) => {
        const timer = new Timeout(call, 1, values, false);
        timer.due = 0;
        return timer;
    };
    globalThis.clearTimeout = globalThis.clearInterval = globalThis.clearImmediate = clear;
    globalThis.queueMicrotask ??= (call) => void Promise.resolve().then(call);

    // One turn: the first timer that is due, or how long to wait for the next one; -1 when there is nothing to wait for.
    host.turn = () => {
        if (!timers.some((timer) => !timer.idle)) return -1;
        const first = timers.reduce((a, b) => (b.due < a.due || (b.due === a.due && b.number < a.number) ? b : a));
        const wait = first.due - Date.now();
        if (wait > 0) return wait;
        if (first.again) first.due = Date.now() + first.wait;
        else clear(first);
        first.call(...first.values);
        return 0;
    };

    // `process`: it is an emitter only for what is emitted here.
    const handlers = Object.create(null);
    const emit = (event, ...values) => {
        const all = handlers[event] ?? [];
        for (const call of [...all]) call.apply(process, values);
        return all.length > 0;
    };
    const on = (event, call) => {
        (handlers[event] ??= []).push(call);
        return process;
    };
    const off = (event, call) => {
        handlers[event] = (handlers[event] ?? []).filter((other) => other !== call && other.listener !== call);
        return process;
    };
    const once = (event, call) => {
        const wrapped = (...values) => {
            off(event, wrapped);
            call.apply(process, values);
        };
        wrapped.listener = call;
        return on(event, wrapped);
    };
    const writer = (write, fd) => ({
        fd,
        isTTY: false,
        columns: 80,
        writable: true,
        write(chunk, encoding, done) {
            write(typeof chunk === "string" ? chunk : host.decode(chunk));
            const call = typeof encoding === "function" ? encoding : done;
            if (call) queueMicrotask(call);
            return true;
        },
        end(chunk, done) {
            if (chunk !== undefined && typeof chunk !== "function") this.write(chunk);
            if (typeof done === "function") queueMicrotask(done);
        },
        on: () => {},
        once: () => {},
        emit: () => false,
        removeListener: () => {},
    });
    const output = writer(host.output, 1);
    const writeText = output.write;
    output.write = function (chunk, ...rest) {
        if (typeof chunk === "string") return writeText.call(this, chunk, ...rest);
        host.outputBytes(chunk);
        return writeText.call(this, "", ...rest);
    };
    const started = Date.now();
    const version = host.version;
    globalThis.process = {
        argv: host.words,
        argv0: host.name,
        execPath: host.words[0],
        execArgv: [],
        env: host.variables,
        exitCode: undefined,
        pid: 1,
        ppid: 0,
        platform: "linux",
        arch: "wasm32",
        title: host.name,
        version,
        versions: { node: version.slice(1), quickjs: "ng" },
        release: { name: "skep" },
        config: {},
        features: {},
        stdout: output,
        stderr: writer(host.error, 2),
        cwd: () => host.cwd("."),
        chdir: (path) => void host.chdir(String(path)),
        exit(code) {
            if (code !== undefined) process.exitCode = code;
            leave();
            host.exit(Number(process.exitCode ?? 0) & 255);
        },
        on,
        addListener: on,
        once,
        off,
        removeListener: off,
        removeAllListeners: (event) => (delete handlers[event], process),
        listenerCount: (event) => (handlers[event] ?? []).length,
        emit,
        emitWarning: (warning) => error(`(js) Warning: ${warning?.message ?? warning}`),
        nextTick: (call, ...values) => queueMicrotask(() => call(...values)),
        uptime: () => (Date.now() - started) / 1000,
        hrtime: Object.assign(
            (since) => {
                const now = Date.now() - started;
                const time = [Math.trunc(now / 1000), (now % 1000) * 1e6];
                if (!since) return time;
                const nanoseconds = (time[0] - since[0]) * 1e9 + time[1] - since[1];
                return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
            },
            { bigint: () => BigInt(Date.now() - started) * 1000000n },
        ),
        memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0 }),
        umask: () => 0o22,
        getuid: () => 1000,
        getgid: () => 1000,
    };
    Object.defineProperty(process, "stdin", { get: () => internal("readline").stdin, enumerable: true });
    Object.defineProperty(process, Symbol.toStringTag, { value: "process" });
    globalThis.performance ??= { now: () => Date.now() - started, timeOrigin: started };

    // The life of a program.
    let left = false;
    const leave = () => {
        if (left) return;
        left = true;
        emit("exit", Number(process.exitCode ?? 0));
    };
    const rejections = new Map();
    host.rejection = (promise, reason, handled) => {
        if (handled) rejections.delete(promise);
        else rejections.set(promise, reason);
    };
    host.rejected = () => {
        for (const [promise, reason] of [...rejections]) {
            rejections.delete(promise);
            if (!emit("unhandledRejection", reason, promise)) throw reason;
        }
    };
    host.uncaught = (thrown) => {
        if (emit("uncaughtException", thrown)) return true;
        const plain = thrown instanceof Error;
        error(plain ? internal("inspect").inspect(thrown) : `Uncaught ${internal("inspect").inspect(thrown)}`);
        return false;
    };
    host.begin = (path, source, module, kind) => {
        if (module) {
            host.module(path, source);
            return;
        }
        if (kind === "file") {
            try {
                runScript(path, source);
            } catch (problem) {
                if (!(problem instanceof SyntaxError) || !/\bawait\b/.test(source)) throw problem;
                // `await` outside of functions is for modules alone.
                host.module(path, source);
            }
            return;
        }
        const folder = host.cwd(".");
        const here = { exports: {}, filename: path, id: path, path: folder };
        Object.assign(globalThis, { require: requireFor(folder), module: here, exports: here.exports });
        Object.assign(globalThis, { __filename: path, __dirname: "." });
        for (const name of Object.keys(host.sources)) {
            if (!hidden.includes(name) && !(name in globalThis)) lazily(name, () => internal(name));
        }
        let result;
        try {
            result = host.evaluate(source, path);
        } catch (problem) {
            if (!(problem instanceof SyntaxError) || !/\bawait\b/.test(source) || kind === "print") throw problem;
            host.module(path, source);
        }
        if (kind === "print") log(typeof result === "string" ? result : internal("inspect").inspect(result));
    };
    // What is left to do when there is nothing to wait for, and the code to end with.
    host.end = (failed) => {
        if (failed) process.exitCode = 1;
        else emit("beforeExit", Number(process.exitCode ?? 0));
        leave();
        return Number(process.exitCode ?? 0) & 255;
    };
})();

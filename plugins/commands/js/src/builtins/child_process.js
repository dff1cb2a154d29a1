// Other commands of the image, run to their ends. Their standard error is the program's own.
const { Buffer } = require("buffer");

const quoted = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

// Input is a file to the command: writing and reading at once takes two.
const withInput = (words, options, run) => {
    if (options.input === undefined) return run(words);
    const fs = require("fs");
    const folder = fs.mkdtempSync(`${require("os").tmpdir()}/input-`);
    try {
        fs.writeFileSync(`${folder}/input`, options.input);
        return run(["sh", "-c", `exec "$@" < ${quoted(`${folder}/input`)}`, "sh", ...words]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
};
const wantsOutput = (options) => {
    const stdio = options.stdio ?? "pipe";
    return (Array.isArray(stdio) ? (stdio[1] ?? "pipe") : stdio) === "pipe";
};
const started = (words, options) =>
    withInput(words, options, (command) =>
        host.start(command.map(String), {
            captured: wantsOutput(options),
            silent: options.stdio === "ignore",
            timeout: options.timeout || undefined,
            directory: String(options.cwd ?? process.cwd()),
            variables: Object.fromEntries(Object.entries(options.env ?? process.env).map(([name, value]) => [name, String(value)])),
        }),
    );
const text = (bytes, options) => {
    const buffer = Buffer.from(bytes);
    const encoding = options.encoding ?? "buffer";
    return encoding === "buffer" ? buffer : buffer.toString(encoding);
};

const spawnSync = (file, list, options) => {
    if (!Array.isArray(list)) [list, options] = [[], list];
    options ??= {};
    const words = options.shell ? ["sh", "-c", [file, ...list].join(" ")] : [file, ...list];
    const { failure, code, reason, written } = started(words, options);
    if (failure !== undefined) {
        const error = Object.assign(new Error(`spawnSync ${file} ENOENT: ${failure}`), { code: "ENOENT", errno: -2, path: file, syscall: `spawnSync ${file}` });
        return { error, status: null, signal: null, stdout: null, stderr: null, output: null, pid: 0 };
    }
    const late = code === 124 && reason !== "";
    const stdout = text(written, options);
    const stderr = text(new Uint8Array(), options);
    const result = { pid: 2, status: late ? null : code, signal: late ? "SIGTERM" : null, stdout, stderr, output: [null, stdout, stderr] };
    if (late) result.error = Object.assign(new Error(`spawnSync ${file} ETIMEDOUT`), { code: "ETIMEDOUT" });
    return result;
};
const checked = (result, command) => {
    if (result.error) throw Object.assign(result.error, result);
    if (result.status !== 0) throw Object.assign(new Error(`Command failed: ${command}`), result);
    return result.stdout;
};
const execSync = (command, options = {}) => checked(spawnSync("sh", ["-c", command], options), command);
const execFileSync = (file, list, options) => {
    const words = Array.isArray(list) ? list : [];
    return checked(spawnSync(file, list, options), [file, ...words].join(" "));
};

// What has a callback tells it afterwards.
const afterwards = (call, command, options, done) => {
    if (typeof options === "function") [options, done] = [{}, options];
    const result = call({ encoding: "utf8", ...options });
    let problem = null;
    try {
        checked(result, command);
    } catch (error) {
        problem = Object.assign(error, { code: error.code ?? result.status });
    }
    if (done) setImmediate(() => done(problem, result.stdout ?? "", result.stderr ?? ""));
};
const exec = (command, options, done) => afterwards((all) => spawnSync("sh", ["-c", command], all), command, options, done);
const execFile = (file, list, options, done) => {
    if (!Array.isArray(list)) [list, options, done] = [[], list, options];
    afterwards((all) => spawnSync(file, list, all), [file, ...list].join(" "), options, done);
};
const refuse = (name) => () => {
    throw new Error(`child_process.${name}: commands are run to their ends here; there are spawnSync, execSync and execFileSync`);
};
module.exports = { spawnSync, execSync, execFileSync, exec, execFile, spawn: refuse("spawn"), fork: refuse("fork") };

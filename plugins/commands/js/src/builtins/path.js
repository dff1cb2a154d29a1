// Paths as POSIX has them.
const text = (path) => {
    if (typeof path !== "string") throw new TypeError(`The "path" argument must be of type string. Received ${typeof path}`);
    return path;
};
const normalize = (path) => {
    const absolute = text(path).startsWith("/");
    const parts = [];
    for (const part of path.split("/")) {
        if (part === "" || part === ".") continue;
        if (part !== "..") parts.push(part);
        else if (parts.length && parts.at(-1) !== "..") parts.pop();
        else if (!absolute) parts.push(part);
    }
    const whole = (absolute ? "/" : "") + parts.join("/");
    if (whole === "") return path.endsWith("/") ? "./" : ".";
    return path.endsWith("/") && parts.length ? `${whole}/` : whole;
};
const join = (...paths) => normalize(paths.map(text).filter((path) => path !== "").join("/") || ".");
const resolve = (...paths) => {
    let whole = "";
    for (const path of [process.cwd(), ...paths].map(text)) whole = path.startsWith("/") ? path : path ? `${whole}/${path}` : whole;
    const result = normalize(whole);
    return result.length > 1 ? result.replace(/\/$/, "") : result;
};
const trimmed = (path) => text(path).replace(/(?!^)\/+$/, "");
const basename = (path, ending = "") => {
    const name = trimmed(path).split("/").at(-1);
    return ending && name !== ending && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
};
const dirname = (path) => {
    const whole = trimmed(path);
    const slash = whole.lastIndexOf("/");
    return slash < 0 ? "." : slash === 0 ? "/" : whole.slice(0, slash).replace(/(?!^)\/+$/, "");
};
const extname = (path) => {
    const name = basename(path);
    const dot = name.lastIndexOf(".");
    return dot <= 0 || name === ".." ? "" : name.slice(dot);
};
const relative = (from, to) => {
    const parts = (path) => resolve(path).split("/").filter(Boolean);
    const [here, there] = [parts(from), parts(to)];
    let common = 0;
    while (common < here.length && here[common] === there[common]) common++;
    return [...here.slice(common).map(() => ".."), ...there.slice(common)].join("/");
};
const isAbsolute = (path) => text(path).startsWith("/");
const parse = (path) => {
    const [base, ext] = [basename(path), extname(path)];
    const root = isAbsolute(path) ? "/" : "";
    const dir = path.includes("/") ? dirname(path) : "";
    return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
};
const format = ({ root = "", dir, base, name = "", ext = "" }) => {
    const file = base ?? name + (ext && !ext.startsWith(".") ? `.${ext}` : ext);
    return dir ? (dir === root ? dir + file : `${dir}/${file}`) : root + file;
};
Object.assign(exports, { sep: "/", delimiter: ":", normalize, join, resolve, basename, dirname, extname, relative, isAbsolute, parse, format });
exports.posix = exports;

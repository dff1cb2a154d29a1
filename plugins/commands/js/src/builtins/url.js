const escaped = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
const unescaped = (text) => decodeURIComponent(text.replaceAll("+", " "));

class URLSearchParams {
    #pairs = [];
    #changed;
    constructor(from = "", changed = () => {}) {
        this.#changed = changed;
        if (typeof from === "string") {
            const parts = from.replace(/^\?/, "").split("&").filter(Boolean);
            this.#pairs = parts.map((part) => {
                const at = part.indexOf("=");
                return at < 0 ? [unescaped(part), ""] : [unescaped(part.slice(0, at)), unescaped(part.slice(at + 1))];
            });
        } else {
            const pairs = typeof from[Symbol.iterator] === "function" ? [...from] : Object.entries(from);
            this.#pairs = pairs.map(([name, value]) => [String(name), String(value)]);
        }
    }
    get size() {
        return this.#pairs.length;
    }
    get(name) {
        return this.#pairs.find(([other]) => other === name)?.[1] ?? null;
    }
    getAll(name) {
        return this.#pairs.filter(([other]) => other === name).map(([, value]) => value);
    }
    has(name) {
        return this.#pairs.some(([other]) => other === name);
    }
    append(name, value) {
        this.#pairs.push([String(name), String(value)]);
        this.#changed();
    }
    set(name, value) {
        const place = this.#pairs.findIndex(([other]) => other === name);
        if (place < 0) return this.append(name, value);
        this.#pairs = this.#pairs.filter(([other], at) => other !== name || at === place);
        this.#pairs[place][1] = String(value);
        this.#changed();
    }
    delete(name) {
        this.#pairs = this.#pairs.filter(([other]) => other !== name);
        this.#changed();
    }
    sort() {
        this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
        this.#changed();
    }
    forEach(call) {
        for (const [name, value] of this.#pairs) call(value, name, this);
    }
    keys() {
        return this.#pairs.map(([name]) => name).values();
    }
    values() {
        return this.#pairs.map(([, value]) => value).values();
    }
    entries() {
        return this.#pairs.map((pair) => [...pair]).values();
    }
    [Symbol.iterator]() {
        return this.entries();
    }
    toString() {
        return this.#pairs.map((pair) => pair.map(escaped).join("=")).join("&");
    }
}

const PORTS = { "http:": "80", "https:": "443", "ftp:": "21", "ws:": "80", "wss:": "443" };
const WHOLE = /^([a-z][a-z0-9+.-]*:)(?:\/\/(?:([^/?#@:]*)(?::([^/?#@]*))?@)?([^/?#:]*|\[[^\]]*\])(?::(\d*))?)?([^?#]*)(\?[^#]*)?(#.*)?$/i;

class URL {
    constructor(text, base) {
        let whole = String(text).trim();
        if (!/^[a-z][a-z0-9+.-]*:/i.test(whole)) {
            if (base === undefined) throw invalid(whole);
            whole = joined(whole, base instanceof URL ? base : new URL(base));
        }
        const found = WHOLE.exec(whole);
        if (!found) throw invalid(whole);
        const [, protocol, username = "", password = "", host, port = "", path, search = "", hash = ""] = found;
        this.protocol = protocol.toLowerCase();
        const special = this.protocol in PORTS || this.protocol === "file:";
        if (this.protocol in PORTS && !host) throw invalid(whole);
        Object.assign(this, { username, password, hostname: (host ?? "").toLowerCase(), hash: hash === "#" ? "" : hash });
        this.port = port === PORTS[this.protocol] ? "" : port;
        this.pathname = special ? require("path").normalize(encodeURI(decodeSafely(path)) || "/").replace(/^(?!\/)/, "/") : path;
        Object.defineProperty(this, "slashes", { value: host !== undefined, enumerable: false });
        let query = search === "?" ? "" : search;
        const parameters = new URLSearchParams(query, () => void (query = parameters.size ? `?${parameters}` : ""));
        Object.defineProperty(this, "searchParams", { value: parameters, enumerable: true });
        Object.defineProperty(this, "search", { get: () => query, set: (value) => void (query = value && `?${String(value).replace(/^\?/, "")}`), enumerable: true });
    }
    static canParse(text, base) {
        try {
            return Boolean(new URL(text, base));
        } catch {
            return false;
        }
    }
    get host() {
        return this.hostname + (this.port && `:${this.port}`);
    }
    get origin() {
        return this.protocol in PORTS ? `${this.protocol}//${this.host}` : "null";
    }
    get href() {
        const user = this.username && `${this.username}${this.password && `:${this.password}`}@`;
        return `${this.protocol}${this.slashes ? "//" : ""}${user}${this.host}${this.pathname}${this.search}${this.hash}`;
    }
    toString() {
        return this.href;
    }
    toJSON() {
        return this.href;
    }
}
const decodeSafely = (path) => {
    try {
        return decodeURI(path);
    } catch {
        return path;
    }
};
const invalid = (text) => Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: text });
const joined = (text, base) => {
    const front = `${base.protocol}//${base.username && `${base.username}${base.password && `:${base.password}`}@`}${base.host}`;
    if (text.startsWith("//")) return base.protocol + text;
    if (text.startsWith("/")) return front + text;
    if (text.startsWith("?")) return front + base.pathname + text;
    if (text.startsWith("#") || text === "") return front + base.pathname + base.search + text;
    return `${front}${base.pathname.replace(/[^/]*$/, "")}${text}`;
};
const fileURLToPath = (url) => {
    const whole = url instanceof URL ? url : new URL(url);
    if (whole.protocol !== "file:") throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
    return decodeURIComponent(whole.pathname);
};
const pathToFileURL = (path) => new URL(`file://${encodeURI(require("path").resolve(path)).replaceAll("#", "%23").replaceAll("?", "%3F")}`);
module.exports = { URL, URLSearchParams, fileURLToPath, pathToFileURL };

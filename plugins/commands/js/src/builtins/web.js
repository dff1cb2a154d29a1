// fetch, and what belongs to it. Requests are sent one after the other: a promise is settled when the next turn comes.
const named = (name, message, more) => Object.assign(new Error(message), { name, ...more });

class Headers {
    #pairs = [];
    constructor(from = []) {
        const pairs = typeof from[Symbol.iterator] === "function" ? [...from] : Object.entries(from);
        for (const [name, value] of pairs) this.append(name, value);
    }
    append(name, value) {
        this.#pairs.push([String(name).toLowerCase(), String(value).trim()]);
    }
    delete(name) {
        this.#pairs = this.#pairs.filter(([other]) => other !== String(name).toLowerCase());
    }
    get(name) {
        const found = this.#pairs.filter(([other]) => other === String(name).toLowerCase());
        return found.length ? found.map(([, value]) => value).join(", ") : null;
    }
    getSetCookie() {
        return this.#pairs.filter(([name]) => name === "set-cookie").map(([, value]) => value);
    }
    has(name) {
        return this.get(name) !== null;
    }
    set(name, value) {
        this.delete(name);
        this.append(name, value);
    }
    forEach(call) {
        for (const [name, value] of this) call(value, name, this);
    }
    entries() {
        const names = [...new Set(this.#pairs.map(([name]) => name))].sort();
        return names.map((name) => [name, this.get(name)]).values();
    }
    keys() {
        return [...this.entries()].map(([name]) => name).values();
    }
    values() {
        return [...this.entries()].map(([, value]) => value).values();
    }
    [Symbol.iterator]() {
        return this.entries();
    }
}

class AbortSignal {
    aborted = false;
    reason = undefined;
    onabort = null;
    #calls = [];
    addEventListener(event, call) {
        if (event === "abort") this.#calls.push(call);
    }
    removeEventListener(event, call) {
        this.#calls = this.#calls.filter((other) => other !== call);
    }
    throwIfAborted() {
        if (this.aborted) throw this.reason;
    }
    static abort(reason) {
        const controller = new AbortController();
        controller.abort(reason);
        return controller.signal;
    }
    static timeout(milliseconds) {
        const controller = new AbortController();
        controller.signal.due = Date.now() + milliseconds;
        setTimeout(() => controller.abort(late()), milliseconds).unref();
        return controller.signal;
    }
    static end(signal, reason) {
        if (signal.aborted) return;
        Object.assign(signal, { aborted: true, reason });
        const event = { type: "abort", target: signal };
        for (const call of [signal.onabort, ...signal.#calls]) call?.call(signal, event);
    }
}
class AbortController {
    signal = new AbortSignal();
    abort(reason = named("AbortError", "This operation was aborted")) {
        AbortSignal.end(this.signal, reason);
    }
}
const late = () => named("TimeoutError", "The operation was aborted due to timeout");

// The bytes of a body, and what they are by themselves.
const bodyOf = (body) => {
    if (body === null || body === undefined) return [null, null];
    if (body instanceof URLSearchParams) return [host.encode(String(body)), "application/x-www-form-urlencoded;charset=UTF-8"];
    if (body instanceof ArrayBuffer) return [new Uint8Array(body), null];
    if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength), null];
    return [host.encode(String(body)), "text/plain;charset=UTF-8"];
};

const joined = (pieces) => {
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
    }
    return all;
};

// What Request and Response have in common: a body that is read once.
class Body {
    #pieces;
    bodyUsed = false;
    constructor(pieces) {
        this.#pieces = pieces;
        Object.defineProperty(this, "bodyUsed", { enumerable: false });
    }
    *#take() {
        if (this.bodyUsed) throw new TypeError("Body is unusable: Body has already been read");
        this.bodyUsed = true;
        yield* this.#pieces;
    }
    get body() {
        const pieces = this.#take();
        const next = async () => pieces.next();
        return {
            [Symbol.asyncIterator]: () => ({ next, return: async () => pieces.return() }),
            getReader: () => ({ read: next, releaseLock() {}, cancel: async () => void pieces.return() }),
            cancel: async () => void pieces.return(),
        };
    }
    async bytes() {
        return joined([...this.#take()]);
    }
    async arrayBuffer() {
        return (await this.bytes()).buffer;
    }
    async text() {
        return host.decode(await this.bytes()).replace(/^\uFEFF/, "");
    }
    async json() {
        return JSON.parse(await this.text());
    }
}

class Request extends Body {
    constructor(from, init = {}) {
        const [bytes, type] = bodyOf(init.body);
        super(bytes ? [bytes] : []);
        const before = from instanceof Request ? from : {};
        this.url = new URL(from instanceof Request ? from.url : from).href;
        this.method = String(init.method ?? before.method ?? "GET").replace(/^(get|head|post|put|delete|options)$/i, (name) => name.toUpperCase());
        this.headers = new Headers(init.headers ?? before.headers);
        this.redirect = init.redirect ?? before.redirect ?? "follow";
        this.signal = init.signal ?? before.signal;
        const content = bytes ?? before.content ?? null;
        Object.defineProperty(this, "content", { value: content, enumerable: false });
        if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
        if (content && ["GET", "HEAD"].includes(this.method)) {
            throw new TypeError("Request with GET/HEAD method cannot have body.");
        }
    }
}

const WORDS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 410: "Gone", 422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};

class Response extends Body {
    constructor(body, init = {}) {
        const [bytes, type] = body instanceof Arrived ? [] : bodyOf(body);
        super(body instanceof Arrived ? body : bytes ? [bytes] : []);
        this.status = init.status ?? 200;
        this.statusText = init.statusText ?? "";
        this.headers = new Headers(init.headers);
        this.url = init.url ?? "";
        this.redirected = init.redirected ?? false;
        this.type = "basic";
        if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    }
    get ok() {
        return this.status >= 200 && this.status < 300;
    }
    static json(value, init = {}) {
        const headers = new Headers(init.headers);
        if (!headers.has("content-type")) headers.set("content-type", "application/json");
        return new Response(JSON.stringify(value), { ...init, headers });
    }
}

// The body of an answer, as it arrives.
class Arrived {
    constructor(number, signal) {
        Object.assign(this, { number, signal });
    }
    *[Symbol.iterator]() {
        try {
            for (;;) {
                this.signal?.throwIfAborted();
                const piece = host.receive(this.number);
                if (piece === null) return;
                if (piece.kind !== undefined) throw wrong(piece, "terminated");
                yield piece;
            }
        } finally {
            host.close(this.number);
        }
    }
}

const CODES = { resolve: "ENOTFOUND", connect: "ECONNREFUSED", broken: "ECONNRESET", denied: "EACCES" };
const wrong = ({ kind, message }, words) => {
    if (kind === "timeout") return late();
    const cause = Object.assign(new Error(message), { code: CODES[kind] ?? kind });
    return Object.assign(new TypeError(`${words}: ${message}`), { cause });
};

// An answer that nobody looks at any more gives its connection back.
const forgotten = new FinalizationRegistry((number) => host.close(number));
const MOST_REDIRECTS = 20;
// What says how a message is carried is the host's to write.
const CARRIED = ["connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
const send = (asked, url, method, headers, body) => {
    asked.signal?.throwIfAborted();
    const timeout = asked.signal?.due === undefined ? null : asked.signal.due - Date.now();
    const answer = host.send({ method, url: url.href.replace(/#.*$/, ""), headers: [...headers].filter(([name]) => !CARRIED.includes(name)), body, timeout });
    if (answer.kind !== undefined) throw wrong(answer, "fetch failed");
    return answer;
};

const fetch = async (from, init) => {
    const asked = new Request(from, init);
    const headers = new Headers(asked.headers);
    if (!headers.has("accept")) headers.set("accept", "*/*");
    if (!headers.has("user-agent")) headers.set("user-agent", "node");
    let { method, content } = asked;
    let url = new URL(asked.url);
    for (let redirects = 0; ; redirects++) {
        const { status, number, headers: pairs } = send(asked, url, method, headers, content);
        const received = new Headers(pairs);
        const location = [301, 302, 303, 307, 308].includes(status) ? received.get("location") : null;
        if (location === null || asked.redirect === "manual") {
            const init = { status, statusText: WORDS[status] ?? "", headers: pairs, url: url.href, redirected: redirects > 0 };
            const response = new Response(new Arrived(number, asked.signal), init);
            forgotten.register(response, number);
            return response;
        }
        host.close(number);
        const failure = asked.redirect === "error" ? "unexpected redirect" : redirects >= MOST_REDIRECTS ? "redirect count exceeded" : null;
        if (failure) throw wrong({ kind: "redirect", message: failure }, "fetch failed");
        const next = new URL(location, url);
        if ((status === 303 && method !== "HEAD") || ([301, 302].includes(status) && method === "POST")) {
            [method, content] = ["GET", null];
            headers.delete("content-type");
        }
        if (next.origin !== url.origin) ["authorization", "cookie"].forEach((name) => headers.delete(name));
        url = next;
    }
};
module.exports = { AbortController, AbortSignal, Headers, Request, Response, fetch };

// Standard input, read to its end when somebody asks for it, as a stream and as lines.
const EventEmitter = require("events");

class Input extends EventEmitter {
    fd = 0;
    isTTY = false;
    #encoding;
    #flowing = false;
    #text() {
        const bytes = host.input();
        return this.#encoding ? host.decode(bytes) : require("buffer").Buffer.from(bytes);
    }
    setEncoding(encoding) {
        this.#encoding = encoding;
        return this;
    }
    on(event, listener) {
        super.on(event, listener);
        if (event === "data" || event === "end" || event === "readable") this.resume();
        return this;
    }
    resume() {
        if (this.#flowing) return this;
        this.#flowing = true;
        setImmediate(() => {
            this.#whole = this.#text();
            if (this.#whole.length && this.listenerCount("data")) this.emit("data", this.read());
            this.emit("readable");
            this.emit("end");
            this.emit("close");
        });
        return this;
    }
    #whole = null;
    read() {
        const whole = this.#whole;
        this.#whole = null;
        return whole && whole.length ? whole : null;
    }
    pause() {
        return this;
    }
    ref() {
        return this;
    }
    unref() {
        return this;
    }
    async *[Symbol.asyncIterator]() {
        const whole = this.#text();
        if (whole.length) yield whole;
    }
}
const stdin = new Input();

const linesOf = (text) => {
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    return lines;
};

class Interface extends EventEmitter {
    #lines;
    #closed = false;
    constructor(output) {
        super();
        this.output = output;
        setImmediate(() => {
            if (!this.#closed && this.listenerCount("line")) this.#flow();
        });
    }
    #rest() {
        return (this.#lines ??= linesOf(host.decode(host.input())));
    }
    #flow() {
        for (const lines = this.#rest(); lines.length && !this.#closed; ) this.emit("line", lines.shift());
        this.close();
    }
    question(query, options, done = options) {
        this.output?.write(query);
        const line = this.#rest().shift();
        if (line === undefined) this.close();
        else setImmediate(() => done(line));
    }
    setPrompt(prompt) {
        this.shown = prompt;
    }
    prompt() {
        this.output?.write(this.shown ?? "> ");
    }
    close() {
        if (this.#closed) return;
        this.#closed = true;
        this.emit("close");
    }
    async *[Symbol.asyncIterator]() {
        for (const lines = this.#rest(); lines.length; ) yield lines.shift();
        this.close();
    }
}
const createInterface = ({ output } = {}) => new Interface(output);
const promised = (options) => {
    const lines = createInterface(options);
    const question = lines.question.bind(lines);
    lines.question = (query) => new Promise((resolve) => question(query, resolve));
    return lines;
};
module.exports = { stdin, createInterface, Interface, promises: { createInterface: promised } };

// Bytes, and their texts.
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const toBase64 = (bytes) => {
    let text = "";
    for (let place = 0; place < bytes.length; place += 3) {
        const group = (bytes[place] << 16) | ((bytes[place + 1] ?? 0) << 8) | (bytes[place + 2] ?? 0);
        const digits = [18, 12, 6, 0].map((shift) => DIGITS[(group >> shift) & 63]);
        const count = Math.min(bytes.length - place, 3) + 1;
        text += digits.slice(0, count).join("").padEnd(4, "=");
    }
    return text;
};
const fromBase64 = (text) => {
    const bytes = [];
    let [bits, held] = [0, 0];
    for (const digit of text.replaceAll("-", "+").replaceAll("_", "/")) {
        const value = DIGITS.indexOf(digit);
        if (value < 0) continue;
        held = (held << 6) | value;
        bits += 6;
        if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
    }
    return Uint8Array.from(bytes);
};

const codes = {
    utf8: [(text) => host.encode(text), (bytes) => host.decode(bytes)],
    hex: [
        (text) => Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16)),
        (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    ],
    base64: [fromBase64, toBase64],
    base64url: [fromBase64, (bytes) => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")],
    latin1: [(text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)), (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")],
};
Object.assign(codes, { "utf-8": codes.utf8, binary: codes.latin1, ascii: codes.latin1 });
const codeOf = (name = "utf8") => {
    const code = codes[String(name).toLowerCase()];
    if (!code) throw Object.assign(new TypeError(`Unknown encoding: ${name}`), { code: "ERR_UNKNOWN_ENCODING" });
    return code;
};
const shared = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.length);

class Buffer extends Uint8Array {
    static from(value, encoding, length) {
        if (typeof value === "string") return shared(codeOf(encoding)[0](value));
        if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
        if (value?.type === "Buffer" && Array.isArray(value.data)) return Buffer.from(value.data);
        return shared(Uint8Array.from(value));
    }
    static alloc(size, fill = 0) {
        return new Buffer(size).fill(typeof fill === "string" ? fill.charCodeAt(0) : fill);
    }
    static allocUnsafe(size) {
        return new Buffer(size);
    }
    static isBuffer(value) {
        return value instanceof Buffer;
    }
    static isEncoding(name) {
        return String(name).toLowerCase() in codes;
    }
    static byteLength(value, encoding) {
        return typeof value === "string" ? codeOf(encoding)[0](value).length : value.byteLength;
    }
    static concat(list, length = list.reduce((sum, bytes) => sum + bytes.length, 0)) {
        const whole = Buffer.alloc(length);
        let place = 0;
        for (const bytes of list) {
            whole.set(bytes.subarray(0, length - place), place);
            place += bytes.length;
        }
        return whole;
    }
    static compare(one, other) {
        for (let place = 0; place < Math.min(one.length, other.length); place++) {
            if (one[place] !== other[place]) return one[place] < other[place] ? -1 : 1;
        }
        return Math.sign(one.length - other.length);
    }
    toString(encoding, start = 0, end = this.length) {
        return codeOf(encoding)[1](new Uint8Array(this.buffer, this.byteOffset, this.length).subarray(start, end));
    }
    toJSON() {
        return { type: "Buffer", data: Array.from(this) };
    }
    equals(other) {
        return Buffer.compare(this, other) === 0;
    }
    compare(other) {
        return Buffer.compare(this, other);
    }
    write(text, offset = 0, length = this.length - offset, encoding = "utf8") {
        const bytes = codeOf(encoding)[0](text).subarray(0, length);
        this.set(bytes, offset);
        return bytes.length;
    }
    copy(target, at = 0, start = 0, end = this.length) {
        const part = this.subarray(start, Math.min(end, start + target.length - at));
        target.set(part, at);
        return part.length;
    }
    slice(start, end) {
        return this.subarray(start, end);
    }
    indexOf(value, from = 0) {
        if (typeof value === "number") return super.indexOf(value, from);
        const wanted = typeof value === "string" ? host.encode(value) : value;
        for (let place = from; place + wanted.length <= this.length; place++) {
            if (wanted.every((byte, offset) => this[place + offset] === byte)) return place;
        }
        return -1;
    }
    includes(value, from) {
        return this.indexOf(value, from) >= 0;
    }
    [Symbol.for("nodejs.util.inspect.custom")]() {
        const shown = Array.from(this.subarray(0, 50), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
        return `<Buffer${shown && " "}${shown}${this.length > 50 ? ` ... ${this.length - 50} more bytes` : ""}>`;
    }
}
const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
for (const [name, kind, size] of [["UInt8", "Uint8", 1], ["Int8", "Int8", 1], ["UInt16", "Uint16", 2], ["Int16", "Int16", 2], ["UInt32", "Uint32", 4],
    ["Int32", "Int32", 4], ["Float", "Float32", 4], ["Double", "Float64", 8], ["BigUInt64", "BigUint64", 8], ["BigInt64", "BigInt64", 8]]) {
    for (const [order, little] of size === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
        Buffer.prototype[`read${name}${order}`] = function (offset = 0) {
            return view(this)[`get${kind}`](offset, little);
        };
        Buffer.prototype[`write${name}${order}`] = function (value, offset = 0) {
            view(this)[`set${kind}`](offset, value, little);
            return offset + size;
        };
    }
}

class TextEncoder {
    encoding = "utf-8";
    encode(text = "") {
        return host.encode(String(text));
    }
}
class TextDecoder {
    constructor(encoding = "utf-8") {
        if (!/^utf-?8$/i.test(encoding)) throw new RangeError(`The "${encoding}" encoding is not supported`);
        this.encoding = "utf-8";
    }
    decode(bytes = new Uint8Array()) {
        const plain = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
        return host.decode(plain).replace(/^\ufeff/, "");
    }
}
const btoa = (text) => toBase64(codes.latin1[0](String(text)));
const atob = (text) => codes.latin1[1](fromBase64(String(text)));
module.exports = { Buffer, TextEncoder, TextDecoder, atob, btoa, constants: { MAX_LENGTH: 2 ** 31 - 1 } };

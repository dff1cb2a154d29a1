const { inspect, format } = require("inspect");

const isDeepStrictEqual = (a, b, seen = new Map()) => {
    if (Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (seen.get(a) === b) return true;
    seen.set(a, b);
    if (a instanceof Date) return a.getTime() === b.getTime();
    if (a instanceof RegExp) return String(a) === String(b);
    if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
    if (a instanceof Map || a instanceof Set) {
        if (a.size !== b.size) return false;
        const others = [...b];
        return [...a].every((item) => {
            const place = others.findIndex((other) => isDeepStrictEqual(item, other, seen));
            if (place >= 0) others.splice(place, 1);
            return place >= 0;
        });
    }
    const [keys, others] = [Object.keys(a), Object.keys(b)];
    return keys.length === others.length && a.length === b.length && keys.every((key) => Object.hasOwn(b, key) && isDeepStrictEqual(a[key], b[key], seen));
};

const structuredClone = (value, seen = new Map()) => {
    if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`${String(value)} could not be cloned.`);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (copy) => (seen.set(value, copy), copy);
    const inner = (item) => structuredClone(item, seen);
    if (value instanceof Date) return keep(new Date(value));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return keep(value.slice());
    if (value instanceof Map) {
        const copy = keep(new Map());
        for (const [key, item] of value) copy.set(inner(key), inner(item));
        return copy;
    }
    if (value instanceof Set) {
        const copy = keep(new Set());
        for (const item of value) copy.add(inner(item));
        return copy;
    }
    if (value instanceof Error) return keep(Object.assign(new globalThis[value.name in globalThis ? value.name : "Error"](value.message), { stack: value.stack }));
    const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value)) copy[key] = inner(value[key]);
    return copy;
};

const promisify = (call) => (...values) =>
    new Promise((resolve, reject) => call(...values, (problem, result) => (problem ? reject(problem) : resolve(result))));
const callbackify = (call) => (...values) => {
    const done = values.pop();
    call(...values).then((result) => done(null, result), (problem) => done(problem));
};
const types = {
    isDate: (value) => value instanceof Date,
    isRegExp: (value) => value instanceof RegExp,
    isPromise: (value) => value instanceof Promise,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isNativeError: (value) => value instanceof Error,
};
module.exports = {
    inspect,
    format,
    isDeepStrictEqual,
    structuredClone,
    promisify,
    callbackify,
    types,
    inherits: (child, parent) => void Object.setPrototypeOf(child.prototype, parent.prototype),
    deprecate: (call) => call,
    stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ""),
    get TextEncoder() {
        return globalThis.TextEncoder;
    },
    get TextDecoder() {
        return globalThis.TextDecoder;
    },
};

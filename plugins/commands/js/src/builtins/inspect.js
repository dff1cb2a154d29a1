// How values look to people: the forms that Node's console has.
const MOST = 100;
const identifier = /^[A-Za-z_$][\w$]*$/;
const custom = Symbol.for("nodejs.util.inspect.custom");

const quoted = (text) => {
    const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
    const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replace(/\\u00(..)/g, (_, digits) => `\\x${digits.toUpperCase()}`);
    return quote + (quote === "'" ? inner.replaceAll("'", "\\'") : inner) + quote;
};
const named = (key) => (typeof key === "symbol" ? `[${String(key)}]` : identifier.test(key) ? key : quoted(key));

const primitive = (value) => {
    switch (typeof value) {
        case "string":
            return quoted(value);
        case "bigint":
            return `${value}n`;
        case "number":
            return Object.is(value, -0) ? "-0" : String(value);
        default:
            return String(value);
    }
};

const constructorOf = (value) => {
    for (let object = value; object; object = Object.getPrototypeOf(object)) {
        const constructor = Object.getOwnPropertyDescriptor(object, "constructor")?.value;
        if (typeof constructor === "function" && constructor.name) return constructor.name;
    }
    return null;
};

const functionText = (value) => {
    const source = Function.prototype.toString.call(value);
    if (/^class\b/.test(source)) {
        const parent = Object.getPrototypeOf(value)?.name;
        return `[class ${value.name || "(anonymous)"}${parent ? ` extends ${parent}` : ""}]`;
    }
    const kind = { AsyncFunction: "AsyncFunction", GeneratorFunction: "GeneratorFunction" }[constructorOf(value)] ?? "Function";
    return value.name ? `[${kind}: ${value.name}]` : `[${kind} (anonymous)]`;
};

const errorText = (error) => {
    const name = error.name ?? "Error";
    const message = String(error.message ?? "");
    const header = message === "" ? String(name) : `${name}: ${message}`;
    // What called the program is no part of it.
    const stack = String(error.stack ?? "").replace(/(    at call \(native\)\n)?    at .* \(node:boot:.*\n?/g, "").trimEnd();
    if (!stack) return `[${header}]`;
    return stack.startsWith(header) ? stack : `${header}\n${stack}`;
};

const inspectOne = (value, state, depth) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return primitive(value);
    if (typeof value[custom] === "function" && value[custom] !== inspect) {
        const shown = value[custom](state.depth - depth, state, inspect);
        return typeof shown === "string" ? shown : inspectOne(shown, state, depth);
    }
    if (state.path.includes(value)) {
        state.circular = value;
        return "[Circular *1]";
    }
    state.path.push(value);
    const text = objectText(value, state, depth);
    state.path.pop();
    if (state.circular === value) {
        state.circular = undefined;
        return `<ref *1> ${text}`;
    }
    return text;
};

const objectText = (value, state, depth) => {
    if (depth <= state.depth) state.deepest = depth;
    const name = constructorOf(value);
    const tag = value[Symbol.toStringTag];
    let keys = Object.keys(value);
    keys.push(...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)));
    let prefix = name === null ? "[Object: null prototype] " : name === "Object" ? "" : `${name} `;
    if (typeof tag === "string" && tag !== "" && tag !== name) prefix = `${prefix || "Object "}[${tag}] `;
    let [open, close] = ["{", "}"];
    let items = [];
    let plain;
    const deeper = depth > state.depth;
    const nested = (inner) => inspectOne(inner, state, depth + 1);
    const shorten = (all, total) => (total > MOST ? [...all, `... ${total - MOST} more item${total - MOST > 1 ? "s" : ""}`] : all);
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
        const typed = !Array.isArray(value);
        keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
        prefix = typed || name !== "Array" ? `${name}(${value.length}) ` : "";
        [open, close] = ["[", "]"];
        if (deeper && value.length) return `[${name}]`;
        let holes = 0;
        const flush = () => {
            if (holes) items.push(`<${holes} empty item${holes > 1 ? "s" : ""}>`);
            holes = 0;
        };
        for (let place = 0; place < value.length && items.length < MOST; place++) {
            if (!typed && !(place in value)) holes++;
            else {
                flush();
                items.push(nested(value[place]));
            }
        }
        flush();
        items = shorten(items, value.length);
    } else if (value instanceof Map || value instanceof Set) {
        prefix = `${name}(${value.size}) `;
        if (deeper && value.size) return `[${name}]`;
        const entries = [...value].slice(0, MOST);
        const text = value instanceof Map ? ([key, inner]) => `${nested(key)} => ${nested(inner)}` : nested;
        items = shorten(entries.map(text), value.size);
    } else if (typeof value === "function") {
        plain = functionText(value);
    } else if (value instanceof Error) {
        plain = errorText(value).replaceAll("\n", `\n${"  ".repeat(depth)}`);
        keys = keys.filter((key) => !["stack", "message", "name"].includes(key));
        if (Object.hasOwn(value, "cause") && !keys.includes("cause")) keys.push("cause");
        if (value.errors && !keys.includes("errors") && Object.hasOwn(value, "errors")) keys.push("errors");
    } else if (value instanceof Date) {
        plain = Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    } else if (value instanceof RegExp) {
        plain = String(value);
    } else if (value instanceof Promise) {
        items = ["<pending or settled>"];
    } else if (value instanceof WeakMap || value instanceof WeakSet) {
        items = ["<items unknown>"];
    } else if (value instanceof Number || value instanceof Boolean || value instanceof String) {
        plain = `[${name}: ${primitive(value.valueOf())}]`;
        keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
    } else if (value instanceof ArrayBuffer) {
        items = [`byteLength: ${value.byteLength}`];
    }
    if (plain !== undefined && keys.length === 0) return plain;
    if (deeper && keys.length) return plain ?? `[${(prefix || "Object").trim()}]`;
    for (const key of keys) items.push(`${named(key)}: ${propertyText(value, key, nested)}`);
    if (plain !== undefined) prefix = `${plain} `;
    if (items.length === 0) return `${prefix}${open}${close}`;
    const indentation = "  ".repeat(depth + 1);
    if (open === "[" && items.length > 6) {
        const rows = grouped(items, value, indentation.length - 2);
        if (rows !== items) return laidOut(rows, prefix, open, close, indentation);
    }
    // One line holds a few levels at most.
    const flat = state.oneLine || (state.deepest - depth < 3 && !items.some((item) => item.includes("\n")));
    const length = items.reduce((sum, item) => sum + item.length, 2 * items.length + prefix.length + open.length + 10);
    if (flat && (state.oneLine || length <= 80)) return `${prefix}${open} ${items.join(", ")} ${close}`;
    return laidOut(items, prefix, open, close, indentation);
};

const laidOut = (items, prefix, open, close, indentation) =>
    `${prefix}${open}\n${items.map((item) => indentation + item).join(",\n")}\n${indentation.slice(2)}${close}`;

const propertyText = (object, key, nested) => {
    const property = Object.getOwnPropertyDescriptor(object, key);
    if (!property || "value" in property) return nested(object[key]);
    return property.get ? (property.set ? "[Getter/Setter]" : "[Getter]") : "[Setter]";
};

// Many short items stand in columns: numbers to the right. Where they don't, these are the items themselves.
const grouped = (items, value, indented) => {
    const count = value.length > MOST && items.length > MOST ? items.length - 1 : items.length;
    const lengths = items.slice(0, count).map((item) => item.length + 2);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const widest = Math.max(...lengths);
    if (widest * 3 + indented >= 80 || (total / widest <= 5 && widest > 8)) return items;
    const wide = Math.max(widest - 3 - Math.sqrt(widest - total / items.length), 1);
    const columns = Math.min(Math.round(Math.sqrt(2.5 * wide * count) / wide), Math.floor((80 - indented) / widest), 12, 15);
    if (columns <= 1) return items;
    const widths = Array.from({ length: columns }, (_, column) => Math.max(...lengths.filter((_, place) => place % columns === column)));
    const right = Array.from(value).every((item) => typeof item === "number" || typeof item === "bigint");
    const rows = [];
    for (let first = 0; first < count; first += columns) {
        const row = items.slice(first, Math.min(first + columns, count));
        const cells = row.map((item, column) => {
            const last = column === row.length - 1;
            const text = last ? item : `${item}, `;
            if (right) return text.padStart(widths[column] - (last ? 2 : 0));
            return last ? text : text.padEnd(widths[column]);
        });
        rows.push(cells.join(""));
    }
    return [...rows, ...items.slice(count)];
};

const inspect = (value, options = {}) => {
    const depth = options?.depth === null ? Infinity : (options?.depth ?? 2);
    return inspectOne(value, { depth, path: [], circular: undefined, deepest: 0, oneLine: options?.breakLength === Infinity }, 0);
};
inspect.custom = custom;

const format = (first, ...rest) => {
    if (typeof first !== "string") return [first, ...rest].map((value) => (typeof value === "string" ? value : inspect(value))).join(" ");
    if (rest.length === 0) return first;
    const text = first.replace(/%([sdifjoOc%])/g, (whole, letter) => {
        if (letter === "%") return "%";
        if (rest.length === 0) return whole;
        const value = rest.shift();
        switch (letter) {
            case "s":
                return typeof value === "object" && value !== null ? inspect(value, { depth: 0 }) : typeof value === "string" ? value : primitive(value);
            case "d":
                return typeof value === "bigint" ? `${value}n` : String(Number(value));
            case "i":
                return String(parseInt(value, 10));
            case "f":
                return String(parseFloat(value));
            case "j":
                return JSON.stringify(value);
            case "c":
                return "";
            default:
                return inspect(value, { depth: 4 });
        }
    });
    return [text, ...rest.map((value) => (typeof value === "string" ? value : inspect(value)))].join(" ");
};

const table = (rows) => {
    if (typeof rows !== "object" || rows === null) return format(rows);
    const columns = [...new Set(Object.values(rows).flatMap((row) => (typeof row === "object" && row !== null ? Object.keys(row) : [])))];
    const simple = Object.values(rows).some((row) => typeof row !== "object" || row === null);
    const cell = (value) => (value === undefined ? "" : inspect(value, { depth: 0 }));
    const head = ["(index)", ...columns, ...(simple ? ["Values"] : [])];
    const lines = Object.entries(rows).map(([index, row]) => {
        const open = typeof row === "object" && row !== null;
        const cells = columns.map((column) => (open && column in row ? cell(row[column]) : ""));
        return [index, ...cells, ...(simple ? [open ? "" : cell(row)] : [])];
    });
    const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)) + 2);
    const rule = (left, middle, right) => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
    const row = (cells) => `│${cells.map((text, column) => ` ${text}`.padEnd(widths[column])).join("│")}│`;
    return [rule("┌", "┬", "┐"), row(head), rule("├", "┼", "┤"), ...lines.map(row), rule("└", "┴", "┘")].join("\n");
};

module.exports = { inspect, format, table };

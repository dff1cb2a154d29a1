const { inspect } = require("inspect");
const { isDeepStrictEqual } = require("util");

class AssertionError extends Error {
    constructor({ message, actual, expected, operator }) {
        super(message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`);
        Object.assign(this, { code: "ERR_ASSERTION", actual, expected, operator, generatedMessage: message === undefined });
    }
    get name() {
        return "AssertionError";
    }
}
const check = (holds, message, actual, expected, operator, words) => {
    if (holds) return;
    if (message instanceof Error) throw message;
    throw new AssertionError({ message: message ?? words, actual, expected, operator });
};
const shown = (words, actual, expected) => `${words}\n\n${inspect(actual)} !== ${inspect(expected)}\n`;
const matches = (problem, expected) => {
    if (expected === undefined) return true;
    if (expected instanceof RegExp) return expected.test(String(problem));
    if (typeof expected !== "function") {
        return Object.keys(expected).every((key) => (expected[key] instanceof RegExp ? expected[key].test(problem[key]) : isDeepStrictEqual(problem[key], expected[key])));
    }
    if (expected.prototype !== undefined && problem instanceof expected) return true;
    return !Error.isPrototypeOf(expected) && expected !== Error && expected.call({}, problem) === true;
};
const caught = (call) => {
    try {
        call();
    } catch (problem) {
        return { problem };
    }
    return undefined;
};
const thrown = (found, expected, message, operator) => {
    if (typeof expected === "string") [expected, message] = [undefined, expected];
    check(found !== undefined, message, undefined, expected, operator, operator === "rejects" ? "Missing expected rejection." : "Missing expected exception.");
    if (!matches(found.problem, expected)) throw found.problem;
};

const assert = (value, message) => check(value, message, value, true, "==", "The expression evaluated to a falsy value");
Object.assign(assert, {
    AssertionError,
    ok: assert,
    fail: (message = "Failed") => check(false, message, undefined, undefined, "fail"),
    equal: (a, b, message) => check(a == b || (a !== a && b !== b), message, a, b, "=="),
    notEqual: (a, b, message) => check(a != b, message, a, b, "!="),
    strictEqual: (a, b, message) => check(Object.is(a, b), message, a, b, "strictEqual", shown("Expected values to be strictly equal:", a, b)),
    notStrictEqual: (a, b, message) => check(!Object.is(a, b), message, a, b, "notStrictEqual", `Expected "actual" to be strictly unequal to: ${inspect(b)}`),
    deepStrictEqual: (a, b, message) => check(isDeepStrictEqual(a, b), message, a, b, "deepStrictEqual", shown("Expected values to be strictly deep-equal:", a, b)),
    deepEqual: (a, b, message) => check(isDeepStrictEqual(a, b), message, a, b, "deepEqual", shown("Expected values to be loosely deep-equal:", a, b)),
    notDeepStrictEqual: (a, b, message) => check(!isDeepStrictEqual(a, b), message, a, b, "notDeepStrictEqual"),
    notDeepEqual: (a, b, message) => check(!isDeepStrictEqual(a, b), message, a, b, "notDeepEqual"),
    match: (text, pattern, message) => check(pattern.test(text), message, text, pattern, "match", `The input did not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`),
    doesNotMatch: (text, pattern, message) => check(!pattern.test(text), message, text, pattern, "doesNotMatch"),
    throws: (call, expected, message) => thrown(caught(call), expected, message, "throws"),
    doesNotThrow: (call) => void call(),
    rejects: async (promise, expected, message) => {
        let found;
        try {
            await (typeof promise === "function" ? promise() : promise);
        } catch (problem) {
            found = { problem };
        }
        thrown(found, expected, message, "rejects");
    },
    ifError: (value) => {
        if (value !== null && value !== undefined) throw value;
    },
});
assert.strict = assert;
module.exports = assert;

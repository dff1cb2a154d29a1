const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
module.exports = {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    promises: {
        setTimeout: (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value)),
        setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)),
        async *setInterval(delay, value) {
            for (;;) {
                await new Promise((resolve) => setTimeout(resolve, delay));
                yield value;
            }
        },
        scheduler: { wait: (delay) => new Promise((resolve) => setTimeout(resolve, delay)) },
    },
};

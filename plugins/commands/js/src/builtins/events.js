class EventEmitter {
    #listeners = new Map();
    on(event, listener) {
        this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
        return this;
    }
    prependListener(event, listener) {
        this.#listeners.set(event, [listener, ...(this.#listeners.get(event) ?? [])]);
        return this;
    }
    once(event, listener) {
        const wrapped = (...values) => {
            this.off(event, wrapped);
            listener.apply(this, values);
        };
        wrapped.listener = listener;
        return this.on(event, wrapped);
    }
    off(event, listener) {
        const all = this.#listeners.get(event) ?? [];
        const place = all.findLastIndex((other) => other === listener || other.listener === listener);
        if (place >= 0) this.#listeners.set(event, all.toSpliced(place, 1));
        return this;
    }
    emit(event, ...values) {
        const all = this.#listeners.get(event) ?? [];
        if (all.length === 0 && event === "error") throw values[0] instanceof Error ? values[0] : new Error(`Unhandled error. (${values[0]})`);
        for (const listener of all) listener.apply(this, values);
        return all.length > 0;
    }
    removeAllListeners(event) {
        if (event === undefined) this.#listeners.clear();
        else this.#listeners.delete(event);
        return this;
    }
    listeners(event) {
        return (this.#listeners.get(event) ?? []).map((listener) => listener.listener ?? listener);
    }
    listenerCount(event) {
        return (this.#listeners.get(event) ?? []).length;
    }
    eventNames() {
        return [...this.#listeners].filter(([, all]) => all.length).map(([event]) => event);
    }
    setMaxListeners() {
        return this;
    }
}
EventEmitter.prototype.addListener = EventEmitter.prototype.on;
EventEmitter.prototype.removeListener = EventEmitter.prototype.off;
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.once = (emitter, event) =>
    new Promise((resolve, reject) => {
        emitter.once(event, (...values) => resolve(values));
        if (event !== "error") emitter.once("error", reject);
    });
module.exports = EventEmitter;

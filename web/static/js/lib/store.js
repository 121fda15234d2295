import { useEffect, useState } from "/static/js/lib/preact.js";

/**
 * A value that can be watched.
 * @template T
 * @param {T} initial
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<(value: T) => void>} */
  const watchers = new Set();
  return {
    get: () => value,
    /** @param {T | ((old: T) => T)} next */
    set(next) {
      const changed = typeof next === "function" ? /** @type {(old: T) => T} */ (next)(value) : next;
      if (changed === value) return;
      value = changed;
      for (const watcher of [...watchers]) watcher(value);
    },
    /** @param {(value: T) => void} watcher @returns {() => void} stops watching */
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/**
 * The current value of a store inside a component; redraws when it changes.
 * @template T
 * @param {{ get: () => T, watch: (watcher: (value: T) => void) => () => void }} store
 * @returns {T}
 */
export function useStore(store) {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.watch(setValue);
  }, [store]);
  return value;
}

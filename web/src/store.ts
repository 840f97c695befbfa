// Values that parts of the page look at.
import { useEffect, useState } from "preact/hooks";

export class Store<T> {
  private watchers = new Set<() => void>();
  constructor(private current: T) {}
  get value(): T {
    return this.current;
  }
  set(next: T): void {
    if (next === this.current) return;
    this.current = next;
    for (const watcher of [...this.watchers]) watcher();
  }
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

/** A map that is another one after each change, so that a Store sees it. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  const out = new Map(map);
  if (value === undefined) out.delete(key);
  else out.set(key, value);
  return out;
}

export function useStore<T>(store: Store<T>): T {
  const [, turn] = useState<object>({});
  useEffect(() => store.watch(() => turn({})), [store]);
  return store.value;
}

/** What was put under a name in this browser, for as long as it keeps it. */
export function kept<T>(name: string, otherwise: T, where: Storage = localStorage): T {
  try {
    const text = where.getItem("ptah." + name);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}
export function keep(name: string, value: unknown, where: Storage = localStorage): void {
  try {
    if (value === undefined) where.removeItem("ptah." + name);
    else where.setItem("ptah." + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing: the page works, and forgets.
  }
}

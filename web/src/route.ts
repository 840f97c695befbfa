// Which view is shown stands behind # in the address: it can be kept as a bookmark, and the browser's back button works.
import { useEffect, useState } from "preact/hooks";
import { Store } from "./store";

const here = (): string[] => location.hash.replace(/^#\/?/, "").split("/").filter((one) => one);
export const route = new Store<string[]>(here());
addEventListener("hashchange", () => route.set(here()));

export function go(to: string): void {
  if (location.hash === "#/" + to) route.set(here());
  else location.hash = "#/" + to;
  scrollTo(0, 0);
}

/** Draws a view again when what it kept in the session may have changed: a click anywhere in it. */
export function useAgain(): void {
  const [, turn] = useState(0);
  useEffect(() => {
    const again = () => setTimeout(() => turn((n) => n + 1));
    addEventListener("click", again);
    return () => removeEventListener("click", again);
  }, []);
}

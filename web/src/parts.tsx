// Small pieces that all views are made of.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { request } from "./api";
import { t } from "./texts";

let ids = 0;
export function useId(name: string): string {
  const [id] = useState(() => `${name}-${++ids}`);
  return id;
}

export function Button({ main, class: more, ...props }: { main?: boolean; class?: string } & Omit<JSX.IntrinsicElements["button"], "class">) {
  return <button type="button" {...props} class={(main ? "main " : "") + (more || "")} />;
}

/** Bytes of the server as an address that images and players take: they cannot send a key themselves. */
export function useBlob(url: string | undefined): { blob?: string; problem?: string } {
  const [shown, show] = useState<{ url?: string; blob?: string; problem?: string }>({});
  useEffect(() => {
    if (!url) return;
    let gone = false;
    let made = "";
    request(url)
      .then((answer) => answer.blob())
      .then((bytes) => {
        if (gone) return;
        made = URL.createObjectURL(bytes);
        show({ url, blob: made });
      })
      .catch((error) => !gone && show({ url, problem: (error as Error).message }));
    return () => {
      gone = true;
      if (made) setTimeout(() => URL.revokeObjectURL(made), 1000); // the next picture is on its way
    };
  }, [url]);
  return url ? shown : {};
}

export function Picture({ url, alt, class: more }: { url: string; alt: string; class?: string }) {
  const { blob, problem } = useBlob(url);
  if (problem) return <p class="note">{problem}</p>;
  return <img class={more} src={blob} alt={alt} hidden={!blob} decoding="async" />;
}

export function Problem({ text }: { text?: string | undefined }) {
  return <p class="problem" role="alert">{text}</p>;
}

/** A button that asks once more before it does what cannot be taken back. */
export function Sure({ children, ask, onSure }: { children: ComponentChildren; ask: string; onSure: () => void }) {
  const [asked, set] = useState(false);
  if (!asked) return <Button onClick={() => set(true)}>{children}</Button>;
  return (
    <span class="row">
      {ask}
      <Button main onClick={() => (set(false), onSure())}>{t("sure.yes")}</Button>
      <Button onClick={() => set(false)}>{t("sure.no")}</Button>
    </span>
  );
}

export function Dialog({ label, close, children }: { label: string; close?: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={label}
      onCancel={(e) => {
        e.preventDefault();
        close?.();
      }}
    >
      {children}
    </dialog>
  );
}

/** Runs something and says what is wrong with it, beside the button that began it. */
export function useAction(): { busy: boolean; problem: string; run: (what: () => Promise<unknown>) => Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setProblem("");
    try {
      await what();
    } catch (error) {
      if ((error as Error).name !== "AbortError") setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return { busy, problem, run };
}

/** Loads something when it is shown and whenever one of `on` changes. */
export function useLoaded<T>(load: () => Promise<T>, on: unknown[]): { value?: T; problem?: string; again: () => void } {
  const [state, set] = useState<{ value?: T; problem?: string }>({});
  const [count, turn] = useState(0);
  useEffect(() => {
    let gone = false;
    load()
      .then((value) => !gone && set({ value }))
      .catch((error) => !gone && set((before) => ({ ...before, problem: (error as Error).message })));
    return () => {
      gone = true;
    };
  }, [...on, count]);
  return { ...state, again: () => turn(count + 1) };
}

export function Copy({ text, label }: { text: string; label: string }) {
  const [done, set] = useState(false);
  return (
    <Button
      onClick={async () => {
        await navigator.clipboard.writeText(text);
        set(true);
        setTimeout(() => set(false), 1500);
      }}
    >
      {done ? t("copied") : label}
    </Button>
  );
}

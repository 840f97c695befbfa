// What a request will be about, while it is typed: a picture of few steps, and an object of few triangles. The newest request cancels the one before.
import { useEffect, useRef, useState } from "preact/hooks";
import { request, type Fields, type Recipe } from "./api";
import { given } from "./form";

export interface Drawn {
  picture?: string;
  object?: ArrayBuffer;
  milliseconds?: number; // from the key to the picture
  problem?: string;
}

interface Step {
  file: "png" | "glb";
  wait: number; // milliseconds without another key before it is asked for
  fields: (asked: Fields) => Fields;
  otherwise?: Fields; // where a shape program makes nothing of the words
}
const QUICK = { steps: 4, size: 128, best_of: 1 };
/** Whether `picture` auto could show the object of a shape program: the rule of the recipe. */
const auto = (asked: Fields): boolean => !["picture", "style", "model", "from"].some((name) => asked[name] !== undefined);

/** What is asked for, of each kind that can be drawn at once. */
const DRAFTS: Record<string, Step> = {
  picture: {
    file: "png",
    wait: 0,
    fields: (asked) => ({ ...QUICK, object: false, ...(auto(asked) ? { picture: "object" } : {}) }),
    otherwise: { ...QUICK, object: false, picture: "drawn" },
  },
  thing: { file: "glb", wait: 0, fields: () => ({ ...QUICK, formats: "glb", target_triangles: 4000 }) },
  scene: { file: "glb", wait: 500, fields: () => ({ size: 64 }) },
};

export async function drawDraft(kind: string, fields: Fields, file: string, signal: AbortSignal): Promise<Blob> {
  const answer = await request("/v1/drafts", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ kind, request: fields, file }),
    signal,
  });
  return answer.blob();
}

let warmed = false;
/** Starts the process that draws drafts, so that the first one is as quick as the others. */
export function warm(): void {
  if (warmed) return;
  warmed = true;
  drawDraft("create", { ...QUICK, prompt: "a ball", object: false, picture: "drawn" }, "png", new AbortController().signal).catch(() => {});
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("superseded", "AbortError"));
    });
  });

export function useDraft(target: string, recipe: Recipe | undefined, values: Fields, box: string, on: boolean): Drawn {
  const [drawn, show] = useState<Drawn>({});
  const shown = useRef("");
  const asked = recipe && on && String(values[box] || "").trim() ? JSON.stringify(given(recipe, values)) : "";
  useEffect(() => {
    const step = DRAFTS[target];
    if (!step || !asked || !recipe) {
      show({});
      return;
    }
    const older = new AbortController();
    const begun = performance.now();
    const draw = async () => {
      const fields = JSON.parse(asked) as Fields;
      if (step.wait) await pause(step.wait, older.signal);
      const draft = (more: Fields) => drawDraft(recipe.id, { ...fields, ...more }, step.file, older.signal);
      const blob = await draft(step.fields(fields)).catch((error) => {
        if (step.otherwise && error.param === "picture") return draft(step.otherwise);
        throw error;
      });
      if (step.file === "png") {
        const url = URL.createObjectURL(blob);
        const before = shown.current;
        shown.current = url;
        show({ picture: url, milliseconds: performance.now() - begun });
        if (before) setTimeout(() => URL.revokeObjectURL(before), 1000);
      } else {
        const object = await blob.arrayBuffer();
        if (!older.signal.aborted) show({ object, milliseconds: performance.now() - begun });
      }
    };
    draw().catch((error) => {
      if ((error as Error).name !== "AbortError" && !older.signal.aborted) show({ problem: (error as Error).message });
    });
    return () => older.abort();
  }, [target, asked]);
  return drawn;
}

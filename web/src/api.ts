// Requests to the server that this page came from, and to no other.
import { Store } from "./store";

export interface Output {
  name: string;
  type: string;
  sha256: string;
  bytes: number;
  url: string;
}
export type Fields = Record<string, unknown>;
export interface Job {
  id: string;
  kind: string;
  status: "queued" | "in_progress" | "completed" | "failed" | "cancelled";
  progress: number;
  stage?: string;
  place?: number;
  eta_seconds?: number;
  created_at: number;
  seconds?: number;
  error: { message: string; param?: string } | null;
  outputs: Output[];
  request?: Fields;
  facts?: any;
  planned?: { bytes: number; seconds: number } | null;
  marks?: Marks;
  score?: number;
}
export interface Marks {
  star: boolean;
  tags: string[];
  boards: string[];
  signed: Output[];
}
export interface Property {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Property[];
  default?: unknown;
  description?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  multipleOf?: number;
  properties?: Record<string, Property>;
  items?: Property;
}
export interface Recipe {
  id: string;
  purpose: string;
  files: string[];
  schema: { properties: Record<string, Property>; required?: string[]; dependentRequired?: Record<string, string[]> };
}

export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly param?: string,
  ) {
    super(message);
  }
}

/** Set while the page waits for the user to type a key of the server. */
export const keyAsked = new Store<((key: string) => void) | null>(null);
let asking: Promise<void> | undefined;
function askKey(): Promise<void> {
  asking ??= new Promise((resolve) => {
    keyAsked.set((key) => {
      sessionStorage.setItem("ptah.key", key);
      keyAsked.set(null);
      asking = undefined;
      resolve();
    });
  });
  return asking;
}

/** The key that stands behind # in the address (`ptah studio` puts it there) is taken out of it. */
export function takeKeyFromAddress(): void {
  const said = /^#key=([A-Za-z0-9_]+)$/.exec(location.hash);
  if (!said) return;
  localStorage.setItem("ptah.session", said[1]!); // other tabs have it too
  history.replaceState(null, "", location.pathname);
}

export async function request(path: string, options: RequestInit = {}): Promise<Response> {
  for (;;) {
    const key = sessionStorage.getItem("ptah.key") || localStorage.getItem("ptah.session");
    const headers = { ...(key ? { Authorization: "Bearer " + key } : {}), ...(options.headers as Record<string, string>) };
    const answer = await fetch(path, { ...options, headers });
    if (answer.status === 401) {
      await askKey();
      continue;
    }
    if (!answer.ok) {
      const body = await answer.json().catch(() => null);
      const error = body && body.error;
      throw new ServerError(answer.status, (error && error.message) || (typeof error === "string" ? error : "status " + answer.status), error?.param);
    }
    return answer;
  }
}
export const getJson = async (path: string): Promise<any> => (await request(path)).json();
export async function sendJson(path: string, body: unknown, options: RequestInit = {}): Promise<any> {
  const answer = await request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...options });
  return answer.json();
}

/** Puts a file onto the server; how requests name it. */
export async function putFile(file: File): Promise<string> {
  const said = await (await request("/v1/blobs", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file })).json();
  const name = file.name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(-100) || "file";
  return said.id + "/" + name;
}

export interface ServerEvent {
  id: string;
  name: string;
  data: string;
}
/** Server-sent events of an answer, until it ends. */
export async function* eventsOf(answer: Response): AsyncGenerator<ServerEvent> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
        const event: ServerEvent = { id: "", name: "message", data: "" };
        for (const line of rest.slice(0, end).split("\n")) {
          if (line.startsWith("id: ")) event.id = line.slice(4);
          if (line.startsWith("event: ")) event.name = line.slice(7);
          if (line.startsWith("data: ")) event.data += (event.data ? "\n" : "") + line.slice(6);
        }
        if (event.data) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export async function download(url: string, name: string): Promise<void> {
  const blob = URL.createObjectURL(await (await request(url)).blob());
  const link = document.createElement("a");
  link.href = blob;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(blob), 10000);
}

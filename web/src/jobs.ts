// What this server's jobs are doing. All tabs of a browser share one stream of events: the tab that holds a lock reads it and tells the others.
import { eventsOf, getJson, request, sendJson, type Fields, type Job } from "./api";
import { Store, withEntry } from "./store";
import { t } from "./texts";

export const jobs = new Store<ReadonlyMap<string, Job>>(new Map());
export const previews = new Store<ReadonlyMap<string, string>>(new Map()); // a URL of the latest picture, by job
export const written = new Store<ReadonlyMap<string, string>>(new Map()); // texts while they are written, by job
export const connection = new Store<"connecting" | "connected" | "lost">("connecting");
export const news = new Store(""); // read aloud by screen readers
export const works = new Store(0); // counts up when a work is done, changed or gone

export const isWork = (job: Job): boolean => job.request !== undefined; // an answer in a conversation is none
export const isOpen = (job: Job): boolean => job.status === "queued" || job.status === "in_progress";

export function titleOf(job: { kind: string; request?: Fields }): string {
  const r = (job.request || {}) as Record<string, string>;
  for (const name of ["prompt", "text", "material", "picture", "mesh", "file"]) if (r[name]) return String(r[name]).slice(0, 120);
  const shape = /^shape \w+ "([^"]+)"/.exec(r.program || "");
  return shape ? shape[1]! : job.kind;
}

export function seen(job: Job): Job {
  if (isWork(job)) jobs.set(withEntry(jobs.value, job.id, job));
  return job;
}

const asked = new Map<string, { again: boolean; job: Promise<Job | undefined> }>();
/** A job as it is now. Who asks while an answer is under way gets the one after it: what happened meanwhile may not be in the first. */
export function refresh(id: string): Promise<Job | undefined> {
  const before = asked.get(id);
  if (before) {
    before.again = true;
    return before.job;
  }
  const mine = { again: true, job: Promise.resolve<Job | undefined>(undefined) };
  asked.set(id, mine);
  mine.job = (async () => {
    let job: Job | undefined;
    while (mine.again) {
      mine.again = false;
      job = await getJson("/v1/jobs/" + id).catch(() => undefined); // not ours, or gone
    }
    asked.delete(id);
    return job && seen(job);
  })();
  return mine.job;
}

export async function submit(kind: string, fields: Fields): Promise<Job> {
  const job: Job = seen(await sendJson("/v1/jobs", { kind, request: fields }));
  news.set(job.status === "completed" ? t("news.known") : t("news.place", { place: job.place || 1 }));
  return job;
}

export async function cancel(id: string): Promise<void> {
  await request("/v1/jobs/" + id, { method: "DELETE" });
  await refresh(id);
}

export async function loadJobs(): Promise<void> {
  const list = await getJson("/v1/jobs?limit=50");
  const next = new Map(jobs.value);
  for (const job of list.data as Job[]) if (isWork(job)) next.set(job.id, job);
  jobs.set(next);
}

// ---- events ----

function happened(name: string, data: any): void {
  const id: string = data.job;
  const job = jobs.value.get(id);
  if (name === "progress") {
    if (job) jobs.set(withEntry(jobs.value, id, { ...job, status: "in_progress", progress: Math.floor((data.fraction || 0) * 100), stage: data.stage }));
  } else if (name === "preview") {
    previews.set(withEntry(previews.value, id, data.url + "?step=" + data.step));
  } else if (name === "text") {
    written.set(withEntry(written.value, id, (written.value.get(id) || "") + data.text));
  } else if (name !== "planned" && name !== "note") {
    if (name === "running") written.set(withEntry(written.value, id, undefined));
    refresh(id).then((now) => {
      if (!now || isOpen(now)) return;
      previews.set(withEntry(previews.value, id, undefined));
      if (!isWork(now)) return;
      works.set(works.value + 1);
      const title = { title: titleOf(now) };
      news.set(now.status === "completed" ? t("news.made", title) : now.status === "failed" ? t("news.failed", title) : t("news.cancelled", title));
    });
    if (name !== "queued") for (const other of jobs.value.values()) if (other.status === "queued" && other.id !== id) refresh(other.id);
  }
}

const channel = new BroadcastChannel("ptah.events");
let last = ""; // the number of the last event, of whichever tab heard it
let leading = false;

function tell(state: typeof connection.value): void {
  connection.set(state);
  channel.postMessage({ state });
}

async function lead(): Promise<never> {
  leading = true;
  for (let pause = 500; ; ) {
    try {
      const answer = await request("/v1/events", { headers: last ? { "Last-Event-ID": last } : {} });
      await loadJobs();
      tell("connected");
      pause = 500;
      for await (const event of eventsOf(answer)) {
        if (event.id) last = event.id;
        const data = JSON.parse(event.data);
        happened(event.name, data);
        channel.postMessage({ name: event.name, data, last });
      }
    } catch (error) {
      console.debug(error);
    }
    tell("lost");
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 8000);
  }
}

/** Begins to follow. Without locks (a page that is not served to this computer and not by TLS) each tab has a stream of its own. */
export function follow(): void {
  channel.onmessage = ({ data }) => {
    if (leading) {
      if (data.hello) channel.postMessage({ state: connection.value, last });
      return;
    }
    if (data.last) last = data.last;
    if (data.name) happened(data.name, data.data);
    if (data.state) {
      if (data.state === "connected" && connection.value !== "connected") loadJobs().catch(() => {});
      connection.set(data.state);
    }
  };
  if (!navigator.locks) void lead();
  else void navigator.locks.request("ptah.events", lead);
  channel.postMessage({ hello: true });
}

// Watch: what waits and runs, and what came to nothing.
import { titleOf, isOpen, jobs } from "./jobs";
import { useStore } from "./store";
import { dateText, t } from "./texts";
import { Ended, Progress, stateOf } from "./work";

export function WatchPage() {
  const all = [...useStore(jobs).values()];
  const order = (job: { status: string; place?: number }) => (job.status === "in_progress" ? 0 : job.place || 1);
  const open = all.filter(isOpen).sort((a, b) => order(a) - order(b));
  const ended = all.filter((job) => job.status === "failed" || job.status === "cancelled").sort((a, b) => b.created_at - a.created_at);
  return (
    <section>
      <h2>{t("watch.title")}</h2>
      {open.length === 0 && <p class="note">{t("watch.nothing")}</p>}
      <ol class="queue">
        {open.map((job) => (
          <li key={job.id} data-job={job.id}>
            <h3><a href={"#/works/" + job.id}>{titleOf(job)}</a></h3>
            <p class="note">{job.kind}, {stateOf(job)}</p>
            <Progress job={job} />
          </li>
        ))}
      </ol>
      {ended.length > 0 && <h2>{t("watch.ended")}</h2>}
      <ol class="queue">
        {ended.map((job) => (
          <li key={job.id} data-job={job.id}>
            <h3><a href={"#/works/" + job.id}>{titleOf(job)}</a></h3>
            <p class="note">{job.kind}, {stateOf(job)}, {dateText(job.created_at)}</p>
            <Ended job={job} />
          </li>
        ))}
      </ol>
    </section>
  );
}

// What Prometheus is told. Other rooms call the typed methods through callbacks; gauges are collected at each
// scrape from the status report, so that nobody has to keep them up to date.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StatusReport } from './types.ts';

const prefix = 'replicar_';
const requestBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const commitBuckets = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1];
const lagBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 21_600, 86_400,
];

export class Metrics {
  readonly #registry = new Registry();
  readonly #events = createEvents(this.#registry);
  readonly #gauges = createGauges(this.#registry);

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix });
  }

  /** Status 0: the client got no answer. */
  requestEnded(operation: string, status: number, seconds: number): void {
    this.#events.requests.inc({ operation, code: status === 0 ? 'none' : String(status) });
    this.#events.requestDuration.observe({ operation }, seconds);
  }

  /** A request that looks virtual-host style for a domain nobody configured passed unreplicated. */
  virtualHostPassed(): void {
    this.#events.virtualHostPassed.inc();
  }

  journalCommitted(seconds: number): void {
    this.#events.journalCommit.observe(seconds);
  }

  /** Kind: what the change was (`object`, `marker`, …). Lag: from the source's acceptance to the target's. */
  replicated(target: string, kind: string, bytes: number, lagSeconds: number): void {
    this.#events.replicated.inc({ target, kind });
    this.#events.replicatedBytes.inc({ target }, bytes);
    this.#events.lag.observe({ target }, Math.max(0, lagSeconds));
  }

  attemptFailed(target: string, reason: string): void {
    this.#events.attemptsFailed.inc({ target, reason });
  }

  readonly contentType = this.#registry.contentType;

  /** The text of a scrape; without a report (the status could not be had) the gauges are left out. */
  async render(report: StatusReport | undefined): Promise<string> {
    this.#setGauges(report);
    return await this.#registry.metrics();
  }

  #setGauges(report: StatusReport | undefined): void {
    const gauges = this.#gauges;
    // What is not set again below must not be told. A gauge without labels is left out by `remove` alone: `reset`
    // would say 0.
    const { intentsOpen, journalSize, journalFree, resyncsWanted } = gauges;
    for (const gauge of [intentsOpen, journalSize, journalFree, resyncsWanted]) gauge.remove();
    for (const gauge of [gauges.tasks, gauges.oldestTask, gauges.targetUp]) gauge.reset();
    if (report === undefined) return;
    intentsOpen.set(report.intentsOpen);
    journalSize.set(report.journal.sizeBytes);
    journalFree.set(report.journal.freeBytes);
    resyncsWanted.set(report.resyncs.length);
    for (const target of report.targets) {
      const { name, pending, failed, parked } = target;
      gauges.tasks.set({ target: name, state: 'pending' }, pending);
      gauges.tasks.set({ target: name, state: 'failed' }, failed);
      gauges.tasks.set({ target: name, state: 'parked' }, parked);
      gauges.oldestTask.set({ target: name }, target.oldestSeconds);
      if (target.configured) gauges.targetUp.set({ target: name }, target.state === 'down' ? 0 : 1);
    }
  }
}

function createEvents(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: `${prefix}requests_total`,
      help: 'Requests by operation and by the status that the client was sent.',
      labelNames: ['operation', 'code'],
      registers,
    }),
    requestDuration: new Histogram({
      name: `${prefix}request_duration_seconds`,
      help: 'From the first byte of a request to the last of its answer.',
      labelNames: ['operation'],
      buckets: requestBuckets,
      registers,
    }),
    virtualHostPassed: new Counter({
      name: `${prefix}virtual_host_passed_total`,
      help: 'Requests that look virtual-host style for an unknown domain: they pass and are not replicated.',
      registers,
    }),
    journalCommit: new Histogram({
      name: `${prefix}journal_commit_seconds`,
      help: 'Time of one commit of the journal.',
      buckets: commitBuckets,
      registers,
    }),
    replicated: new Counter({
      name: `${prefix}replicated_total`,
      help: 'Changes that a target has confirmed.',
      labelNames: ['target', 'kind'],
      registers,
    }),
    replicatedBytes: new Counter({
      name: `${prefix}replicated_bytes_total`,
      help: 'Bytes of objects that a target has confirmed.',
      labelNames: ['target'],
      registers,
    }),
    attemptsFailed: new Counter({
      name: `${prefix}attempts_failed_total`,
      help: 'Attempts at a target that failed, by reason.',
      labelNames: ['target', 'reason'],
      registers,
    }),
    lag: new Histogram({
      name: `${prefix}replication_lag_seconds`,
      help: "From the source's acceptance of a change to the target's.",
      labelNames: ['target'],
      buckets: lagBuckets,
      registers,
    }),
  };
}

function createGauges(registry: Registry) {
  const registers = [registry];
  return {
    intentsOpen: new Gauge({
      name: `${prefix}intents_open`,
      help: 'Writes whose outcome at the source is not yet known.',
      registers,
    }),
    journalSize: new Gauge({
      name: `${prefix}journal_size_bytes`,
      help: 'Size of the journal on disk.',
      registers,
    }),
    journalFree: new Gauge({
      name: `${prefix}journal_free_bytes`,
      help: "Free space on the journal's file system.",
      registers,
    }),
    tasks: new Gauge({
      name: `${prefix}tasks`,
      help: 'Tasks not yet done: pending counts all of them, failed and parked those among them.',
      labelNames: ['target', 'state'],
      registers,
    }),
    oldestTask: new Gauge({
      name: `${prefix}oldest_task_seconds`,
      help: 'Age of the oldest task; 0 where there is none.',
      labelNames: ['target'],
      registers,
    }),
    targetUp: new Gauge({
      name: `${prefix}target_up`,
      help: '0 while the target is known to be down.',
      labelNames: ['target'],
      registers,
    }),
    resyncsWanted: new Gauge({
      name: `${prefix}resync_wanted`,
      help: 'Buckets that must be gone over as a whole for a target.',
      registers,
    }),
  };
}

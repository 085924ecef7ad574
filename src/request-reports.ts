// What is told of the requests that pass: metrics, and lines in the log.

import type { Logger } from 'pino';
import type { Metrics } from './admin/metrics.ts';
import { safeTarget } from './log.ts';
import type { RequestReport } from './proxy/interceptor.ts';
import type { SourceProbe } from './source-probe.ts';

/** Counts each request, and tells of it at the level `debug`. */
export function reporter({
  metrics,
  probe,
  log,
}: {
  metrics: Metrics;
  probe: SourceProbe;
  log: Logger;
}): (report: RequestReport) => void {
  return ({ operation, facts, head, end, seconds }) => {
    metrics.requestEnded(operation, end.status, seconds);
    if (end.outcome === 'answered') probe.noteReached();
    if (!log.isLevelEnabled('debug')) return;
    const { bucket, key } = facts;
    const target = safeTarget(head.target);
    const { status, outcome } = end;
    log.debug({ operation, bucket, key, target, status, outcome, seconds }, 'request');
  };
}

/** One warning a host: clients repeat themselves. */
export function strangeHosts(metrics: Metrics, log: Logger): (host: string) => void {
  const warned = new Set<string>();
  return (host) => {
    metrics.virtualHostPassed();
    if (warned.has(host) || warned.size >= 100) return;
    warned.add(host);
    log.warn(
      { host },
      'virtual-host style request passed unreplicated: its domain is not in REPLICAR_DOMAIN',
    );
  };
}

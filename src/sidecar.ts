// The composition root: opens the parts in the order in which data flows through them, and closes them in reverse.

import type { Logger } from 'pino';
import { Metrics } from './admin/metrics.ts';
import type { TargetRuntime } from './admin/report.ts';
import { AdminServer } from './admin/server.ts';
import { createAdminSource } from './admin/source.ts';
import type { Config } from './config.ts';
import { openJournal } from './journal/open-journal.ts';
import type { OpenedJournal } from './journal/options.ts';
import type { Intent } from './journal/types.ts';
import { faultReply } from './proxy/answers.ts';
import { createInterceptor } from './proxy/interceptor.ts';
import type { SettlerOptions } from './proxy/settler.ts';
import { Settler } from './proxy/settler.ts';
import { Settling } from './proxy/settling.ts';
import { SourceFacts } from './proxy/source-facts.ts';
import { Replicator } from './replication/replicator.ts';
import type { RuleSet } from './replication/rules.ts';
import { compileRules } from './replication/rules.ts';
import type { TargetRuntime as ReplicatorRuntime } from './replication/types.ts';
import { draftFor, placeFor } from './replication/wants.ts';
import { reporter, strangeHosts } from './request-reports.ts';
import { getBucketVersioning } from './s3/calls.ts';
import { S3Client } from './s3/client.ts';
import { addressOf, wireSource } from './source-address.ts';
import { SourceProbe } from './source-probe.ts';
import type { TlsFiles, TlsPair } from './tls-files.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';
import type { Deadlines } from './wire/options.ts';
import { WireServer } from './wire/server.ts';
import { within } from './within.ts';

export interface SidecarOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** What tests make faster. */
  readonly pace?: Pick<SettlerOptions, 'pausesMs' | 'outagePauseMs'> & {
    readonly deadlines?: Partial<Deadlines>;
  };
}

/** The parts that stand on the journal, not yet listening. */
interface Parts {
  readonly journal: OpenedJournal;
  readonly source: S3Client;
  readonly probe: SourceProbe;
  readonly settler: Settler;
  readonly replicator: Replicator;
  readonly metrics: Metrics;
  readonly wire: WireServer;
  readonly admin: AdminServer;
}

export class Sidecar {
  readonly address: { readonly host: string; readonly port: number };
  readonly adminAddress: { readonly host: string; readonly port: number };
  readonly #options: SidecarOptions;
  readonly #parts: Parts;
  readonly #stopWatching: () => void;
  #closing: Promise<void> | undefined;

  private constructor(
    options: SidecarOptions,
    parts: Parts,
    addresses: { client: Sidecar['address']; admin: Sidecar['address'] },
  ) {
    this.#options = options;
    this.#parts = parts;
    this.address = addresses.client;
    this.adminAddress = addresses.admin;
    this.#stopWatching = this.#watchTls();
  }

  /** Opens everything and listens. What fails on the way closes what was opened. */
  static async open(options: SidecarOptions): Promise<Sidecar> {
    const metrics = new Metrics();
    const journal = await openTheJournal(options, metrics);
    const parts = await compose(options, { journal, metrics }).catch(async (error: unknown) => {
      await journal.close();
      throw error;
    });
    try {
      parts.probe.start();
      parts.replicator.start();
      wakeEverything(parts.replicator, options.log);
      if (options.config.source.credentials !== undefined) parts.settler.start();
      const { listen } = options.config.admin;
      const admin = await parts.admin.listen(listen.host, listen.port);
      const client = await parts.wire.start();
      return new Sidecar(options, parts, { client, admin });
    } catch (error) {
      await closeParts(parts, 0);
      throw error;
    }
  }

  get replicator(): Replicator {
    return this.#parts.replicator;
  }

  get connectionsOpen(): number {
    return this.#parts.wire.connectionsOpen;
  }

  get journal(): OpenedJournal {
    return this.#parts.journal;
  }

  /**
   * Stops accepting, finishes open requests for up to `timeoutMs`, sends the backlog for up to `drainMs`, and
   * closes. A call with zeros cuts short one that is under way.
   */
  async close({ timeoutMs, drainMs }: { timeoutMs: number; drainMs: number }): Promise<void> {
    if (this.#closing !== undefined && timeoutMs === 0) await this.#parts.wire.close(0);
    this.#closing ??= this.#close(timeoutMs, drainMs);
    await this.#closing;
  }

  async #close(timeoutMs: number, drainMs: number): Promise<void> {
    this.#stopWatching();
    const { wire, replicator, journal } = this.#parts;
    await wire.close(timeoutMs);
    if (drainMs > 0) await within(drainMs, replicator.drain());
    const pending = this.#options.config.targets.map(({ name }) => journal.counts(name).pending);
    const backlog = pending.reduce((sum, count) => sum + count, 0);
    const intentsOpen = journal.intentsOpen();
    await closeParts(this.#parts, 0);
    this.#options.log.info({ backlog, intentsOpen }, 'stopped');
  }

  #watchTls(): () => void {
    const { config } = this.#options;
    const files = config.tls;
    if (files === undefined) return () => undefined;
    return watchTlsFiles(files, () => void this.#renewTls(files));
  }

  async #renewTls(files: TlsFiles): Promise<void> {
    const { log } = this.#options;
    try {
      this.#parts.wire.setTls(await readTlsFiles(files));
      log.info({ certFile: files.certFile }, 'certificate read again');
    } catch (error) {
      log.error({ err: error }, 'the former certificate stays in use');
    }
  }
}

async function openTheJournal(
  { config, log }: SidecarOptions,
  metrics: Metrics,
): Promise<OpenedJournal> {
  const journal = await openJournal({
    dataDir: config.dataDir,
    site: config.site,
    targets: config.targets.map(({ name, endpoint, bucket }) => ({
      name,
      endpoint: endpoint.url,
      ...(bucket === undefined ? {} : { bucket }),
    })),
    rules: config.rules.map(({ name, text }) => ({ name, text })),
    log,
    onCommit: (seconds) => metrics.journalCommitted(seconds),
  });
  for (const { name, before } of journal.changes.movedTargets) {
    log.warn(
      { target: name, before },
      'the target is another now: its statuses are void, its buckets are marked',
    );
  }
  return journal;
}

async function compose(
  options: SidecarOptions,
  { journal, metrics }: Pick<Parts, 'journal' | 'metrics'>,
): Promise<Parts> {
  const { config, log } = options;
  const nobody = { accessKey: '', secretKey: '' };
  const source = new S3Client({ credentials: nobody, ...config.source }, { connections: 128 });
  const probe = new SourceProbe(addressOf(config.source.url));
  const rules = compileRules(config.rules, config.exemptBuckets);
  const replicator = new Replicator({
    journal,
    source,
    site: config.site,
    targets: config.targets,
    wants: (change, target) =>
      placeFor(rules, change, { target, bucket: bucketOf(config, target) }),
    retry: config.retry,
    events: metrics,
    log,
  });
  const settler = new Settler({
    journal,
    source,
    draftOf: (change) => draftFor(rules, change),
    markBucket: (intent) => markBucket(config, journal, intent),
    log,
    ...options.pace,
  });
  const standing = { journal, source, probe, settler, replicator, metrics };
  const tls = config.tls === undefined ? undefined : await readTlsFiles(config.tls);
  const wire = composeWire(options, { ...standing, rules, tls });
  return { ...standing, wire, admin: composeAdmin(options, standing) };
}

type Standing = Omit<Parts, 'wire' | 'admin'>;

function composeWire(
  { config, log, pace }: SidecarOptions,
  parts: Standing & { readonly rules: RuleSet; readonly tls: TlsPair | undefined },
): WireServer {
  const { journal, settler, source, replicator, metrics, probe, rules, tls } = parts;
  return new WireServer({
    listen: config.listen,
    ...(tls === undefined ? {} : { tls }),
    source: wireSource(config.source),
    intercept: createInterceptor({
      journal,
      settler,
      source,
      settling: new Settling(),
      sourceFacts: new SourceFacts((bucket) => getBucketVersioning(source, bucket)),
      rules,
      draftOf: (change) => draftFor(rules, change),
      isSync: (target) => replicator.isSync(target),
      waitFor: (tasks) => replicator.waitFor(tasks),
      log,
      now: Date.now,
      domains: config.domains,
      targets: new Set(config.targets.map(({ name }) => name)),
      onEnd: reporter({ metrics, probe, log }),
      onStrangeHost: strangeHosts(metrics, log),
    }),
    refuse: faultReply,
    connectionsMax: config.connectionsMax,
    ...(pace?.deadlines === undefined ? {} : { deadlines: pace.deadlines }),
    onError: (error) => log.warn({ err: error }, 'trouble on the data path'),
  });
}

function composeAdmin(
  { config, log, version }: SidecarOptions,
  { journal, replicator, metrics, probe }: Standing,
): AdminServer {
  return new AdminServer({
    source: createAdminSource({
      journal,
      targets: () => replicator.runtime().map((target) => shown(target)),
      pause: (target) => replicator.pause(target),
      resume: (target) => replicator.resume(target),
      retry: (target, object) => replicator.retry(target, object),
      rules: config.rules,
      version,
      site: config.site,
      startedAt: Date.now(),
      sourceReached: () => probe.reached,
    }),
    metrics,
    ...(config.admin.token === undefined ? {} : { token: config.admin.token }),
    onError: (error, route) => log.error({ err: error, route }, 'admin request failed'),
  });
}

/** A start is when rules, keys or permissions may have changed: what rests is tried once, parked tasks too. */
function wakeEverything(replicator: Replicator, log: Logger): void {
  replicator.retry(undefined).catch((error: unknown) => {
    log.warn({ err: error }, 'what rests could not be woken at the start');
  });
}

function shown({ lag, ...target }: ReplicatorRuntime): TargetRuntime {
  const lagSeconds = { p50: lag.p50 ?? null, p99: lag.p99 ?? null };
  return { lastError: undefined, lastErrorAt: undefined, ...target, lagSeconds };
}

async function closeParts(parts: Parts, graceMs: number): Promise<void> {
  await parts.wire.close(graceMs);
  await parts.admin.close();
  await parts.settler.close();
  await parts.replicator.close();
  await parts.probe.close();
  await parts.source.close();
  await parts.journal.close();
}

function bucketOf({ targets }: Config, target: string): string | undefined {
  return targets.find(({ name }) => name === target)?.bucket;
}

/** It is not known what the write changed: the whole bucket must be gone over, for every target of its rules. */
async function markBucket(config: Config, journal: OpenedJournal, intent: Intent): Promise<void> {
  const concerned = config.rules.filter(
    ({ enabled, bucket }) => enabled && (bucket === '*' || bucket === intent.bucket),
  );
  const reason = `the keys of a ${intent.operation} could not be read`;
  for (const target of new Set(concerned.map((rule) => rule.target))) {
    // oxlint-disable-next-line no-await-in-loop -- a handful, and in order
    await journal.mark({ bucket: intent.bucket, target, reason, at: Date.now() });
  }
}

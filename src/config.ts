// The configuration: from environment variables to one frozen value, or to every fault at once.

import { bucketsOnSource, circleFaults, targetFaults } from './config/checks.ts';
import { ConfigError } from './config/fault.ts';
import { readAdmin, readTls } from './config/listeners.ts';
import { ruleNames, shownName, targetNames, unknownVariables } from './config/names.ts';
import { type Environment, Reader, type ReadFile } from './config/reader.ts';
import { readSource, readTarget } from './config/stores.ts';
import { keeping, laterVariables, listening, pace, rule as ruleVariable } from './config/table.ts';
import type { Config, ConfiguredRule } from './config/types.ts';
import { parseRule } from './replication/rules.ts';

export type { Config, ConfiguredRule, SourceConfig, TargetConfig } from './config/types.ts';

/** Throws a ConfigError that holds every fault. */
export function loadConfig(env: Environment, readFile: ReadFile): Config {
  const reader = new Reader(env, readFile);
  const listen = reader.read(listening.listen);
  const tls = readTls(reader);
  const domains = reader.read(listening.domain) ?? [];
  const site = reader.read(listening.site);
  const rules = readRules(reader, env);
  const from = readSource(reader, ruleNames(env).length > 0);
  const dataDir = reader.read(keeping.dataDir);
  const adminListener = readAdmin(reader, listen);
  const targets = targetNames(env).flatMap((name) => readTarget(reader, name));
  const retry = readRetry(reader, env);
  const shutdown = {
    timeoutMs: reader.read(pace.shutdownTimeout),
    drainMs: reader.read(pace.shutdownDrain),
  };
  const connectionsMax = reader.read(pace.connectionsMax);
  const logLevel = reader.read(pace.logLevel);
  for (const variable of laterVariables) reader.read(variable);
  for (const fault of unknownVariables(env, reader.known)) reader.fault(fault);
  for (const fault of targetFaults(rules, targetNames(env).map(shownName))) reader.fault(fault);
  const stores = { source: from?.url, listen };
  for (const fault of circleFaults(rules, targets, stores)) reader.fault(fault);
  if (reader.faults.length > 0 || from === undefined) throw new ConfigError(reader.faults);
  return deepFreeze({
    listen,
    ...(tls === undefined ? {} : { tls }),
    domains,
    site,
    source: from,
    dataDir,
    admin: adminListener,
    targets,
    rules,
    exemptBuckets: bucketsOnSource(rules, targets, stores),
    retry,
    shutdown,
    connectionsMax,
    logLevel,
  });
}

function readRules(reader: Reader, env: Environment): readonly ConfiguredRule[] {
  return ruleNames(env).flatMap((name) => {
    const variable = ruleVariable.name.replace('<NAME>', name);
    reader.known.add(variable);
    const text = env[variable] ?? '';
    const parsed = parseRule(shownName(name), text);
    if ('rule' in parsed) return [{ ...parsed.rule, text }];
    for (const { position, expected } of parsed.faults) {
      const hint = `at character ${position}`;
      reader.fault({ variable, value: text, expected, hint });
    }
    return [];
  });
}

function readRetry(reader: Reader, env: Environment): Config['retry'] {
  const minMs = reader.read(pace.retryMin);
  const maxMs = reader.read(pace.retryMax);
  const faulty = reader.isFaulty(pace.retryMin.name) || reader.isFaulty(pace.retryMax.name);
  if (minMs > maxMs && !faulty) {
    const value = env[pace.retryMax.name] ?? pace.retryMax.fallback;
    const expected = `expected at least ${pace.retryMin.name} (${minMs}ms)`;
    reader.fault({ variable: pace.retryMax.name, value, expected });
  }
  return { minMs, maxMs };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Set) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

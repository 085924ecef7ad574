// The stores of a configuration: the source and the targets, each with its keys.

import type { Credentials } from '../s3/types.ts';
import { shownName } from './names.ts';
import { readPem } from './pem.ts';
import type { Reader } from './reader.ts';
import { type DefaultedVariable, source, target, type Variable } from './table.ts';
import type { SourceConfig, TargetConfig } from './types.ts';

export function readSource(reader: Reader, hasRules: boolean): SourceConfig | undefined {
  const url = reader.read(source.endpoint);
  if (!reader.given(source.endpoint.name)) {
    const expected = 'missing: expected http://HOST:PORT or https://HOST:PORT of the store';
    reader.fault({ variable: source.endpoint.name, value: undefined, expected });
  }
  const region = reader.read(source.region);
  const ca = readCa(reader, source.caFile, source.caFile.name);
  const why = hasRules ? 'the rules need it to read at the source' : undefined;
  const names = { accessKey: source.accessKey.name, secretKey: source.secretKey.name };
  const credentials = readCredentials(reader, source, names, why);
  if (url === undefined) return undefined;
  return {
    url,
    region,
    ...(credentials === undefined ? {} : { credentials }),
    ...(ca === undefined ? {} : { ca }),
  };
}

function readCa(reader: Reader, variable: Variable<string>, name: string): string | undefined {
  const path = reader.read(variable, name);
  return path === undefined ? undefined : readPem(reader, { name, path, label: 'CERTIFICATE' });
}

/** Both keys or neither; a missing one is a fault if there is a reason to need it. */
function readCredentials(
  reader: Reader,
  variables: { readonly accessKey: Variable<string>; readonly secretKey: Variable<string> },
  names: { readonly accessKey: string; readonly secretKey: string },
  why: string | undefined,
): Credentials | undefined {
  const accessKey = reader.read(variables.accessKey, names.accessKey);
  const secretKey = reader.read(variables.secretKey, names.secretKey);
  const anyGiven = reader.given(names.accessKey) || reader.given(names.secretKey);
  for (const name of [names.accessKey, names.secretKey]) {
    if (reader.given(name) || (why === undefined && !anyGiven)) continue;
    const expected = `missing: ${why ?? 'access key and secret key go together'}`;
    reader.fault({ variable: name, value: undefined, expected, hint: `or ${name}_FILE` });
  }
  if (accessKey === undefined || secretKey === undefined) return undefined;
  return { accessKey, secretKey };
}

export function readTarget(reader: Reader, name: string): readonly TargetConfig[] {
  const variableName = (variable: Variable<unknown>) => variable.name.replace('<NAME>', name);
  const read = <T>(variable: Variable<T>) => reader.read(variable, variableName(variable));
  const readDefaulted = <T>(variable: DefaultedVariable<T>) =>
    reader.read(variable, variableName(variable));
  const url = read(target.endpoint);
  const endpointName = variableName(target.endpoint);
  if (!reader.given(endpointName)) {
    const expected = 'missing: a target needs http://HOST:PORT or https://HOST:PORT';
    reader.fault({ variable: endpointName, value: undefined, expected });
  }
  const keyNames = {
    accessKey: variableName(target.accessKey),
    secretKey: variableName(target.secretKey),
  };
  const credentials = readCredentials(reader, target, keyNames, 'a target needs it');
  const region = readDefaulted(target.region);
  const ca = readCa(reader, target.caFile, variableName(target.caFile));
  const bucket = read(target.bucket);
  const rest = {
    dialect: readDefaulted(target.dialect),
    sync: readDefaulted(target.sync),
    syncTimeoutMs: readDefaulted(target.syncTimeout),
    concurrency: readDefaulted(target.concurrency),
  };
  for (const variable of [target.createBucket, target.bandwidth, target.storageClass]) {
    read(variable);
  }
  if (url === undefined || credentials === undefined) return [];
  const endpoint = { url, region, credentials, ...(ca === undefined ? {} : { ca }) };
  return [
    { name: shownName(name), endpoint, ...(bucket === undefined ? {} : { bucket }), ...rest },
  ];
}

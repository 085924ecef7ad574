// The one table of environment variables: what each is called, how it is read, its default and what it
// is for. `loadConfig`, `--help` and the documentation are all made from it.

import {
  durationBetween,
  integerBetween,
  matching,
  oneOf,
  type Parser,
  parseAddress,
  parseBoolean,
  parseDataDir,
  parseDomains,
  parseEndpoint,
  parsePath,
  parseSecret,
} from './values.ts';

export interface Variable<T> {
  /** `<NAME>` stands for the name of a target or rule. */
  readonly name: string;
  readonly parse: Parser<T>;
  /** Read as if it had been given. */
  readonly fallback?: string;
  /** What the table says where there is no fallback. */
  readonly defaultText?: string;
  readonly help: string;
  /** Never shown, and may be given as `…_FILE`. */
  readonly secret?: true;
  /** Part of a later version: nothing but its off value is accepted. */
  readonly notInThisVersion?: true;
}

/** A variable that always has a value. */
export interface DefaultedVariable<T> extends Variable<T> {
  readonly fallback: string;
}

export const notInThisVersion = 'not in this version';

function variable<T>(definition: DefaultedVariable<T>): DefaultedVariable<T>;
function variable<T>(definition: Variable<T>): Variable<T>;
function variable<T>(definition: Variable<T>): Variable<T> {
  return Object.freeze(definition);
}

/** A variable whose effect is built later: accepted only with the value that means "off". */
function later(name: string, off: string | undefined, help: string): Variable<undefined> {
  const hint = off === undefined ? 'leave it unset' : `only ${off} is accepted`;
  return variable<undefined>({
    name,
    parse: (text) => (text === off ? { value: undefined } : { expected: notInThisVersion, hint }),
    ...(off === undefined ? {} : { fallback: off }),
    help,
    notInThisVersion: true,
  });
}

function laterSecret(name: string, help: string): Variable<undefined> {
  return variable({ ...later(name, undefined, help), secret: true });
}

const parseRegion = matching(/^[A-Za-z0-9-]{1,64}$/, 'a region of letters, digits and hyphens');
const parseSite = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'a name of letters, digits, ".", "_" and "-", at most 63 characters',
);
const parseBucket = matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, 'a bucket name');

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
const parseLogLevel = oneOf<LogLevel>('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent');

export type Dialect = 'auto' | 'minio' | 's3';

export const listening = {
  listen: variable({
    name: 'REPLICAR_LISTEN',
    parse: parseAddress,
    fallback: '0.0.0.0:9000',
    help: 'where clients connect',
  }),
  tlsCertFile: variable({
    name: 'REPLICAR_TLS_CERT_FILE',
    parse: parsePath,
    help: 'certificate chain (PEM); with the key: serve HTTPS; re-read when the files change',
  }),
  tlsKeyFile: variable({
    name: 'REPLICAR_TLS_KEY_FILE',
    parse: parsePath,
    help: 'private key (PEM) of the certificate',
  }),
  domain: variable({
    name: 'REPLICAR_DOMAIN',
    parse: parseDomains,
    help: 'base domains for virtual-host style requests, comma-separated',
  }),
  site: variable({
    name: 'REPLICAR_SITE',
    parse: parseSite,
    fallback: 'default',
    help: "this site's name; unique among the sites that replicate to each other",
  }),
};

export const source = {
  endpoint: variable({
    name: 'REPLICAR_SOURCE_ENDPOINT',
    parse: parseEndpoint,
    defaultText: 'required',
    help: '`http(s)://host:port` of the store',
  }),
  accessKey: variable({
    name: 'REPLICAR_SOURCE_ACCESS_KEY',
    parse: parseSecret,
    defaultText: 'required with rules',
    help: "the sidecar's own key at the source (reads, listings)",
    secret: true,
  }),
  secretKey: variable({
    name: 'REPLICAR_SOURCE_SECRET_KEY',
    parse: parseSecret,
    defaultText: 'required with rules',
    help: 'the secret that belongs to it',
    secret: true,
  }),
  region: variable({
    name: 'REPLICAR_SOURCE_REGION',
    parse: parseRegion,
    fallback: 'us-east-1',
    help: 'the region that requests to the source are signed for',
  }),
  caFile: variable({
    name: 'REPLICAR_SOURCE_CA_FILE',
    parse: parsePath,
    help: 'certificate authority (PEM) of an `https` source',
  }),
};

export const keeping = {
  dataDir: variable({
    name: 'REPLICAR_DATA_DIR',
    parse: parseDataDir,
    fallback: './replicar-data',
    help: 'the folder of the journal (`/var/lib/replicar` in the image)',
  }),
};

export const admin = {
  listen: variable({
    name: 'REPLICAR_ADMIN_LISTEN',
    parse: parseAddress,
    fallback: '127.0.0.1:9090',
    help: 'health, metrics, dashboard, JSON API',
  }),
  token: variable({
    name: 'REPLICAR_ADMIN_TOKEN',
    parse: parseSecret,
    help: 'bearer token for `/api` and the dashboard; required when the admin listener is not on loopback (health and metrics stay open)',
    secret: true,
  }),
  url: variable({
    name: 'REPLICAR_ADMIN_URL',
    parse: parseEndpoint,
    fallback: 'http://127.0.0.1:9090',
    help: 'the running sidecar that `replicar status`, `failures`, `retry`, `pause`, `resume` and `discard` talk to',
  }),
};

export const target = {
  endpoint: variable({
    name: 'REPLICAR_TARGET_<NAME>_ENDPOINT',
    parse: parseEndpoint,
    help: '`http(s)://host:port` of a target',
  }),
  accessKey: variable({
    name: 'REPLICAR_TARGET_<NAME>_ACCESS_KEY',
    parse: parseSecret,
    help: "the sidecar's key at the target",
    secret: true,
  }),
  secretKey: variable({
    name: 'REPLICAR_TARGET_<NAME>_SECRET_KEY',
    parse: parseSecret,
    help: 'the secret that belongs to it',
    secret: true,
  }),
  region: variable({
    name: 'REPLICAR_TARGET_<NAME>_REGION',
    parse: parseRegion,
    fallback: 'us-east-1',
    help: 'the region that requests to the target are signed for',
  }),
  caFile: variable({
    name: 'REPLICAR_TARGET_<NAME>_CA_FILE',
    parse: parsePath,
    help: 'certificate authority (PEM) of an `https` target',
  }),
  bucket: variable({
    name: 'REPLICAR_TARGET_<NAME>_BUCKET',
    parse: parseBucket,
    defaultText: "the source bucket's name",
    help: 'the bucket at the target, where a rule names none',
  }),
  createBucket: later(
    'REPLICAR_TARGET_<NAME>_CREATE_BUCKET',
    'false',
    'create a bucket that is missing at the target',
  ),
  dialect: variable({
    name: 'REPLICAR_TARGET_<NAME>_DIALECT',
    parse: oneOf<Dialect>('auto', 'minio', 's3'),
    fallback: 'auto',
    help: '`minio`, `s3` or found out on first contact',
  }),
  sync: variable({
    name: 'REPLICAR_TARGET_<NAME>_SYNC',
    parse: parseBoolean,
    fallback: 'false',
    help: 'answer the client only after this target has it, or the deadline',
  }),
  syncTimeout: variable({
    name: 'REPLICAR_TARGET_<NAME>_SYNC_TIMEOUT',
    parse: durationBetween(1, '24h'),
    fallback: '30s',
    help: "that deadline, counted from the source's answer",
  }),
  concurrency: variable({
    name: 'REPLICAR_TARGET_<NAME>_CONCURRENCY',
    parse: integerBetween(1, 1024),
    fallback: '32',
    help: 'tasks in flight at most',
  }),
  bandwidth: later('REPLICAR_TARGET_<NAME>_BANDWIDTH', 'unlimited', 'bytes a second'),
  storageClass: later(
    'REPLICAR_TARGET_<NAME>_STORAGE_CLASS',
    undefined,
    "storage class at the target, instead of the source's",
  ),
};

/** Parsed by the rules' own grammar. */
export const rule = variable<string>({
  name: 'REPLICAR_RULE_<NAME>',
  parse: (text) => ({ value: text }),
  help: 'a rule: `BUCKET[/PREFIX] -> TARGET[/BUCKET] [priority=N] [replicate=delete-marker,delete] [enabled=false]`',
});

export const pace = {
  retryMin: variable({
    name: 'REPLICAR_RETRY_MIN',
    parse: durationBetween(1, '7d'),
    fallback: '1s',
    help: 'lower bound of the back-off between attempts, with full jitter',
  }),
  retryMax: variable({
    name: 'REPLICAR_RETRY_MAX',
    parse: durationBetween(1, '7d'),
    fallback: '5m',
    help: 'upper bound of the back-off',
  }),
  shutdownTimeout: variable({
    name: 'REPLICAR_SHUTDOWN_TIMEOUT',
    parse: durationBetween(0, '24h'),
    fallback: '30s',
    help: 'how long SIGTERM waits for open requests',
  }),
  shutdownDrain: variable({
    name: 'REPLICAR_SHUTDOWN_DRAIN',
    parse: durationBetween(0, '24h'),
    fallback: '0s',
    help: 'and then, for pods without a lasting volume, for the backlog to be sent',
  }),
  connectionsMax: variable({
    name: 'REPLICAR_CONNECTIONS_MAX',
    parse: integerBetween(1, 1_000_000),
    fallback: '4096',
    help: 'clients at once',
  }),
  logLevel: variable({
    name: 'REPLICAR_LOG_LEVEL',
    parse: parseLogLevel,
    fallback: 'info',
    help: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
  }),
};

/** Known, so that nobody takes them for typos, and refused, so that nobody relies on them. */
export const laterVariables: readonly Variable<undefined>[] = [
  later('REPLICAR_SCAN_INTERVAL', '0s', 'pause between two full scans; `0s` turns the scanner off'),
  later(
    'REPLICAR_JOURNAL_FAILURE',
    'reject',
    '`reject`: a write whose intent cannot be stored gets 503 `SlowDown`; `pass`: it goes through',
  ),
  laterSecret('REPLICAR_PEER_KEYS', 'keys of other sites that replicate into this one'),
  later('REPLICAR_SOURCE_SIGN', 'false', 'sign requests afresh with the source key'),
  laterSecret(
    'REPLICAR_CLIENT_KEYS',
    'keys that clients sign with when requests are signed afresh',
  ),
  later('REPLICAR_REPLICATION_API', 'false', 'answer the S3 replication and MinIO admin API here'),
  later('REPLICAR_READ_FALLBACK', 'false', 'answer a GET that the source has not from a target'),
  later('REPLICAR_DELETE_BRAKE', 'off', '`N/DURATION`: more deletes than that pause deletions'),
  laterSecret(
    'REPLICAR_ADMIN_KEYS',
    'keys that may change replication through the S3 and admin API',
  ),
  laterSecret('REPLICAR_SECRET', 'key that encrypts target secrets given at run time'),
  laterSecret('REPLICAR_SECRET_OLD', 'the former one, while rotating'),
];

/** Every row, in the order of the documentation. */
export const allVariables: readonly Variable<unknown>[] = [
  ...Object.values(listening),
  ...Object.values(source),
  ...Object.values(keeping),
  ...Object.values(admin),
  ...Object.values(target),
  rule,
  ...Object.values(pace),
  ...laterVariables,
];

// The configuration as a whole: what is accepted, and that every fault is told, at once.

import test from 'ava';
import { ConfigError } from '../src/config/fault.ts';
import { allVariables, laterVariables } from '../src/config/table.ts';
import { type Config, loadConfig } from '../src/config.ts';

const minimal = { REPLICAR_SOURCE_ENDPOINT: 'http://store:9000' };
const target = {
  REPLICAR_TARGET_SITE_B_ENDPOINT: 'https://b.example.com',
  REPLICAR_TARGET_SITE_B_ACCESS_KEY: 'b-access',
  REPLICAR_TARGET_SITE_B_SECRET_KEY: 'b-secret',
};
const sourceKeys = {
  REPLICAR_SOURCE_ACCESS_KEY: 'a-access',
  REPLICAR_SOURCE_SECRET_KEY: 'a-secret',
};
const whole = {
  ...minimal,
  ...sourceKeys,
  ...target,
  REPLICAR_RULE_PHOTOS: 'photos/2026/ -> site-b priority=10 replicate=delete,delete-marker',
};

const files: Readonly<Record<string, string>> = {
  '/run/secret': 'from-file\n',
  '/run/empty': '\n',
  '/run/ca.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  '/run/key.pem': '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n',
};

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return text;
}

function load(env: Record<string, string>): Config {
  return loadConfig(env, readFile);
}

function faultsOf(env: Record<string, string>): ConfigError {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** The one line about a variable. */
function lineFor(env: Record<string, string>, variable: string): string {
  const lines = faultsOf(env).message.split('\n');
  const found = lines.filter((line) => line.split(/[=:]/, 1)[0] === variable);
  return found.length === 1 ? (found[0] ?? '') : `${found.length} faults: ${lines.join('; ')}`;
}

test('the source alone is enough, and everything else has its default', (t) => {
  t.deepEqual(load(minimal), {
    listen: { host: '0.0.0.0', port: 9000 },
    domains: [],
    site: 'default',
    source: { url: 'http://store:9000', region: 'us-east-1' },
    dataDir: './replicar-data',
    admin: { listen: { host: '127.0.0.1', port: 9090 } },
    targets: [],
    rules: [],
    exemptBuckets: [],
    retry: { minMs: 1000, maxMs: 300_000 },
    shutdown: { timeoutMs: 30_000, drainMs: 0 },
    connectionsMax: 4096,
    logLevel: 'info',
  });
});

test('a target and a rule are read under their names in lower case with hyphens', (t) => {
  const config = load(whole);
  t.deepEqual(config.targets, [
    {
      name: 'site-b',
      endpoint: {
        url: 'https://b.example.com',
        region: 'us-east-1',
        credentials: { accessKey: 'b-access', secretKey: 'b-secret' },
      },
      dialect: 'auto',
      sync: false,
      syncTimeoutMs: 30_000,
      concurrency: 32,
    },
  ]);
  t.deepEqual(config.source.credentials, { accessKey: 'a-access', secretKey: 'a-secret' });
  t.is(config.rules.length, 1);
  t.like(config.rules[0], {
    name: 'photos',
    bucket: 'photos',
    prefix: '2026/',
    target: 'site-b',
    priority: 10,
    text: whole.REPLICAR_RULE_PHOTOS,
  });
  t.deepEqual([...(config.rules[0]?.replicate ?? [])].toSorted(), ['delete', 'delete-marker']);
});

test('every setting of a target is read', (t) => {
  const config = load({
    ...minimal,
    ...target,
    REPLICAR_TARGET_SITE_B_REGION: 'eu-west-1',
    REPLICAR_TARGET_SITE_B_CA_FILE: '/run/ca.pem',
    REPLICAR_TARGET_SITE_B_BUCKET: 'copies',
    REPLICAR_TARGET_SITE_B_DIALECT: 's3',
    REPLICAR_TARGET_SITE_B_SYNC: 'true',
    REPLICAR_TARGET_SITE_B_SYNC_TIMEOUT: '1500ms',
    REPLICAR_TARGET_SITE_B_CONCURRENCY: '4',
  });
  t.like(config.targets[0], {
    endpoint: { region: 'eu-west-1', ca: files['/run/ca.pem'] ?? '' },
    bucket: 'copies',
    dialect: 's3',
    sync: true,
    syncTimeoutMs: 1500,
    concurrency: 4,
  });
});

test('the result is frozen through and through', (t) => {
  const config = load(whole);
  t.true(Object.isFrozen(config));
  t.true(Object.isFrozen(config.targets));
  t.true(Object.isFrozen(config.targets[0]?.endpoint.credentials));
  t.true(Object.isFrozen(config.rules[0]));
});

test('every fault is told at once, each on a line of its own', (t) => {
  const error = faultsOf({
    REPLICAR_LISTEN: 'nowhere',
    REPLICAR_RETRY_MIN: 'soon',
    REPLICAR_CONNECTIONS_MAX: '0',
    REPLICAR_LOG_LEVEL: 'loud',
    REPLICAR_TARGET_B_SYNC: 'yes',
    REPLICAR_RULE_X: 'photos site-b',
    REPLICAR_TYPO: '1',
  });
  const named = error.faults.map(({ variable }) => variable).toSorted();
  t.deepEqual(named, [
    'REPLICAR_CONNECTIONS_MAX',
    'REPLICAR_LISTEN',
    'REPLICAR_LOG_LEVEL',
    'REPLICAR_RETRY_MIN',
    'REPLICAR_RULE_X',
    'REPLICAR_SOURCE_ACCESS_KEY',
    'REPLICAR_SOURCE_ENDPOINT',
    'REPLICAR_SOURCE_SECRET_KEY',
    'REPLICAR_TARGET_B_ACCESS_KEY',
    'REPLICAR_TARGET_B_ENDPOINT',
    'REPLICAR_TARGET_B_SECRET_KEY',
    'REPLICAR_TARGET_B_SYNC',
    'REPLICAR_TYPO',
  ]);
  t.is(error.message.split('\n').length, error.faults.length);
});

const wrongValues: readonly (readonly [variable: string, value: string, told: RegExp])[] = [
  ['REPLICAR_LISTEN', '9000', /expected HOST:PORT/],
  ['REPLICAR_LISTEN', '0.0.0.0:70000', /at most 65535/],
  ['REPLICAR_DOMAIN', 's3.example.com:9000', /host names/],
  ['REPLICAR_SITE', 'a b', /expected a name/],
  ['REPLICAR_SOURCE_ENDPOINT', 'store:9000', /expected http/],
  ['REPLICAR_SOURCE_ENDPOINT', 'http://store:9000/path', /without a path/],
  ['REPLICAR_SOURCE_ENDPOINT', 'http://store:9000?a=b', /without a query/],
  ['REPLICAR_SOURCE_ENDPOINT', 'http://key:hunter2@store:9000', /keys do not belong/],
  ['REPLICAR_SOURCE_ENDPOINT', 'http://store:0', /port 0/],
  ['REPLICAR_SOURCE_CA_FILE', '/run/absent', /cannot be read \(ENOENT\)/],
  ['REPLICAR_SOURCE_CA_FILE', '/run/secret', /expected a PEM file/],
  ['REPLICAR_DATA_DIR', '/', /a folder of its own/],
  ['REPLICAR_ADMIN_LISTEN', '127.0.0.1:9000', /another port than REPLICAR_LISTEN/],
  ['REPLICAR_ADMIN_URL', 'localhost', /expected http/],
  ['REPLICAR_RETRY_MIN', '1.5s', /expected a duration/],
  ['REPLICAR_RETRY_MIN', '0ms', /at least 1ms/],
  ['REPLICAR_RETRY_MAX', '500ms', /at least REPLICAR_RETRY_MIN/],
  ['REPLICAR_SHUTDOWN_DRAIN', '2d', /at most 24h/],
  ['REPLICAR_CONNECTIONS_MAX', '1e3', /whole number from 1/],
  ['REPLICAR_LOG_LEVEL', 'INFO', /one of trace, debug, info/],
  ['REPLICAR_TARGET_SITE_B_DIALECT', 'aws', /one of auto, minio, s3/],
  ['REPLICAR_TARGET_SITE_B_SYNC', 'TRUE', /true or false/],
  ['REPLICAR_TARGET_SITE_B_CONCURRENCY', '2000', /from 1 to 1024/],
  ['REPLICAR_TARGET_SITE_B_BUCKET', 'a/b', /expected a bucket name/],
  ['REPLICAR_RULE_PHOTOS', '', /expected BUCKET/],
  ['REPLICAR_RULE_PHOTOS', 'photos -> site-c', /no target "site-c".*did you mean "site-b"/],
  ['REPLICAR_RULE_PHOTOS', 'photos -> elsewhere', /set REPLICAR_TARGET_ELSEWHERE_ENDPOINT/],
];

for (const [variable, value, told] of wrongValues) {
  test(`${variable}=${value} is refused with what was expected`, (t) => {
    t.regex(lineFor({ ...whole, [variable]: value }, variable), told);
  });
}

test('a password in an endpoint is not repeated in the fault', (t) => {
  const env = { ...whole, REPLICAR_SOURCE_ENDPOINT: 'http://key:hunter2@store:9000' };
  t.notRegex(faultsOf(env).message, /hunter2/);
});

test('an unknown variable is a fault with the nearest known name, and its value stays hidden', (t) => {
  const cases = [
    ['REPLICAR_SORCE_ENDPOINT', 'REPLICAR_SOURCE_ENDPOINT'],
    ['REPLICAR_SOURCE_SECRET_KY', 'REPLICAR_SOURCE_SECRET_KEY'],
    ['REPLICAR_TARGET_SITE_B_ENDPIONT', 'REPLICAR_TARGET_SITE_B_ENDPOINT'],
    ['REPLICAR_TARGET_SITE_C_ACCESSKEY', 'REPLICAR_TARGET_SITE_C_ACCESS_KEY'],
    ['REPLICAR_RULES_DOCS', 'REPLICAR_RULE_DOCS'],
    ['REPLICAR_RULE_docs', 'REPLICAR_RULE_DOCS'],
    ['replicar_listen', 'REPLICAR_LISTEN'],
  ] as const;
  for (const [wrong, meant] of cases) {
    const line = lineFor({ ...whole, [wrong]: 'canary' }, wrong);
    t.true(line.endsWith(`did you mean ${meant}?)`), line);
    t.false(line.includes('canary'));
  }
});

test('what Kubernetes injects for a service called replicar or replicar-… is ignored', (t) => {
  const config = load({
    ...whole,
    REPLICAR_PORT: 'tcp://10.96.0.12:9000',
    REPLICAR_SERVICE_HOST: '10.96.0.12',
    REPLICAR_SERVICE_PORT: '9000',
    REPLICAR_SERVICE_PORT_S3: '9000',
    REPLICAR_PORT_9000_TCP: 'tcp://10.96.0.12:9000',
    REPLICAR_PORT_9000_TCP_PROTO: 'tcp',
    REPLICAR_PORT_9000_TCP_PORT: '9000',
    REPLICAR_PORT_9000_TCP_ADDR: '10.96.0.12',
    REPLICAR_RULE_SERVICE_HOST: 'fd00::12',
    REPLICAR_RULE_PORT: 'tcp://[fd00::12]:9000',
    REPLICAR_TARGET_X_SERVICE_PORT_HTTPS_1: '443',
  });
  t.deepEqual(
    config.rules.map(({ name }) => name),
    ['photos'],
  );
  t.is(config.targets.length, 1);
});

test('a variable that only looks like one of a Kubernetes service is a typo', (t) => {
  t.regex(lineFor({ ...whole, REPLICAR_PORT: '9000' }, 'REPLICAR_PORT'), /unknown variable/);
  t.regex(
    lineFor({ ...whole, REPLICAR_ADMIN_PORT: '9090' }, 'REPLICAR_ADMIN_PORT'),
    /unknown variable/,
  );
  const { rules } = load({ ...whole, REPLICAR_RULE_PORT: 'ports -> site-b' });
  t.deepEqual(
    rules.map(({ name }) => name),
    ['photos', 'port'],
  );
});

test('a secret may be read from a file, without its last line break', (t) => {
  const config = load({
    ...minimal,
    REPLICAR_SOURCE_ACCESS_KEY_FILE: '/run/secret',
    REPLICAR_SOURCE_SECRET_KEY_FILE: '/run/secret',
    REPLICAR_ADMIN_TOKEN_FILE: '/run/secret',
    REPLICAR_TARGET_X_ENDPOINT: 'http://x',
    REPLICAR_TARGET_X_ACCESS_KEY_FILE: '/run/secret',
    REPLICAR_TARGET_X_SECRET_KEY_FILE: '/run/secret',
  });
  t.deepEqual(config.source.credentials, { accessKey: 'from-file', secretKey: 'from-file' });
  t.is(config.admin.token, 'from-file');
  t.is(config.targets[0]?.endpoint.credentials.secretKey, 'from-file');
});

test('a secret given twice, an empty file and an absent one are faults', (t) => {
  const file = 'REPLICAR_SOURCE_SECRET_KEY_FILE';
  const twice = lineFor({ ...whole, [file]: '/run/secret' }, 'REPLICAR_SOURCE_SECRET_KEY');
  t.regex(twice, /_FILE is given too/);
  const { REPLICAR_SOURCE_SECRET_KEY: _, ...without } = whole;
  t.regex(lineFor({ ...without, [file]: '/run/empty' }, file), /the file is empty/);
  t.regex(lineFor({ ...without, [file]: '/run/absent' }, file), /cannot be read/);
});

test('secrets are in no fault', (t) => {
  const env: Record<string, string> = { ...whole };
  for (const { name, secret } of allVariables) {
    if (secret === true) env[name.replace('<NAME>', 'SITE_B')] = 'canary secret';
  }
  const { message, faults } = faultsOf(env);
  t.true(faults.length >= 5);
  t.false(message.includes('canary'));
  t.false(JSON.stringify(faults).includes('canary'));
});

test('rules need the source keys, and one key needs the other', (t) => {
  const noKeys = { ...minimal, ...target, REPLICAR_RULE_A: 'a -> site-b' };
  t.regex(lineFor(noKeys, 'REPLICAR_SOURCE_ACCESS_KEY'), /the rules need it/);
  t.regex(lineFor(noKeys, 'REPLICAR_SOURCE_SECRET_KEY'), /the rules need it/);
  const half = { ...minimal, REPLICAR_SOURCE_ACCESS_KEY: 'a' };
  t.regex(lineFor(half, 'REPLICAR_SOURCE_SECRET_KEY'), /go together/);
});

test('an admin listener beyond loopback needs a token', (t) => {
  const open = { ...minimal, REPLICAR_ADMIN_LISTEN: '0.0.0.0:9090' };
  t.regex(lineFor(open, 'REPLICAR_ADMIN_TOKEN'), /not on loopback/);
  t.is(load({ ...open, REPLICAR_ADMIN_TOKEN: 'x' }).admin.token, 'x');
  for (const host of ['127.0.0.9', 'localhost', '[::1]']) {
    t.notThrows(() => load({ ...minimal, REPLICAR_ADMIN_LISTEN: `${host}:9090` }));
  }
});

test('certificate and key go together and hold PEM', (t) => {
  const certificate = { ...minimal, REPLICAR_TLS_CERT_FILE: '/run/ca.pem' };
  t.regex(lineFor(certificate, 'REPLICAR_TLS_KEY_FILE'), /go together/);
  const both = { ...certificate, REPLICAR_TLS_KEY_FILE: '/run/key.pem' };
  t.deepEqual(load(both).tls, { certFile: '/run/ca.pem', keyFile: '/run/key.pem' });
  const swapped = { ...both, REPLICAR_TLS_KEY_FILE: '/run/ca.pem' };
  t.regex(lineFor(swapped, 'REPLICAR_TLS_KEY_FILE'), /BEGIN PRIVATE KEY/);
});

test('a target that is the source with the same bucket is refused, under any of its names', (t) => {
  const own = (source: string, there: string, rule: string) => ({
    ...whole,
    REPLICAR_SOURCE_ENDPOINT: source,
    REPLICAR_TARGET_SITE_B_ENDPOINT: there,
    REPLICAR_RULE_PHOTOS: rule,
  });
  const circles = [
    own('http://store:9000', 'http://STORE:9000/', 'photos -> site-b'),
    own('http://localhost:8000', 'http://127.0.0.1:8000', '* -> site-b'),
    own('http://store', 'http://store:80', 'photos -> site-b/photos'),
    own('http://store:9001', 'http://127.0.0.1:9000', 'photos -> site-b'),
  ];
  for (const env of circles) {
    t.regex(lineFor(env, 'REPLICAR_RULE_PHOTOS'), /the source's own store, with the same bucket/);
  }
  const other = own('http://store:9000', 'http://store:9000', '* -> site-b/copies');
  t.deepEqual(load(other).exemptBuckets, ['copies']);
  t.deepEqual(load(whole).exemptBuckets, []);
});

test('what a later version brings is refused as not in this version', (t) => {
  const later = {
    REPLICAR_TARGET_SITE_B_STORAGE_CLASS: 'COLD',
    REPLICAR_TARGET_SITE_B_BANDWIDTH: '10MiB',
    REPLICAR_TARGET_SITE_B_CREATE_BUCKET: 'true',
    REPLICAR_READ_FALLBACK: 'true',
    REPLICAR_DELETE_BRAKE: '100/1h',
    REPLICAR_SOURCE_SIGN: 'true',
    REPLICAR_CLIENT_KEYS: 'a:b',
    REPLICAR_PEER_KEYS: 'a:b',
    REPLICAR_REPLICATION_API: 'true',
    REPLICAR_ADMIN_KEYS: 'a:b',
    REPLICAR_SECRET: 'c',
    REPLICAR_SECRET_OLD_FILE: '/run/secret',
    REPLICAR_SCAN_INTERVAL: '1h',
    REPLICAR_JOURNAL_FAILURE: 'pass',
  };
  const { faults } = faultsOf({ ...whole, ...later });
  t.deepEqual(faults.map(({ variable }) => variable).toSorted(), Object.keys(later).toSorted());
  for (const { expected } of faults) t.is(expected, 'not in this version');
  for (const options of [
    'replicate=existing-objects',
    'tags=a=b',
    'sse=AES256',
    'storage-class=X',
  ]) {
    const env = { ...whole, REPLICAR_RULE_PHOTOS: `photos -> site-b ${options}` };
    t.regex(lineFor(env, 'REPLICAR_RULE_PHOTOS'), /not in this version/);
  }
});

test('what a later version brings may be given as off', (t) => {
  const off = Object.fromEntries(
    [...laterVariables, ...allVariables.filter((variable) => variable.notInThisVersion)].flatMap(
      ({ name, fallback }) =>
        fallback === undefined ? [] : [[name.replace('<NAME>', 'SITE_B'), fallback]],
    ),
  );
  t.true(Object.keys(off).length >= 8);
  t.notThrows(() => load({ ...whole, ...off }));
});

test('an empty variable counts as not given', (t) => {
  const config = load({ ...whole, REPLICAR_LISTEN: '', REPLICAR_ADMIN_TOKEN: '' });
  t.is(config.listen.port, 9000);
  t.is(config.admin.token, undefined);
});

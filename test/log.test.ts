// The log: secrets of every kind are planted, and none may come out.

import test from 'ava';
import { createLogger, safeTarget } from '../src/log.ts';

/** A logger and the lines it wrote. */
function record(level = 'info') {
  const lines: string[] = [];
  const log = createLogger({ level, stream: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

test('a line is JSON with its level as a word and the time as ISO', (t) => {
  const { log, lines } = record();
  log.info({ target: 'site-b' }, 'target is up');
  log.debug('not at this level');
  t.is(lines.length, 1);
  const line: unknown = JSON.parse(lines[0] ?? '');
  t.like(line, { level: 'info', target: 'site-b', msg: 'target is up' });
  t.regex(lines[0] ?? '', /"time":"\d{4}-\d\d-\d\dT[\d:.]+Z"/);
});

test('planted secrets do not come out', (t) => {
  const { log, lines } = record();
  const credentials = { accessKey: 'CANARY', secretKey: 'CANARY' };
  log.info({ credentials }, 'whole');
  log.info({ token: 'CANARY', authorization: 'CANARY' }, 'at the top');
  log.info({ endpoint: { url: 'http://x', credentials } }, 'one level down');
  log.info({ config: { endpoint: { accessKey: 'CANARY', secretKey: 'CANARY' } } }, 'two levels');
  log.info(
    { err: Object.assign(new Error('x'), { headers: { authorization: 'CANARY' } }) },
    'error',
  );
  log.child({ secretKey: 'CANARY', endpoint: { credentials: 'CANARY' } }).info('child');
  log.info({ deep: { deep: { deep: { 'X-AMZ-SECURITY-TOKEN': 'CANARY' } } } }, 'deep');
  log.error(new Error('GET http://x/k?X-Amz-Signature=CANARY&a=b failed'));
  log.error({ err: new Error('GET http://x/k?x-amz-credential=CANARY failed') });
  log.info({ endpoints: [{ credentials: { secretKey: 'CANARY' } }] }, 'in a list');
  log.info({ url: 'http://key:CANARY@store/b?AWSAccessKeyId=CANARY' }, 'url');
  log.info(
    {
      headers: [
        { name: 'Authorization', value: 'AWS4-HMAC-SHA256 Credential=CANARY' },
        { name: 'X-Amz-Security-Token', value: 'CANARY' },
        { name: 'X-AMZ-Server-Side-Encryption-Customer-Key', value: 'CANARY' },
        { name: 'x-amz-copy-source-server-side-encryption-customer-key', value: 'CANARY' },
        { name: 'Location', value: 'http://x/?X-Amz-Signature=CANARY' },
      ],
    },
    'header lines',
  );
  log.info({ headers: { AUTHORIZATION: 'CANARY', 'x-amz-date': 'today' } }, 'header record');
  log.info({ requestTarget: '/b/k?X-Amz-Credential=CANARY&X-Amz-Signature=CANARY' }, 'presigned');
  t.is(lines.length, 14);
  for (const line of lines) t.false(line.includes('CANARY'), line);
  t.true(lines[12]?.includes('"x-amz-date":"today"'));
});

test('errors keep their kind, message, stack and cause', (t) => {
  const { log, lines } = record();
  const cause = new Error('ECONNREFUSED');
  log.error(
    { err: Object.assign(new TypeError('no answer', { cause }), { code: 'lost' }) },
    'failed',
  );
  const { err }: { err: Record<string, unknown> } = JSON.parse(lines[0] ?? '');
  t.is(err['type'], 'TypeError');
  t.is(err['message'], 'no answer: ECONNREFUSED');
  t.is(err['code'], 'lost');
  t.regex(String(err['stack']), /log\.test/);
});

test('what is no secret is logged as it is', (t) => {
  const { log, lines } = record();
  const fields = {
    bucket: 'b',
    key: 'k?a=b',
    continuationToken: 'x',
    n: 1,
    list: [1, 'a', null],
    none: null,
  };
  log.info(fields, 'plain');
  t.like(JSON.parse(lines[0] ?? ''), fields);
});

test('a request target loses the values of secret parameters and nothing else', (t) => {
  const cases = [
    ['/b/k', '/b/k'],
    ['/b//../%2e?uploads', '/b//../%2e?uploads'],
    ['/b?list-type=2&continuation-token=abc==', '/b?list-type=2&continuation-token=abc=='],
    ['/b/k?X-Amz-Signature=CANARY&versionId=1', '/b/k?X-Amz-Signature=[redacted]&versionId=1'],
    ['/b/k?x-amz-sign%61ture=CANARY', '/b/k?x-amz-sign%61ture=[redacted]'],
    [
      '/b/k?AWSAccessKeyId=CANARY&Signature=CANARY&Expires=1',
      '/b/k?AWSAccessKeyId=[redacted]&Signature=[redacted]&Expires=1',
    ],
    ['/b/k?X-Amz-Security-Token=CANARY', '/b/k?X-Amz-Security-Token=[redacted]'],
    ['/b/k?%ff=CANARY', '/b/k?%ff=[redacted]'],
    [
      '/b/k?X-Amz-Server-Side-Encryption-Customer-Key=CANARY',
      '/b/k?X-Amz-Server-Side-Encryption-Customer-Key=[redacted]',
    ],
    ['http://user:CANARY@host/b', 'http://[redacted]@host/b'],
    ['/b/k?a=b?X-Amz-Signature=fine', '/b/k?a=b?X-Amz-Signature=fine'],
  ] as const;
  for (const [given, expected] of cases) t.is(safeTarget(given), expected);
});

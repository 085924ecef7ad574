// `npm run test:minio`: the tests against a MinIO server, where MINIO_BIN names one; says so otherwise.

import { spawnSync } from 'node:child_process';

if (process.env['MINIO_BIN'] === undefined) {
  console.log('skipped: set MINIO_BIN to the path of a MinIO server');
} else {
  const env = { ...process.env, REAL_STORE: 'minio' };
  const { status } = spawnSync('npx', ['ava'], { env, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

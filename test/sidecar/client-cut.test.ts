import { connect } from 'node:net';
import test from 'ava';
import { eventually } from '../arrange.ts';
import { rawPut } from './raw.ts';
import type { Site } from './site.ts';
import { differences, openSite, settled } from './site.ts';

const bodyBytes = 48;

/** Sends the head and so many bytes of the body, and is gone. */
async function cutAfter({ sidecar }: Site, key: string, bytes: number): Promise<void> {
  const { port } = sidecar.address;
  const request = rawPut(`127.0.0.1:${port}`, `/bucket/${key}`, Buffer.alloc(bodyBytes, 'x'));
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.write(Buffer.concat([request.head, request.body.subarray(0, bytes)]), () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Nothing is over before the sidecar has seen it begin: waits until so many PutObject requests ended. */
async function ended({ sidecar }: Site, count: number): Promise<void> {
  const url = `http://127.0.0.1:${sidecar.adminAddress.port}/metrics`;
  await eventually(`${count} requests ended`, async () => {
    const text = await (await fetch(url)).text();
    const lines = text.matchAll(/^replicar_requests_total\{operation="PutObject",.*\} (\d+)$/gm);
    let sum = 0;
    for (const [, value] of lines) sum += Number(value);
    return sum === count;
  });
}

test('an upload that is cut at any byte of its payload leaves no object, no intent and no socket', async (t) => {
  const site = await openSite(t);
  const cuts = Array.from({ length: bodyBytes }, (_, bytes) => bytes);
  await Promise.all(cuts.map((bytes) => cutAfter(site, `cut-${bytes}`, bytes)));
  await ended(site, cuts.length);
  await settled(site);
  await eventually('no socket is left', () => site.sidecar.connectionsOpen === 0);
  t.deepEqual(site.source.keys('bucket'), []);
  t.deepEqual(site.target.keys('bucket'), []);
});

test('an upload that is cut after its last byte is at both sides or at neither', async (t) => {
  const site = await openSite(t);
  const keys = Array.from({ length: 30 }, (_, index) => `whole-${index}`);
  await Promise.all(keys.map((key) => cutAfter(site, key, bodyBytes)));
  await ended(site, keys.length);
  await settled(site);
  await eventually('no socket is left', () => site.sidecar.connectionsOpen === 0);
  t.deepEqual(await differences(site), []);
  t.log(`${site.source.keys('bucket').length} of ${keys.length} were stored`);
});

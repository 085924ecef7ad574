// The same conversation twice: once between a client and an origin alone, and once with a wire between them.
// What each side then got must be the same bytes, but for the lines that concern one connection only.

import type { ExecutionContext } from 'ava';
import type { TlsIdentity, WireOptions } from '../../src/wire/options.ts';
import type { Interception } from '../../src/wire/types.ts';
import { type Origin, openOrigin, openWire, type Peer } from './arrangement.ts';
import { connectTls } from './identity.ts';

export type Side = 'client' | 'origin';

/** What one side does, or waits for. Text is latin1: a char is a byte. */
export type Step =
  | { readonly kind: 'send'; readonly by: Side; readonly text: string }
  /** It sends nothing more. */
  | { readonly kind: 'end'; readonly by: Side }
  | { readonly kind: 'head'; readonly at: Side }
  | { readonly kind: 'bytes'; readonly at: Side; readonly count: number }
  /** It sees the end of the connection. */
  | { readonly kind: 'over'; readonly at: Side };

export function send(by: Side, text: string): Step {
  return { kind: 'send', by, text };
}

export function end(by: Side): Step {
  return { kind: 'end', by };
}

export function over(at: Side): Step {
  return { kind: 'over', at };
}

/** A message that comes whole to a side. */
export function takes(at: Side, body = ''): Step[] {
  const head: Step = { kind: 'head', at };
  return body === '' ? [head] : [head, { kind: 'bytes', at, count: body.length }];
}

export function takesBody(at: Side, body: string): Step {
  return { kind: 'bytes', at, count: body.length };
}

/** The client sends a message, and the origin gets it. */
export function asks(head: string, body = ''): Step[] {
  return [send('client', head + body), ...takes('origin', body)];
}

/** The origin sends a message, and the client gets it. */
export function answers(head: string, body = ''): Step[] {
  return [send('origin', head + body), ...takes('client', body)];
}

/** The origin sends its last message on this connection. */
export function answersAndEnds(head: string, body = ''): Step[] {
  return [...answers(head, body), end('origin'), over('client')];
}

const SENTINEL: readonly Step[] = [
  ...asks('GET /the-next-one HTTP/1.1\r\nHost: next\r\n\r\n'),
  ...answers('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', 'next'),
];

/** The steps, and where the connection goes on behind them, one more exchange that shows that nothing else came. */
export function conversation(steps: readonly Step[]): readonly Step[] {
  const ends = steps.some(({ kind }) => kind === 'over');
  return ends ? steps : [...steps, ...SENTINEL];
}

export interface Line {
  readonly client: Peer;
  readonly origin: Origin;
  /** How many bytes go into a packet; all that fit, if undefined. */
  readonly packetBytes?: number | undefined;
}

/** Goes through the steps; what each of them got, nothing where it sent. */
export async function converse(steps: readonly Step[], line: Line): Promise<string[]> {
  const got: string[] = [];
  let source: Peer | undefined;
  const peerAt = (side: Side): Peer => {
    if (side === 'client') return line.client;
    if (source === undefined) throw new Error('the origin has no connection yet');
    return source;
  };
  for (const step of steps) {
    if (step.kind === 'head' && step.at === 'origin') {
      // oxlint-disable-next-line no-await-in-loop -- a step after the other
      source = await line.origin.busy();
    }
    // oxlint-disable-next-line no-await-in-loop -- a step after the other
    got.push(await take(step, peerAt('by' in step ? step.by : step.at), line.packetBytes));
  }
  return got;
}

async function take(step: Step, peer: Peer, packetBytes: number | undefined): Promise<string> {
  switch (step.kind) {
    case 'send':
      await sendPackets(peer, Buffer.from(step.text, 'latin1'), packetBytes);
      return '';
    case 'end':
      peer.socket.end();
      return '';
    case 'head':
      return peer.take('\r\n\r\n');
    case 'bytes':
      return (await peer.takeBytes(step.count)).toString('latin1');
    case 'over':
      return (await peer.over()).cut ? `${peer.rest} and a cut` : peer.rest;
    // no default
  }
  return step satisfies never;
}

async function sendPackets(peer: Peer, bytes: Buffer, size = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    const packet = bytes.subarray(at, at + size);
    if (at + size >= bytes.length) peer.socket.write(packet);
    // oxlint-disable-next-line no-await-in-loop -- else they would leave together
    else await new Promise((resolve) => peer.socket.write(packet, resolve));
  }
}

/** Asserts that a wire between the two made no difference that it may not make. */
export function assertSame(
  t: ExecutionContext,
  steps: readonly Step[],
  { direct, through }: Readonly<Record<'direct' | 'through', readonly string[]>>,
): void {
  const ends = steps.some((step) => step.kind === 'over' && step.at === 'client');
  for (const [index, step] of steps.entries()) {
    const [meant, got] = [direct[index], through[index]];
    if (step.kind !== 'head' || meant === undefined || got === undefined) t.is(got, meant);
    else {
      const final = step.at === 'client' && !meant.startsWith('HTTP/1.1 1');
      const told = ends && final ? got.replace(/(?<=\r\n)Connection: close\r\n(?=\r\n$)/, '') : got;
      t.is(told, withoutHopByHop(meant), `at the ${step.at}`);
    }
  }
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade'];

/** A head without the lines that RFC 9110 section 7.6.1 lets end at a proxy, those included that Connection names. */
export function withoutHopByHop(head: string): string {
  const lines = head.split('\r\n').map((line) => ({ line, name: nameOf(line) }));
  const named = lines
    .filter(({ name }) => name === 'connection')
    .flatMap(({ line }) => line.slice('connection:'.length).split(','))
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== '');
  const hops = new Set([...HOP_BY_HOP, ...named]);
  return lines
    .filter(({ name }, index) => index === 0 || !hops.has(name))
    .map(({ line }) => line)
    .join('\r\n');
}

function nameOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
}

/** How a wire stands between the two. */
export interface Passage {
  readonly intercept?: () => Interception | undefined;
  readonly identity?: TlsIdentity | undefined;
  readonly packetBytes?: number;
}

export interface Between {
  readonly origin: Origin;
  readonly connect: () => Promise<Peer>;
}

/** A client's way to an origin, through a wire. */
export async function openPassage(t: ExecutionContext, passage: Passage): Promise<Between> {
  const { identity } = passage;
  const origin = await openOrigin(t, identity);
  const { port } = origin;
  const tls = identity && { ca: identity.cert, servername: 'localhost' };
  const options: Partial<WireOptions> = {
    ...(passage.intercept && { intercept: passage.intercept }),
    ...(identity && { tls: identity, source: { host: '127.0.0.1', port, ...(tls && { tls }) } }),
  };
  const wire = await openWire(t, origin, options);
  const connect = identity ? () => connectTls(t, wire.port, identity.cert) : wire.connect;
  return { origin, connect };
}

/** A client's way to an origin, with nothing between. */
export async function openDirect(t: ExecutionContext): Promise<Between> {
  const origin = await openOrigin(t);
  return { origin, connect: () => origin.reach(t) };
}

function later(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** An interceptor that admits and relays, each after a while: what a write under a rule goes through. */
export function capture(): Interception {
  return {
    admit: async () => {
      await later();
      return undefined;
    },
    answer: async () => {
      await later();
      return { kind: 'relay' };
    },
    answerMatters: true,
  };
}

/** An interceptor that reads whole requests and whole answers before they go on. */
export function collect(): Interception {
  return {
    ...capture(),
    holdBody: { bytesMax: 1024 * 1024, enough: () => false },
    answer: async () => ({
      kind: 'collect',
      bytesMax: 1024 * 1024,
      patienceMs: 60_000,
      complete: async () => ({}),
      early: () => ({}),
      finish: later,
    }),
  };
}

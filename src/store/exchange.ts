// One request from its head to the end of its answer: routed, authenticated, its body read, the operation run, and
// the scripted faults worked in.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Verified, VerifyOptions } from '../s3/sigv4-verify.ts';
import { verifyRequest } from '../s3/sigv4-verify.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, errorAnswer, errorXml, withErrorLines } from './answer.ts';
import { checkWriteConditions } from './conditions.ts';
import type { FaultEffect, Faults } from './faults.ts';
import { findBucket } from './find.ts';
import { mintRequestId } from './ids.ts';
import type { StoreState } from './model.ts';
import { operations } from './operations.ts';
import { postObject } from './post-object.ts';
import type { RequestHead, StoreRequest } from './request.ts';
import { Headers, parseHead } from './request.ts';
import { readBody } from './request-body.ts';
import { Sender } from './sender.ts';
import { isStoreErrorCode, StoreError } from './store-error.ts';

export interface Serving {
  readonly state: StoreState;
  readonly faults: Faults;
  readonly verify: () => VerifyOptions;
  readonly domain: string | undefined;
  /** Told of each head that could be read. */
  readonly seen: (head: RequestHead) => void;
  /** Aborted when the store closes: nothing may wait any longer. */
  readonly closing: AbortSignal;
}

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Whether the client waits for a 100 before it sends its body. */
  readonly isContinueWanted: boolean;
}

/** Thrown where a fault already ended the exchange. */
class Ended extends Error {}

export async function serve(serving: Serving, exchange: Exchange): Promise<void> {
  const { incoming, outgoing } = exchange;
  const requestId = mintRequestId();
  const sender = new Sender(serving.state, exchange, requestId);
  let place = { bucket: '', key: '', requestId };
  try {
    const headers = new Headers(incoming.rawHeaders);
    const { method = 'GET', url = '/' } = incoming;
    const head = parseHead(method, url, headers, serving.domain);
    place = { bucket: head.bucket, key: head.key, requestId };
    serving.seen(head);
    const effects = serving.faults.strike(head);
    const run = await prepare(serving, exchange, head, effects);
    if (effects.length === 0) {
      sender.send(run());
      return;
    }
    await runWithFaults({ serving, exchange, sender, effects, place, run });
  } catch (error) {
    if (error instanceof Ended || outgoing.destroyed || incoming.errored) {
      return;
    }
    const failure = asStoreError(error);
    const answer = errorAnswer(failure, place);
    const isNamed = serving.state.manner === 'minio' && incoming.method === 'HEAD';
    sender.send(isNamed ? withErrorLines(answer, failure) : answer);
  }
}

/** A failure that is no S3 error is a fault of the store itself, and shows as such. */
function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new StoreError('InternalError', text);
}

/** Everything up to the commit; returns what commits. */
async function prepare(
  serving: Serving,
  exchange: Exchange,
  head: RequestHead,
  effects: readonly FaultEffect[],
): Promise<() => Answer> {
  const { state } = serving;
  if (effects.length > 0) await strikeEarly(serving, exchange, effects);
  if (head.operation === 'Health' && state.manner === 'minio') return () => emptyAnswer(200);
  const verified = authenticate(serving, head);
  checkBeforeBody(state, head);
  if (exchange.isContinueWanted) exchange.outgoing.writeContinue();
  const body = await readBody(exchange.incoming, head, verified);
  const request: StoreRequest = { ...head, ...body };
  if (head.operation === 'PostObject') return () => postObject(state, request, serving.verify());
  const operation = operations.get(head.operation);
  if (operation === undefined) {
    throw new StoreError('NotImplemented', 'The store does not know this operation.');
  }
  return () => operation(state, request);
}

function authenticate(serving: Serving, head: RequestHead): Verified | undefined {
  const verification = verifyRequest(
    { method: head.method, target: head.target, headers: head.headers.lines },
    serving.verify(),
  );
  if (verification.kind === 'verified') return verification;
  if (verification.kind === 'anonymous') {
    if (head.operation === 'PostObject') return undefined;
    throw new StoreError('AccessDenied');
  }
  const code = isStoreErrorCode(verification.code) ? verification.code : 'AccessDenied';
  throw new StoreError(code, verification.message);
}

/** What can be refused before the body is asked for, as S3 does it with Expect. */
function checkBeforeBody(state: StoreState, head: RequestHead): void {
  if (head.bucket === '' || head.operation === 'CreateBucket') return;
  const bucket = findBucket(state, head.bucket);
  if (head.operation === 'PutObject') {
    checkWriteConditions(state.manner, head.headers, bucket.keys.current(head.key));
  }
}

/** Faults that strike before anything of the request is looked at. */
async function strikeEarly(
  serving: Serving,
  exchange: Exchange,
  effects: readonly FaultEffect[],
): Promise<void> {
  for (const effect of effects) {
    if (effect.kind === 'error') {
      throw new StoreError('InternalError', effect.message ?? 'A scripted fault.', effect);
    }
    if (effect.kind === 'cut' && effect.point === 'before' && effect.bytes !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- faults strike one after the other
      await receive(exchange, effect.bytes);
      exchange.incoming.socket.destroy();
      throw new Ended();
    }
    // oxlint-disable-next-line no-await-in-loop -- faults strike one after the other
    await pause(serving, effect, 'before');
  }
}

/** Reads so many bytes of the body, or all of a shorter one. */
async function receive(
  { incoming, outgoing, isContinueWanted }: Exchange,
  bytes: number,
): Promise<void> {
  if (isContinueWanted) outgoing.writeContinue();
  let left = bytes;
  if (left === 0) return;
  await new Promise<void>((resolve) => {
    incoming.on('data', (piece: Buffer) => {
      left -= piece.length;
      if (left <= 0) resolve();
    });
    incoming.once('close', () => resolve());
    incoming.once('end', () => resolve());
  });
}

async function pause(
  { closing }: Serving,
  effect: FaultEffect,
  point: 'before' | 'after',
): Promise<void> {
  if (effect.kind === 'delay' && (effect.point ?? 'before') === point) {
    await unlessClosing(closing, sleep(effect.ms, undefined, { signal: closing }));
  }
  if (effect.kind === 'hold' && effect.point === point) {
    await unlessClosing(closing, effect.until);
  }
}

/** Waits; when the store closes meanwhile, the exchange is over. */
async function unlessClosing(closing: AbortSignal, wait: Promise<unknown>): Promise<void> {
  if (closing.aborted) throw new Ended();
  let end: (() => void) | undefined;
  const closed = new Promise<never>((_, reject) => {
    end = () => reject(new Ended());
    closing.addEventListener('abort', end);
  });
  try {
    await Promise.race([wait, closed]);
  } catch {
    throw new Ended();
  } finally {
    if (end !== undefined) closing.removeEventListener('abort', end);
  }
}

interface FaultyRun {
  readonly serving: Serving;
  readonly exchange: Exchange;
  readonly sender: Sender;
  readonly effects: readonly FaultEffect[];
  readonly place: { readonly bucket: string; readonly key: string; readonly requestId: string };
  readonly run: () => Answer;
}

async function runWithFaults(faulty: FaultyRun): Promise<void> {
  const { serving, exchange, sender, effects, place, run } = faulty;
  const find = <K extends FaultEffect['kind']>(kind: K) =>
    effects.find((effect): effect is Extract<FaultEffect, { kind: K }> => effect.kind === kind);
  const cut = find('cut');
  if (cut?.point === 'before') {
    exchange.incoming.socket.destroy();
    return;
  }
  const refused = find('ok-with-error');
  if (refused !== undefined) {
    const { code, message = 'A scripted fault.' } = refused;
    sender.send({
      status: 200,
      headers: [['Content-Type', 'application/xml']],
      body: errorXml({ code, message }, place),
    });
    return;
  }
  const early = find('white-space');
  if (early !== undefined) {
    await sender.sendEarly(early.everyMs, unlessClosing(serving.closing, early.until));
    sender.finishEarly(answerOf(run, place));
    return;
  }
  const answer = answerOf(run, place);
  for (const effect of effects) {
    // oxlint-disable-next-line no-await-in-loop -- faults strike one after the other
    await pause(serving, effect, 'after');
  }
  if (find('swallow') !== undefined) return;
  if (cut?.point === 'after') {
    exchange.incoming.socket.destroy();
    return;
  }
  const etag = find('wrong-etag')?.etag;
  const garbage = find('garbage')?.body;
  const told = etag === undefined ? answer : withEtag(answer, etag);
  sender.send(garbage === undefined ? told : { ...told, body: garbage }, find('truncate'));
}

function answerOf(run: () => Answer, place: FaultyRun['place']): Answer {
  try {
    return run();
  } catch (error) {
    return errorAnswer(asStoreError(error), place);
  }
}

function withEtag(answer: Answer, etag: string): Answer {
  const headers = answer.headers.map(
    ([name, value]) => [name, name === 'ETag' ? `"${etag}"` : value] as const,
  );
  if (typeof answer.body !== 'string') return { ...answer, headers };
  const body = answer.body.replaceAll(/<ETag>[^<]*<\/ETag>/g, `<ETag>&quot;${etag}&quot;</ETag>`);
  return { ...answer, headers, body };
}

// The values that cross the border of the wire: heads, the interceptor that the wire consults, and how an
// exchange ended. Nothing here knows what S3 is.

/** One header line as it stood on the wire: latin1, case and order kept. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

export interface RequestHead {
  readonly method: string;
  /** The request target exactly as received (latin1), never decoded or rebuilt. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: readonly HeaderLine[];
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: '1.0' | '1.1';
  readonly headers: readonly HeaderLine[];
}

/** An answer that the sidecar gives by itself; the wire adds Content-Length and, where needed, Connection. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
}

/** Why the wire itself has to answer. */
export type FaultCode =
  | 'malformed' // 400, 414, 431, 501, 505: the request breaks HTTP
  | 'timeout' // 408: the client's head or body did not come in time
  | 'busy' // 503: too many bytes held, or too many connections
  | 'unreachable' // 503: the source refused the connection or its name does not resolve
  | 'connect-timeout' // 504: no connection in time
  | 'lost' // 503: the source died after a request was sent and before its answer
  | 'nonsense'; // 502: the source's answer breaks HTTP

export interface Fault {
  readonly code: FaultCode;
  readonly status: number;
  /** Names what was wrong and where; safe to show to the client. */
  readonly message: string;
}

/** What the interceptor wants changed on the answer's head. Everything else stays as it came. */
export interface HeadEdit {
  readonly add?: readonly HeaderLine[];
  /** Lower-case names of lines to take out. */
  readonly remove?: readonly string[];
}

/**
 * What is done with an answer.
 *
 * `relay`: the head goes on at once with the edit, the body after it untouched.
 *
 * `collect`: head and body are held until the body is whole, then `complete(body)` names the edit and both
 * go on. If nothing but white space came for `patienceMs` (since the head, or since the last other byte), or more than `bytesMax` bytes came, `early()`
 * names the edit and what came is relayed at once; the last bytes of the message (the body's last piece for a
 * length, the last chunk and trailers for chunked, the close for close-delimited) then wait for
 * `finish(body)`; `body` is undefined where it was longer than `bytesMax`.
 */
export type AnswerPlan =
  | { readonly kind: 'relay'; readonly edit?: HeadEdit }
  | {
      readonly kind: 'collect';
      readonly bytesMax: number;
      readonly patienceMs: number;
      complete(body: Buffer): Promise<HeadEdit>;
      early(): HeadEdit;
      finish(body: Buffer | undefined): Promise<void>;
    };

/** The part of a request's body (transfer coding removed) that was read before it may go on. */
export interface HeldBody {
  readonly bytes: Buffer;
  /** Whether `bytes` is the whole body. */
  readonly ended: boolean;
}

/**
 * How an exchange ended towards the source.
 * - `unsent`: no byte of the request was written to a source connection.
 * - `cut`: the request was sent in part only, and no final answer came: an honest source discards it.
 * - `answered`: the final head came and its plan was carried out: for `relay` the head went on (the body behind it may
 *   have been cut), for `collect` it was handled to its end.
 * - `lost`: the request was sent whole (or in part with the answer begun), and the answer did not come whole.
 */
export type Outcome = 'unsent' | 'cut' | 'answered' | 'lost';

export interface ExchangeEnd {
  readonly outcome: Outcome;
  /** The status that the client was sent, 0 if it got none. */
  readonly status: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** One request as the interceptor treats it. Every member is optional: none means that bytes just pass. */
export interface Interception {
  /**
   * Hold back the body and read it into memory until it ended, `bytesMax` was reached, or `enough(prefix)`
   * says so; then call `admit`. The head goes ahead only if the client sent `Expect: 100-continue`, because
   * without the source's 100 the body would not come. The bytes count against the shared budget of held bytes.
   */
  readonly holdBody?: { readonly bytesMax: number; enough(prefix: Buffer): boolean };
  /**
   * Called once before anything of the request is sent (but see `holdBody`). Nothing goes to the source until
   * it settles. A Reply answers the client instead of the source (the rest of the request is drained within
   * limits, or the connection is closed). A rejection is a bug: 500 and close.
   */
  admit?(held: HeldBody | undefined): Promise<Reply | undefined>;
  /** Called with the final answer's head (never 1xx). Nothing of the answer goes to the client until it settles. */
  answer?(head: ResponseHead): AnswerPlan | Promise<AnswerPlan>;
  /** Read the answer to its end even if the client has left after its request was wholly sent. */
  readonly answerMatters?: boolean;
  /** Called exactly once, when the exchange is over in every respect, whatever happened. Must not throw. */
  end?(end: ExchangeEnd): void;
}

/** Decides on the head alone, synchronously. `undefined`: bytes just pass. */
export type Interceptor = (head: RequestHead) => Interception | undefined;

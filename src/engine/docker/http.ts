/** What the engine's HTTP interface needs of a server and of a client, whatever carries the bytes. */

/** Both directions of a connection that has left HTTP behind. Closing `writable` leaves the other direction open. */
export interface Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

export interface ApiRequest {
  readonly method: string;
  /** Without the version prefix and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The body as JSON; `{}` when it is empty. */
  json(): Promise<unknown>;
  /** Answer 101 and take the connection over; null when the client has not asked for it. */
  upgrade(contentType: string): Connection | null;
}

export interface ApiReply {
  readonly status: number;
  /** A value is sent as JSON. */
  readonly json?: unknown;
  readonly stream?: ReadableStream<Uint8Array>;
  readonly contentType?: string;
}

/** The client's side. */
export interface Transport {
  request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<TransportReply>;
  /** Ask to leave HTTP; a TransportReply when the server answers anything else than 101. */
  upgrade(method: string, path: string, body?: unknown): Promise<Connection | TransportReply>;
}

export interface TransportReply {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array>;
}

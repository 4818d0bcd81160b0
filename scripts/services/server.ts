/** What a test server is started with. */
export interface StartSettings {
  /** Settings of the server's own file over those of the test server. */
  readonly configuration?: Readonly<Record<string, string>>;
  /** Where the server's folder is made; default the OS temp folder. */
  readonly directory?: string;
  /** Hears what takes long. */
  readonly tell?: (line: string) => void;
}

/** A port beside the plain one where the server itself speaks TLS; paths of PEM files. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of this authority; without it none is asked for. */
  readonly clientCa?: string;
}

/** A server with data of its own, which can be broken in all ways and comes back with its data. */
export interface Server {
  readonly url: string;
  /** 0 while it does not run. */
  readonly pid: number;
  /** Data and logs; removed by `end`. */
  readonly directory: string;
  /** Again, on the same port and data. Resolves once it answers. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** A clean stop. */
  stop(): Promise<void>;
  /** Takes the processor away from it; its connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Ends it at once, running or not, and removes its data. */
  end(): Promise<void>;
  /** From now on it lives on when we end: it is the caller's to remember and end. */
  release(): void;
}

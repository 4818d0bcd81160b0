/** What the exit codes of every command mean; scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** The thing asked for failed: the gateway answered an error, nothing was found. */
  failed: 1,
  /** Wrong usage or a mistake in the configuration. */
  usage: 2,
  /** No gateway answers at the address. */
  unreachable: 3,
  interrupted: 130,
} as const;

/** The command line was wrong; the message is one sentence that says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command was right and could not be done; `detail` is what the gateway answered, for `--json`. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: number;
  readonly detail: unknown;

  constructor(message: string, exitCode: number = EXIT.failed, detail?: unknown) {
    super(message);
    this.exitCode = exitCode;
    this.detail = detail;
  }
}

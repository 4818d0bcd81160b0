const ANSWERS_WITHIN_MS = 5000;

/** Does it answer a PING? Resolves with undefined or with what is wrong, after 5 s at most. */
export async function whatIsWrong(url: string): Promise<string | undefined> {
  // It takes a while to load, and most commands ask nobody.
  const { createClient } = await import('redis');
  let late: NodeJS.Timeout | undefined;
  try {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    // Its failures reject what is asked of it, too.
    client.on('error', () => undefined);
    const ping = async (): Promise<undefined> => {
      await client.connect();
      await client.ping();
      return undefined;
    };
    const silence = new Promise<string>((resolve) => {
      late = setTimeout(resolve, ANSWERS_WITHIN_MS, `no answer within ${ANSWERS_WITHIN_MS / 1000} s`);
    });
    return await Promise.race([ping(), silence]).finally(() => client.destroy());
  } catch (error) {
    return error instanceof Error
      ? error.message || String((error as NodeJS.ErrnoException).code)
      : String(error);
  } finally {
    clearTimeout(late);
  }
}

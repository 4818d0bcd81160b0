const ANSWERS_WITHIN_MS = 5000;

/** Does it let us in? Resolves with undefined or with what is wrong, after 5 s at most. */
export async function whatIsWrong(url: string): Promise<string | undefined> {
  // It takes a while to load, and most commands ask nobody.
  const { connect } = await import('amqplib');
  try {
    const connection = await connect(url, { timeout: ANSWERS_WITHIN_MS });
    connection.on('error', () => undefined);
    await connection.close();
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? error.message || String((error as NodeJS.ErrnoException).code)
      : String(error);
  }
}

/**
 * Does this broker answer, and know of at least so many? An open port alone says little: a broker that starts, or
 * that a forwarder stands in for, has one too. Resolves with undefined or with what is wrong, after 7 s at most.
 */
export async function whatIsWrong(broker: string, atLeast = 1): Promise<string | undefined> {
  // It takes half a second to load, and most commands ask nobody.
  const { Connection, metadataV12 } = await import('@platformatic/kafka');
  const { hostname, port } = new URL(`kafka://${broker}`);
  const connection = new Connection('tmf-hub-services', { connectTimeout: 2000, requestTimeout: 5000 });
  try {
    await connection.connect(hostname, Number(port));
    const { brokers } = await metadataV12.api.async(connection, []);
    return brokers.length < atLeast ? `only ${brokers.length} of ${atLeast} brokers are there` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    // A frozen broker lets a connection be made and never answers: nothing to wait for.
    connection.socket.destroy();
  }
}

const M = 0x5bd1e995;

/**
 * murmur2 (32 bit, unsigned) of the text's UTF-8 bytes, with the seed that Kafka's default partitioner uses: small,
 * fast, well spread, and a key lands on the partition of the same number there.
 */
export function murmur2(text: string): number {
  const bytes = Buffer.from(text);
  const whole = bytes.length & ~3;
  let hash = 0x9747b28c ^ bytes.length;
  for (let i = 0; i < whole; i += 4) {
    let word = Math.imul(bytes.readInt32LE(i), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  const rest = bytes.length - whole;
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUIntLE(whole, rest), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The partition of a key, 0 .. partitions - 1: equal keys share one, so their records keep their order. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

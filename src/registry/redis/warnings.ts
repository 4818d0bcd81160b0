import type { Logger } from '../../logger.ts';
import type { RedisConnection } from './connection.ts';

/**
 * Says so once when Redis is set up to lose the registry (RULES 19). Replicas and copies write it back, but not what
 * only Redis knew, and not when all of them are away. Where asking is not allowed nothing is said.
 */
export async function warnOfLoss(connection: RedisConnection, logger: Logger): Promise<void> {
  const redis = connection.address;
  if ((await settingOf(connection, 'appendonly')) === 'no') {
    const reason =
      'Redis has no append-only file: a restart of it may lose subscriptions; set "appendonly yes"';
    logger.warn({ redis, reason }, 'registry.not-durable');
  }
  const policy = await settingOf(connection, 'maxmemory-policy');
  if (policy?.startsWith('allkeys') === true) {
    const reason = `Redis evicts any key when its memory is full (${policy}): set "maxmemory-policy noeviction"`;
    logger.warn({ redis, reason }, 'registry.not-durable');
  }
}

async function settingOf(connection: RedisConnection, name: string): Promise<string | undefined> {
  const asked: Promise<Record<string, string>> = connection.call((client) => client.configGet(name));
  return (await asked.catch((): Record<string, string> => ({})))[name];
}

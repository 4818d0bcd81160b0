/** Settings of Redis, and what must hold between them. */
import { isUrl } from './addresses.ts';
import { type CheckParams, isMapping } from './checks.ts';
import { credentials, isGiven } from './credentials.ts';
import { text } from './kinds.ts';
import { areAPair } from './pem.ts';
import { optional, section } from './setting.ts';
import { tlsMembers, tlsSection } from './tls.ts';

export const redis = section('Redis, where several replicas share the registry of subscriptions', {
  url: optional(
    text('a URL such as redis://host', (value) => isUrl(value, ['redis:', 'rediss:'])),
    'Server, credentials and database; rediss is TLS. Without it the registry lies in data.dir, of one replica only. Events never pass through it: while it is away deliveries go on and POST /hub is answered with 503.',
    { example: 'rediss://redis:6379/0', secret: true },
  ),
  ...credentials('redis.url'),
  tls: tlsSection('redis', 'rediss'),
});

const SPELLING =
  'user and password as URLs want them, with %25 for a percent sign; redis.username and redis.password take them as they are';

interface Mistake {
  readonly path: readonly string[];
  readonly params: CheckParams;
}

/** Looks at values of any type and judges only what it understands: other mistakes are told beside these. */
export function redisMistakes(config: Readonly<Record<string, unknown>>): Mistake[] {
  const { url, username, password, tls } = mapping(config['redis']);
  const { cert, key } = mapping(tls);
  const hasTls = typeof url === 'string' ? !URL.canParse(url) || /^rediss:/i.test(url) : url !== undefined;
  const mistake = (member: string, expected: string, isOne: boolean): Mistake[] =>
    isOne ? [{ path: ['redis', ...member.split('.')], params: { expected } }] : [];
  const alone = (member: string, other: string, isOne: boolean) =>
    mistake(member, `to stand beside ${other}`, isOne);
  // For these the client throws instead of connecting.
  const { pathname, credentials: given } = partsOf(url);
  return [
    ...mistake('url', SPELLING, !isEncoded(given)),
    ...mistake('url', 'the number of a database after the host, or nothing', !/^(?:\/\d*)?$/.test(pathname)),
    ...alone('username', 'redis.url', username !== undefined && url === undefined),
    ...alone('password', 'redis.url', password !== undefined && url === undefined),
    ...alone(
      'username',
      'redis.password',
      username !== undefined && url !== undefined && !isGiven('password', password, url),
    ),
    ...tlsMembers.flatMap((member) =>
      alone(
        `tls.${member}`,
        'a redis.url that begins with rediss',
        mapping(tls)[member] !== undefined && !hasTls,
      ),
    ),
    ...alone('tls.cert', 'redis.tls.key', cert !== undefined && key === undefined),
    ...alone('tls.key', 'redis.tls.cert', key !== undefined && cert === undefined),
    ...mistake('tls.key', 'the key of redis.tls.cert', !areAPair(cert, key)),
  ];
}

/** Of what is no URL: nothing. */
function partsOf(url: unknown) {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  return {
    pathname: parsed?.pathname ?? '',
    credentials: `${parsed?.username ?? ''}:${parsed?.password ?? ''}`,
  };
}

function isEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function mapping(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
}

/**
 * Brokers for a try or a test run, without installing any: `npm run services -- COMMAND`.
 *
 *     npm run services -- up kafka             start one, unless it runs already
 *     npm run services -- up rabbitmq redis    or several
 *     npm run services -- up kafka --nodes 3   three brokers, replication factor 3
 *     npm run services -- status
 *     npm run services -- down [NAME...]       end what `up` started, and remove its data
 *
 * `up` prints the variables to set on stdout and everything else on stderr, so a shell can take them over
 * (`-s` keeps npm's own lines out):
 *
 *     eval "$(npm run -s services -- up kafka)" && TMF_HUB_BROKER=kafka npm start
 *
 * Where each comes from, the first that applies:
 *   1. the address in TMF_HUB_KAFKA_BROKERS, TMF_HUB_RABBITMQ_URL or TMF_HUB_REDIS_URL: it is asked whether it answers,
 *      and nothing is started;
 *   2. Docker, where an engine runs (one node only): the images apache/kafka, rabbitmq and redis;
 *   3. Kafka: Java 17 or newer and Maven, with the jars of the same version from Maven Central. RabbitMQ and Redis:
 *      Debian's packages, unpacked and not installed. Kept in ${XDG_CACHE_HOME:-~/.cache}/tmf-hub-gateway (the first
 *      time takes half a minute, later some seconds).
 *
 * All of it listens on loopback, on free ports. Data live in the OS temp folder until `down`. Each checkout has its own.
 */
import { parseArgs } from 'node:util';
import { kafkaService } from './services/kafka-service.ts';
import { rabbitmqService } from './services/rabbitmq-service.ts';
import { redisService } from './services/redis-service.ts';
import { down, status, up, type Service } from './services/service.ts';

const USAGE = `usage: npm run services -- up NAME... [--nodes 1|3] | down [NAME...] | status
names: kafka, rabbitmq, redis`;

const services: readonly Service[] = [kafkaService, rabbitmqService, redisService];

const tell = (line: string): void => console.error(line);

async function main(args: string[]): Promise<void> {
  const { command, names, nodes } = parse(args);
  if (command === 'up' && names.length > 0) return upAll(names.map(find), nodes);
  if (command === 'down') return downAll(names.length > 0 ? names.map(find) : services);
  if (command === 'status' && names.length === 0) {
    for (const service of services) console.log(await status(service));
    return;
  }
  throw new Error(USAGE);
}

function parse(args: string[]): { command: string | undefined; names: string[]; nodes: 1 | 3 } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { nodes: { type: 'string', default: '1' } },
    });
    const [command, ...names] = positionals;
    const nodes = Number(values.nodes);
    if (nodes !== 1 && nodes !== 3) throw new Error('--nodes is 1 or 3');
    return { command, names, nodes };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

async function upAll(wanted: readonly Service[], nodes: 1 | 3): Promise<void> {
  const single = wanted.find(({ clusters }) => nodes > 1 && !clusters);
  if (single !== undefined) throw new Error(`${single.name} runs on one node only: leave out --nodes`);
  for (const service of wanted) {
    for (const [name, value] of Object.entries(await up(service, nodes, tell))) {
      console.log(`export ${name}=${value}`);
    }
  }
}

async function downAll(wanted: readonly Service[]): Promise<void> {
  for (const { name } of wanted) tell(`${name}: ${(await down(name)) ? 'ended' : 'not started from here'}`);
}

function find(name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new Error(`there is no service "${name}"\n${USAGE}`);
  return service;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

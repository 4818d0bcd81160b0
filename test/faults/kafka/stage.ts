import { startKafka, type KafkaCluster, type KafkaSettings } from '../../../scripts/services/kafka.ts';
import { KafkaTools } from '../../support/kafka-tools.ts';
import { KafkaSite, type SiteSettings } from './site.ts';

export interface Stage {
  readonly kafka: KafkaCluster;
  readonly tools: KafkaTools;
  /** Ends with the test. */
  site(settings: Omit<SiteSettings, 'brokers' | 'tools'>): Promise<KafkaSite>;
}

/** Brokers of this test file's own, which its tests may kill. Call it at the top of the file. */
export function stage(settings: KafkaSettings = {}): Stage {
  let kafka: KafkaCluster | undefined;
  let tools: KafkaTools | undefined;
  const sites: KafkaSite[] = [];

  beforeAll(async () => {
    kafka = await startKafka(settings);
    tools = await KafkaTools.start(kafka.brokers);
  }, 180_000);

  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close();
  }, 60_000);

  afterAll(async () => {
    await tools?.close();
    await kafka?.stop();
  }, 60_000);

  return {
    get kafka() {
      return kafka!;
    },
    get tools() {
      return tools!;
    },
    async site(given) {
      const site = await KafkaSite.open({ ...given, brokers: this.kafka.brokers, tools: this.tools });
      sites.push(site);
      return site;
    },
  };
}

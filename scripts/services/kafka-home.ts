/** Apache Kafka from its jars on Maven Central, kept between runs: they are the slow part. */
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { filledOnce } from './cache.ts';
import { javaProgram, requireJava, runMaven, runProgram } from './java.ts';

export const KAFKA_VERSION = '4.2.1';

const LOGGING_VERSION = '2.25.4';

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tmf-hub-gateway</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA_VERSION}</version>
      <exclusions>
        <exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId></exclusion>
        <exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${LOGGING_VERSION}</version></dependency>
  </dependencies>
</project>
`;

const COPY_JARS = [
  '-q',
  '-B',
  'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies',
  '-DoutputDirectory=libs',
  '-DincludeScope=runtime',
];

export interface KafkaHome {
  readonly directory: string;
  /** The jars' folder, and the working directory of every JVM. */
  readonly libs: string;
  /** The jars' names in one fixed order: an archive of loaded classes is good for one class path only. */
  readonly classPath: string;
  /** What `StorageTool format` writes into an empty metadata folder. It is the same for all nodes. */
  readonly checkpoint: string;
  /** The archive of loaded classes halves a broker's start. The JVM does without a missing one. */
  readonly classArchive: string;
}

/** Fetched first when it is not there, which takes some 10 s to half a minute; `tell` hears so. */
export async function kafkaHome(tell: (line: string) => void): Promise<KafkaHome> {
  await requireJava();
  const revision = createHash('sha256').update(POM).digest('hex').slice(0, 8);
  const directory = await filledOnce(`kafka-${KAFKA_VERSION}-${revision}`, async (beside) => {
    tell(`fetching Apache Kafka ${KAFKA_VERSION} from Maven Central; it is kept for later`);
    await writeFile(path.join(beside, 'pom.xml'), POM);
    await runMaven(COPY_JARS, beside);
    await formatOnce(await describe(beside));
  });
  return describe(directory);
}

/** Keeps what formatting writes, so that no start pays for a JVM that formats. */
async function formatOnce(home: KafkaHome): Promise<void> {
  const configuration = path.join(home.directory, 'format.properties');
  await writeFile(
    configuration,
    [
      'process.roles=broker,controller',
      'node.id=1',
      'controller.quorum.voters=1@127.0.0.1:1',
      'listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1',
      'controller.listener.names=CONTROLLER',
      `log.dirs=${path.dirname(home.checkpoint)}`,
    ].join('\n'),
  );
  const format = ['format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', configuration];
  await runProgram(
    javaProgram('java'),
    ['-cp', home.classPath, 'kafka.tools.StorageTool', ...format],
    'formatting',
    home.libs,
  );
}

async function describe(directory: string): Promise<KafkaHome> {
  const libs = path.join(directory, 'libs');
  return {
    directory,
    libs,
    classPath: (await readdir(libs)).toSorted().join(path.delimiter),
    checkpoint: path.join(directory, 'formatted', 'bootstrap.checkpoint'),
    classArchive: path.join(directory, 'classes.jsa'),
  };
}

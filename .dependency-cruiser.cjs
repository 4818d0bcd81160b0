/** Rules of docs/adr/0001: dependencies run one way, npm clients live in one folder each. */
const only = (name, client, folder) => ({
  name,
  severity: 'error',
  from: { pathNot: folder },
  to: { path: `node_modules/${client}/` },
});
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'tmf-is-pure',
      severity: 'error',
      from: { path: '^src/tmf/' },
      to: { pathNot: '^src/tmf/|node_modules/re2js/' },
    },
    {
      name: 'delivery-does-no-io',
      severity: 'error',
      from: { path: '^src/delivery/' },
      to: {
        pathNot:
          '^src/(delivery|tmf)/|^src/(time|logger|units)\\.ts$|^src/(brokers/broker|registry/store|callbacks/sender)\\.ts$',
      },
    },
    {
      name: 'log-engine-does-no-io',
      severity: 'error',
      from: { path: '^src/brokers/log/' },
      to: {
        pathNot:
          '^src/(brokers/log|tmf)/|^src/(time|logger|health)\\.ts$|^src/(brokers/broker|registry/store)\\.ts$',
      },
    },
    {
      name: 'siblings-meet-at-seams',
      severity: 'error',
      from: { path: '^src/(hub|admin|callbacks|registry|brokers|delivery|config|cli)/' },
      to: {
        path: '^src/(hub|admin|callbacks|registry|brokers|delivery|config|cli)/',
        pathNot: ['^src/$1/', '^src/(brokers/broker|registry/store|callbacks/sender)\\.ts$'],
      },
    },
    {
      name: 'operations-are-for-the-composition-root',
      severity: 'error',
      from: { pathNot: '^src/(gateway\\.ts|operations/)' },
      to: { path: '^src/operations/' },
    },
    {
      name: 'only-one-file-names-drivers',
      severity: 'error',
      from: { pathNot: '^src/(drivers\\.ts|brokers/)' },
      to: { path: '^src/brokers/(log|embedded|kafka|rabbitmq)/' },
    },
    {
      name: 'schemas-are-a-leaf',
      severity: 'error',
      from: { path: '^src/schemas/' },
      to: { path: '^src/', pathNot: '^src/(schemas|tmf)/|^src/logger\\.ts$' },
    },
    {
      name: 'schemas-are-for-the-composition-root',
      severity: 'error',
      from: { pathNot: '^src/(gateway\\.ts|schemas/)' },
      to: { path: '^src/schemas/' },
    },
    only('undici-in-callbacks', 'undici', '^src/callbacks/'),
    only('express-in-http-folders', 'express', '^src/(hub|admin)/'),
    only('validator-in-hub', 'express-openapi-validator', '^src/hub/'),
    only('ajv-in-schemas', 'ajv(-formats)?', '^src/schemas/'),
    only('re2js-in-queries', 're2js', '^src/tmf/query/'),
    only('prom-client-in-admin', 'prom-client', '^src/admin/'),
    only('pino-in-logger', 'pino', '^src/logger\\.ts$'),
    only('zod-in-config', 'zod', '^src/config/'),
    only('yaml-in-config', 'yaml', '^src/config/'),
    only('ipaddr-in-callbacks', 'ipaddr\\.js', '^src/callbacks/'),
    only('amqplib-in-its-driver', 'amqplib', '^src/brokers/rabbitmq/'),
    only('redis-in-its-store', '(redis|@redis)', '^src/registry/redis/'),
    only('kafka-in-its-driver', '(@platformatic/kafka|kafkajs)', '^src/brokers/kafka/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

#!/usr/bin/env node
/**
 * The command line. An older Node can read this file once it is compiled, and must find nothing in it that it does not
 * know: so everything else is imported after the version was looked at.
 */
const [major = 0] = process.versions.node.split('.').map(Number);

if (major < 24) {
  process.stderr.write(
    `tmf-hub-gateway needs Node.js 24 or newer and this is ${process.versions.node}: install it, e.g. by "npm install node@24".\n`,
  );
  process.exitCode = 2;
} else {
  const { runProgram } = await import('./cli/program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), {
    entry: import.meta.filename,
    async boot(file, env, stopped) {
      const [{ loadConfig }, { startGateway }] = await Promise.all([
        import('./config/load.ts'),
        import('./gateway.ts'),
      ]);
      const loaded = loadConfig({ file, env });
      return loaded.ok ? startGateway(loaded.config, { stopped }) : { mistakes: loaded.problems };
    },
    async findAdmin(file, env) {
      const { loadConfig } = await import('./config/load.ts');
      const loaded = loadConfig({ file, env });
      return loaded.ok ? loaded.config.admin : { mistakes: loaded.problems };
    },
  });
}

export {};

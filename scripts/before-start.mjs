// Runs before everything else (`node --import`): an old Node.js gets two clear sentences instead of a stack trace, and compiled code is
// used from the first file on.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `Gatehouse needs Node.js 24.12 or newer; this is ${process.versions.node}. ` +
      'Install it from nodejs.org, or run `npm ci` here (it brings Node.js 24 for the npm scripts) and use `npm start`.',
  );
  process.exit(2);
}
const { useCompileCache } = await import('../src/commands/compile-cache.mjs');
useCompileCache();

// After `npm ci`: prints one line if this machine's Node.js is too old. npm runs this with the Node.js that it has just installed,
// so the machine's own version is only found in npm's user agent.
const [, own = ''] = /\bnode\/v([\d.]+)/.exec(process.env.npm_config_user_agent ?? '') ?? [];
const [major = 0, minor = 0] = own.split('.').map(Number);
if (own && (major < 24 || (major === 24 && minor < 12))) {
  const isBrought = process.versions.node !== own;
  console.log(
    isBrought
      ? `Node.js ${own} is too old for Gatehouse, so the npm scripts use Node.js ${process.versions.node} from node_modules.`
      : `Node.js ${own} is too old for Gatehouse, which needs 24.12 or newer: install it, or run npm ci without --omit=optional.`,
  );
}

// For child processes that inherit nothing else: what one process has compiled, the others load.
const { NODE_COMPILE_CACHE } = process.env;

/** The environment variable of the compile cache, if this process has one. */
export const compileCache: Readonly<Record<string, string>> =
  NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

// If a signal stops a test file, its children are killed too: exit handlers do that, and a signal alone would not run them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

// A test file that is ended from outside takes its children along: they are ended when the process exits, not when it is killed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

// Loaded before a server that is measured: writes the processor time that it has used, user and system, at each SIGUSR2.
process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`cpu ${user + system} µs, rss ${process.memoryUsage.rss()} bytes\n`);
});

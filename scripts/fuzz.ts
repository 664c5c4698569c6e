// `npm run fuzz [COUNT] [SEED]`: sends changed requests to the fast lane and to the ordinary handlers, half of them on each store, and
// reports every difference. The default is 200,000 with seed 1.
import { storeKinds } from '../test/support/desk.ts';
import { fuzzLane } from '../test/support/lane-fuzz.ts';

const [count = 200_000, seed = 1] = process.argv.slice(2).map(Number);
if (!Number.isInteger(count) || count < 100 || !Number.isInteger(seed)) {
  process.stderr.write('npm run fuzz [COUNT] [SEED]: two whole numbers, the first at least 100\n');
  process.exit(2);
}

/** Of the requests on one store. */
const shares = { off: 0.8, observe: 0.2 };

let faults = 0;
for (const store of storeKinds) {
  for (const binding of ['off', 'observe'] as const) {
    const part = Math.round((count * shares[binding]) / storeKinds.length);
    const began = performance.now();
    const result = await fuzzLane({
      store,
      binding,
      count: part,
      seed,
      onProgress: (sent) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${store} ${binding} ${sent} of ${part} `);
        else if (sent % 10_000 === 0) process.stderr.write(`${store} ${binding} ${sent} of ${part}\n`);
      },
    });
    const seconds = Math.round((performance.now() - began) / 1_000);
    const statuses = Object.entries(result.statuses).map(([status, times]) => `${status}: ${times}`);
    process.stdout.write(
      `${store}, binding ${binding}: ${result.sent} requests in ${seconds} s, ${result.fast} answered by the fast lane; ` +
        `${result.differences.length} differences, ${result.failures.length} of status 5xx, ` +
        `heap ${(result.grownBytes / 1e6).toFixed(1)} MB more than after a third (${statuses.join(', ')})\n`,
    );
    for (const text of [...result.differences, ...result.failures]) process.stdout.write(`\n${text}\n`);
    faults += result.differences.length + result.failures.length;
  }
}
process.exitCode = faults === 0 ? 0 : 1;

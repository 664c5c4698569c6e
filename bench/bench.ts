// `npm run bench`: runs all measurements. `npm run bench -- requests [ROUNDS]` or `-- directory [SIZE…]` runs one of the two.
import { measureDirectory } from './directory.ts';
import { compareRequests } from './requests.ts';

const [what, ...numbers] = process.argv.slice(2);
const sizes = numbers.map(Number);

if (what === undefined || what === 'requests') await compareRequests(sizes[0] ?? 5);
if (what === undefined || what === 'directory')
  await measureDirectory(sizes.length > 0 ? sizes : [1000, 100_000, 1_000_000]);

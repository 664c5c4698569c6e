// The forms of a Redis URL: one server, Sentinel or Cluster.
import { z } from 'zod';

// One user part, then hosts: with anything looser, a password with a raw `/` could hide the host or end up in a message.
const hosts = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?`;
const form = new RegExp(
  String.raw`^(?:rediss?|redis\+sentinel|redis\+cluster)://(?:[^@/?#\s]*@)?${hosts}(?:,${hosts})*(?:[/?]\S*)?$`,
);

// A path that is not a number would be read as database 0, which may belong to another program.
const database = [
  /^(?:\/\d{0,5})?(?:\?family=[046])?$/,
  'must end with the number of a database, like `/0`, and takes no option but `?family=4` or `6`',
] as const;
const paths: Readonly<Record<string, readonly [shape: RegExp, message: string]>> = {
  'redis+sentinel': [
    /^(?:\/[\w.:-]+(?:\/\d{0,5})?|\/?)$/,
    'must end with the name of the primary and the number of a database, like `/mymaster/0`',
  ],
  'redis+cluster': [/^(?:\/0?)?$/, 'must have no database: a cluster has only number 0'],
};

export const redisUrl = z.string().superRefine((url, context) => {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/[^/?]*(.*)$/.exec(url) ?? [];
  const [shape, message] = paths[scheme] ?? database;
  if (!form.test(url))
    context.addIssue(
      'must be redis://, rediss://, redis+sentinel:// or redis+cluster:// and hosts (in a password, / is %2F and @ is %40)',
    );
  else if (!shape.test(rest)) context.addIssue(message);
});

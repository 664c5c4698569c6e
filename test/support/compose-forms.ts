// Compose files in the notations that the specification allows, each with the ports it publishes, or the line that cannot be parsed.

export interface ComposeForm {
  readonly how: string;
  /** By name; `docker-compose.yml` first if there are several. */
  readonly files: Readonly<Record<string, string>>;
  /** The files given to Compose; absent: docker-compose.yml and its override, if there is one. */
  readonly told?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** "app 0.0.0.0:3000:3000", for the active services. */
  readonly published?: readonly string[];
  readonly onHost?: readonly string[];
  /** "docker-compose.yml:4 app ports". */
  readonly unread?: readonly string[];
  /** "app NAME=value". */
  readonly environment?: readonly string[];
  /** Compose itself refuses the whole file. */
  readonly refused?: true;
}

const app = (rest: string) => `services:\n  app:\n    image: a\n${rest.replace(/^/gm, '    ')}\n`;
const one = (how: string, text: string, rest: Omit<ComposeForm, 'how' | 'files'>): ComposeForm => ({
  how,
  files: { 'docker-compose.yml': text },
  ...rest,
});
const port = (how: string, written: string, ...published: string[]): ComposeForm =>
  one(how, app(written), { published: published.map((text) => `app ${text}`) });
const refusedPort = (how: string, written: string): ComposeForm =>
  one(how, app(`ports:\n  - ${written}`), { unread: ['docker-compose.yml:5 app ports'], refused: true });
const override = (how: string, below: string, above: string, rest: Partial<ComposeForm>): ComposeForm => ({
  how,
  files: { 'docker-compose.yml': below, 'docker-compose.override.yml': above },
  told: ['docker-compose.yml', 'docker-compose.override.yml'],
  ...rest,
});

export const composeForms: readonly ComposeForm[] = [
  // Ports in every notation.
  port('no ports', 'init: true'),
  port('an empty list', 'ports: []'),
  one('ports without a value', app('ports:'), { refused: true }),
  port('flow style in quotes', 'ports: ["0.0.0.0:3000:3000"]', '0.0.0.0:3000:3000'),
  port(
    'flow style without quotes',
    'ports: [0.0.0.0:3000:3000, 127.0.0.1:9:9]',
    '0.0.0.0:3000:3000',
    '127.0.0.1:9:9',
  ),
  port('flow style over several lines', 'ports: [\n  "1:1",\n  "2:2" ]', '1:1', '2:2'),
  port('a list indented like its key', 'ports:\n- "1:1"', '1:1'),
  port('a single number', 'ports:\n  - 3000', '3000'),
  port('a number in quotes', "ports:\n  - '3000'", '3000'),
  port('numbers that YAML 1.1 reads as base 60', 'ports:\n  - 22:22\n  - 53:53/udp', '22:22', '53:53/udp'),
  port('a range', 'ports:\n  - "3000-3005:3000-3005"', '3000-3005:3000-3005'),
  port('only a range', 'ports:\n  - "3000-3002"', '3000-3002'),
  port('a range for one port', 'ports:\n  - "3000-3002:80"', '3000-3002:80'),
  port('an address without a port', 'ports:\n  - "127.0.0.1::80"', '127.0.0.1::80'),
  port('IPv6 in brackets', 'ports:\n  - "[::1]:8080:80"', '[::1]:8080:80'),
  port('IPv6, all addresses', 'ports:\n  - "[::]:8080:80"', '[::]:8080:80'),
  port('a block scalar', 'ports:\n  - >-\n    8080:80', '8080:80'),
  port(
    'the long form',
    'ports:\n  - target: 80\n    published: 8080\n    host_ip: 127.0.0.1',
    '127.0.0.1:8080:80',
  ),
  port(
    'the long form in flow style',
    'ports: [{target: 80, published: "8080", protocol: udp}]',
    '8080:80/udp',
  ),
  port('the long form without published', 'ports:\n  - target: 80\n    mode: host', '80'),
  port('the long form with a range', 'ports:\n  - target: 80\n    published: "8000-8010"', '8000-8010:80'),
  port('the long form, IPv6', 'ports:\n  - {target: 80, published: "8080", host_ip: "::1"}', '[::1]:8080:80'),
  port('explicit keys', '? ports\n: - "1:1"', '1:1'),
  port('quoted keys', '"ports":\n  - "1:1"', '1:1'),
  port('a string tag', 'ports:\n  - !!str 3000', '3000'),
  port('comments everywhere', 'ports: # here\n  # there\n  - "1:1" # and "2:2"', '1:1'),
  port('exposed only', 'expose:\n  - "3000"\n  - 4000-4010'),
  refusedPort('a name instead of an address', '"localhost:3000:3000"'),
  refusedPort('IPv6 without brackets', '"::1:8080:80"'),
  refusedPort('not a number', '"http:80"'),
  refusedPort('a port that is too high', '"70000:80"'),
  refusedPort('an unknown protocol', '"80:80/icmp"'),
  refusedPort('an abbreviated address', '"127.1:80:80"'),
  one('a port in octal', app('ports:\n  - 0o7700'), { unread: ['docker-compose.yml:5 app ports'] }),
  one('a string instead of a list', app('ports: "1:1"'), {
    unread: ['docker-compose.yml:4 app ports'],
    refused: true,
  }),
  one('a mapping instead of a list', app('ports:\n  a: "1:1"'), {
    unread: ['docker-compose.yml:5 app ports'],
    refused: true,
  }),

  // File syntax.
  one('everything in flow style', "services: {app: {image: a, ports: ['3000:3000']}}\n", {
    published: ['app 3000:3000'],
  }),
  one('JSON', '{"services":{"app":{"image":"a","ports":["3000:3000"]}}}', { published: ['app 3000:3000'] }),
  one('CRLF', app('ports:\n  - "1:1"').replaceAll('\n', '\r\n'), { published: ['app 1:1'] }),
  one('a byte order mark', `\uFEFF${app('ports: ["1:1"]')}`, { published: ['app 1:1'] }),
  one(
    'indentation of eight spaces',
    'services:\n        app:\n                image: a\n                ports:\n                        - "1:1"\n',
    { published: ['app 1:1'] },
  ),
  one('document markers', `---\n${app('ports: ["1:1"]')}...\n`, { published: ['app 1:1'] }),
  one('two documents', `${app('ports: ["1:1"]')}---\n${app('ports: ["2:2"]')}`, {
    published: ['app 1:1', 'app 2:2'],
  }),
  one('the old version key', `version: "3.8"\n${app('ports: ["1:1"]')}`, { published: ['app 1:1'] }),
  one('a tab for indentation', 'services:\n\tapp:\n\t\timage: a\n', {
    unread: ['docker-compose.yml:2 *', 'docker-compose.yml *'],
    refused: true,
  }),
  one('a duplicate key', 'services:\n  app:\n    image: a\n    ports: []\n    ports: ["1:1"]\n', {
    unread: ['docker-compose.yml:5 *', 'docker-compose.yml *'],
    refused: true,
  }),
  one('a duplicate service', `${app('ports: []')}  app:\n    image: a\n`, {
    unread: ['docker-compose.yml:5 *', 'docker-compose.yml *'],
    refused: true,
  }),
  one('an unterminated quote', app('ports: ["1:1]'), {
    unread: ['docker-compose.yml:5 *', 'docker-compose.yml *'],
    refused: true,
  }),
  one('an empty file', '', { unread: ['docker-compose.yml *'], refused: true }),
  one('a list at the top', '- services\n', {
    unread: ['docker-compose.yml:1 *', 'docker-compose.yml *'],
    refused: true,
  }),
  one('no services', 'volumes:\n  a:\n', { unread: ['docker-compose.yml *'] }),
  one('services as a list', 'services:\n  - app\n', { unread: ['docker-compose.yml *'], refused: true }),

  // Anchors, aliases and merge keys.
  one('ports through an alias', `x-p: &p ["1:1"]\n${app('ports: *p')}`, { published: ['app 1:1'] }),
  one('a port through an alias', `x-p: &p "1:1"\n${app('ports: [*p, "2:2"]')}`, {
    published: ['app 1:1', 'app 2:2'],
  }),
  one('a service through an alias', 'services:\n  app: &a\n    image: a\n    ports: ["1:1"]\n  b: *a\n', {
    published: ['app 1:1', 'b 1:1'],
  }),
  one('a merge key', `x-a: &a\n  ports: ["1:1"]\n${app('<<: *a')}`, { published: ['app 1:1'] }),
  one(
    'a merge key after the key it would set',
    `x-a: &a\n  ports: ["1:1"]\n${app('ports: ["2:2"]\n<<: *a')}`,
    {
      published: ['app 2:2'],
    },
  ),
  one(
    'several mappings merged',
    `x-a: &a\n  ports: ["1:1"]\nx-b: &b\n  ports: ["2:2"]\n  network_mode: host\n${app('<<: [*a, *b]')}`,
    { published: ['app 1:1'], onHost: ['app'] },
  ),
  one('nested merges', `x-a: &a\n  ports: ["1:1"]\nx-b: &b\n  <<: *a\n  init: true\n${app('<<: *b')}`, {
    published: ['app 1:1'],
  }),
  one('a mapping merged in place', app('<<: {ports: ["1:1"]}'), { published: ['app 1:1'] }),
  one('environment merged', `x-e: &e\n  A: "1"\n  B: "2"\n${app('environment:\n  <<: *e\n  B: "3"')}`, {
    environment: ['app B=3', 'app A=1'],
  }),
  one('an undefined alias', app('ports: *none'), {
    unread: ['docker-compose.yml:4 app ports'],
    refused: true,
  }),

  // Variables.
  one('a default', app(`ports: ["\${HOST:-0.0.0.0}:\${PORT-3000}:3000"]`), {
    published: ['app 0.0.0.0:3000:3000'],
  }),
  one('a variable that is set', app(`ports: ["\${HOST:-127.0.0.1}:80:80"]`), {
    env: { HOST: '0.0.0.0' },
    published: ['app 0.0.0.0:80:80'],
  }),
  one('a default in a default', app(`ports: ["\${A:-\${B:-9}}:80"]`), { published: ['app 9:80'] }),
  one('a value only if a variable is set', app(`ports: ["127.0.0.1:\${A:+8}080:80"]`), {
    env: { A: 'x' },
    published: ['app 127.0.0.1:8080:80'],
  }),
  one('a required one that is missing', app(`ports: ["\${A:?why}:80"]`), {
    unread: ['docker-compose.yml:4 app ports'],
    refused: true,
  }),
  one('a whole list in a variable', app(`ports: \${A}`), {
    env: { A: '1:1' },
    unread: ['docker-compose.yml:4 app ports'],
    refused: true,
  }),
  one('unclosed braces', app(`ports: ["\${A:80"]`), {
    unread: ['docker-compose.yml:4 app ports'],
    refused: true,
  }),
  one('a doubled dollar sign', app('environment: ["A=$$x"]'), { environment: ['app A=$x'] }),

  // Environments.
  one('a mapping', app(`environment:\n  A: x\n  B: 5\n  C: true\n  D: ""\n  E: 1.5`), {
    environment: ['app A=x', 'app B=5', 'app C=true', 'app D=', 'app E=1.5'],
  }),
  one('a list', app('environment:\n  - A=x=y\n  - B="q"\n  - C='), {
    environment: ['app A=x=y', 'app B="q"', 'app C='],
  }),
  one('names without values', app('environment:\n  A:\n  B:'), { env: { A: 'x' }, environment: ['app A=x'] }),
  one('a number in another notation', app('environment:\n  A: 0x10\n  B: 1'), {
    environment: ['app B=1'],
    unread: ['docker-compose.yml:5 app environment'],
  }),
  {
    how: 'env files',
    files: {
      'docker-compose.yml': app(
        'env_file: [a.env, {path: b.env}, {path: c.env, required: false}]\nenvironment:\n  B: mine',
      ),
      'a.env': 'A=1\nB=1\n',
      'b.env': 'A=2\nC="3 4"\n',
    },
    environment: ['app A=2', 'app B=mine', 'app C=3 4'],
  },
  one('a missing env file', app('env_file: a.env'), {
    unread: ['docker-compose.yml:4 app env_file'],
    refused: true,
  }),

  // Networks and profiles.
  one('host networking', app('network_mode: host'), { onHost: ['app'] }),
  one('host networking in flow style', 'services: {app: {image: a, network_mode: "host"}}\n', {
    onHost: ['app'],
  }),
  one(
    'host networking through a named network',
    `${app('networks: [lan]')}networks:\n  lan: {name: host, external: true}\n`,
    { onHost: ['app'] },
  ),
  one(
    'an address on the host’s network',
    `${app('networks: {lan: {}}')}networks:\n  lan:\n    driver: macvlan\n`,
    { onHost: ['app'] },
  ),
  one(
    'a default network with addresses on the host’s network',
    `${app('init: true')}networks:\n  default:\n    driver: ipvlan\n`,
    { onHost: ['app'] },
  ),
  one(
    'another service’s network',
    'services:\n  app:\n    image: a\n    network_mode: service:b\n  b:\n    image: b\n    ports: ["1:1"]\n',
    { published: ['b 1:1'] },
  ),
  one('a profile that is off', `${app('profiles: [debug]\nports: ["1:1"]')}  b:\n    image: b\n`, {}),
  one('a profile that is on', app('profiles: [debug]\nports: ["1:1"]'), {
    env: { COMPOSE_PROFILES: 'x,debug' },
    published: ['app 1:1'],
  }),
  one('every profile', app('profiles: [debug]\nports: ["1:1"]'), {
    env: { COMPOSE_PROFILES: '*' },
    published: ['app 1:1'],
  }),

  // Overrides.
  override('an override adds', app('ports: ["1:1"]'), 'services:\n  app:\n    ports: ["2:2"]\n', {
    published: ['app 1:1', 'app 2:2'],
  }),
  override('an empty override', app('ports: ["1:1"]'), 'services:\n  app:\n    ports:\n', {
    published: ['app 1:1'],
  }),
  override('!override', app('ports: ["1:1"]'), 'services:\n  app:\n    ports: !override\n      - "2:2"\n', {
    published: ['app 2:2'],
  }),
  override('!reset', app('ports: ["1:1"]'), 'services:\n  app:\n    ports: !reset []\n', {}),
  override(
    '!reset of a service',
    `${app('ports: ["1:1"]')}  b:\n    image: b\n`,
    'services:\n  app: !reset null\n',
    {},
  ),
  override(
    '!reset of a merged value',
    app('ports: ["1:1"]'),
    'x-a: &a\n  ports: ["2:2"]\nservices:\n  app:\n    <<: *a\n    ports: !reset []\n',
    { published: ['app 2:2'] },
  ),
  override(
    '!override of a service',
    app('ports: ["1:1"]\nnetwork_mode: host'),
    'services:\n  app: !override\n    image: b\n',
    {},
  ),
  override(
    'an environment merged by key',
    app('environment: {A: "1", B: "2"}'),
    'services:\n  app:\n    environment:\n      - B=3\n',
    { environment: ['app A=1', 'app B=3'] },
  ),
  override(
    'a variable without a value',
    app('environment: {A: "1", B: "2", C: "3"}'),
    'services:\n  app:\n    environment: [A, B]\n',
    { env: { B: '4' }, environment: ['app B=4', 'app C=3'] },
  ),
  override('an override of another type', app('ports: ["1:1"]'), 'services:\n  app:\n    ports: "2:2"\n', {
    unread: ['docker-compose.override.yml:3 app ports'],
    refused: true,
  }),
  override('an invalid override', app('ports: ["1:1"]'), 'services: [\n', {
    published: ['app 1:1'],
    unread: ['docker-compose.override.yml:2 *'],
    refused: true,
  }),
  {
    how: 'several named files',
    files: { 'a.yml': app('ports: ["1:1"]'), 'sub/b.yml': 'services:\n  app:\n    ports: ["2:2"]\n' },
    told: ['a.yml', 'sub/b.yml'],
    published: ['app 1:1', 'app 2:2'],
  },
  {
    how: 'a missing named file',
    files: { 'a.yml': app('ports: ["1:1"]') },
    told: ['a.yml', 'b.yml'],
    published: ['app 1:1'],
    unread: ['b.yml *'],
    refused: true,
  },

  // extends and include.
  one(
    'extends in the same file',
    'services:\n  a:\n    image: a\n    ports: ["1:1"]\n  b:\n    extends: a\n    ports: ["2:2"]\n',
    { published: ['a 1:1', 'b 1:1', 'b 2:2'] },
  ),
  one(
    'nested extends as mappings',
    'services:\n  c: {extends: {service: b}}\n  b: {extends: {service: a}}\n  a: {image: a, ports: ["1:1"]}\n',
    { published: ['c 1:1', 'b 1:1', 'a 1:1'] },
  ),
  {
    how: 'extends from another file',
    files: {
      'docker-compose.yml': 'services:\n  app:\n    extends: {file: sub/other.yml, service: base}\n',
      'sub/other.yml':
        'services:\n  base:\n    extends: root\n    env_file: v.env\n  root:\n    image: a\n    ports: ["1:1"]\n',
      'sub/v.env': 'A=1\n',
    },
    published: ['app 1:1'],
    environment: ['app A=1'],
  },
  one(
    'extends and resets',
    'services:\n  a:\n    image: a\n    ports: ["1:1"]\n  b:\n    extends: a\n    ports: !reset []\n',
    { published: ['a 1:1'] },
  ),
  one(
    'extends and replaces',
    'services:\n  a:\n    image: a\n    ports: ["1:1"]\n  b:\n    extends: a\n    ports: !override ["2:2"]\n',
    { published: ['a 1:1', 'b 2:2'] },
  ),
  one(
    'extends a missing service',
    'services:\n  app:\n    image: a\n    extends: {file: other.yml, service: base}\n',
    { unread: ['docker-compose.yml:4 app *'], refused: true },
  ),
  one('extends itself', 'services:\n  app:\n    image: a\n    extends: app\n', {
    unread: ['docker-compose.yml:4 app *'],
    refused: true,
  }),
  {
    how: 'include',
    files: {
      'docker-compose.yml': `include: [sub/other.yml]\n${app('init: true')}`,
      'sub/other.yml': `services:\n  b:\n    image: b\n    ports: ["\${P:-1}:1"]\n`,
      'sub/.env': 'P=7\n',
    },
    published: ['b 7:1'],
  },
  {
    how: 'include with an override file',
    files: {
      'docker-compose.yml': 'include:\n  - path: [a.yml, b.yml]\n    env_file: v.env\n',
      'a.yml': `services:\n  b:\n    image: b\n    ports: ["\${P}:1"]\n`,
      'b.yml': 'services:\n  b:\n    ports: ["2:2"]\n',
      'v.env': 'P=7\n',
    },
    published: ['b 7:1', 'b 2:2'],
  },
  {
    how: 'include and a service that overrides it',
    files: {
      'docker-compose.yml': 'include: [a.yml]\nservices:\n  b:\n    ports: ["2:2"]\n',
      'a.yml': 'services:\n  b:\n    image: b\n    ports: ["1:1"]\n',
    },
    published: ['b 1:1', 'b 2:2'],
  },
  {
    how: 'extends of an included service',
    files: {
      'docker-compose.yml': 'include: [a.yml]\nservices:\n  c:\n    extends: b\n',
      'a.yml': 'services:\n  b:\n    image: b\n    ports: ["1:1"]\n',
    },
    published: ['b 1:1', 'c 1:1'],
  },
  one('include of a missing file', `include:\n  - other.yml\n${app('ports: ["1:1"]')}`, {
    published: ['app 1:1'],
    unread: ['other.yml *'],
    refused: true,
  }),
  {
    how: 'a circular include',
    files: {
      'docker-compose.yml': `include: [a.yml]\n${app('init: true')}`,
      'a.yml': 'include: [docker-compose.yml]\nservices:\n  b: {image: b}\n',
    },
    unread: ['a.yml:1 *'],
    refused: true,
  },
];

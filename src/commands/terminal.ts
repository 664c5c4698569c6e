// The frame of every command: how its arguments are parsed, how help is given, how it prints, and what its exit code means. Kept small on
// purpose: `--help` loads only this file and the command's own help text.

/**
 * 0: done, and all is as it should be. 1: not done, or something is not as it should be. 2: the arguments or the settings are wrong, or the
 * command could not run. 3, `doctor` only: nothing was found, but not everything could be seen from here.
 */
export type ExitCode = 0 | 1 | 2 | 3;

/** What is wrong with the arguments, in one line for the user. */
export interface Wrong {
  readonly wrong: string;
}

/** Where lines go, without their line endings. */
export interface Output {
  out(line: string): void;
  err(line: string): void;
}

/** Everything a command prints goes through here: terminal control characters are replaced or escaped. */
export interface Say {
  /** A line of the answer, on standard output. */
  line(text: string): void;
  /** A line on standard error. */
  note(text: string): void;
  /** A line on standard error that begins with the command's name. */
  fault(text: string): void;
  /** The same value for programs that parse it. @param indent 0: on one line */
  json(value: unknown, indent?: number): void;
}

/** `Task`: what the arguments ask for. `Parts`: what the command works with; tests pass their own. */
export interface Command<Task extends object, Parts> {
  /** As it is typed after `gatehouse`. */
  readonly name: string;
  readonly help: string;
  /** What util.parseArgs throws counts as wrong arguments. */
  read(args: readonly string[]): Task | Wrong;
  /** The parts of this process, from its settings. Called only if the arguments are valid. */
  parts(): Promise<Parts>;
  run(task: Task, parts: Parts, say: Say): Promise<ExitCode>;
}

/** The settings are invalid: the process exits with code 2 and this message. */
export class SettingsRefused extends Error {}

const terminal: Output = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};

/** @param given replaces the parts and the output of this process */
export async function runCommand<Task extends object, Parts>(
  command: Command<Task, Parts>,
  args: readonly string[],
  given?: Parts & Output,
): Promise<ExitCode> {
  const output = given ?? terminal;
  if (asksForHelp(args)) {
    output.out(command.help);
    return 0;
  }
  const task = readArguments(command, args);
  if (isWrong(task)) {
    const { name } = command;
    output.err(plain(`gatehouse ${name}: ${task.wrong}; see \`gatehouse ${name} --help\``));
    return 2;
  }
  return command.run(task, given ?? (await command.parts()), sayer(command.name, output));
}

/** Opens, works and closes, even if the work fails. */
export async function using<Opened extends { close(): unknown }, Result>(
  opened: Opened,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** One line: external text cannot control the terminal or start a line of its own. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** Rows as lines, with their columns aligned. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(plain));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function isWrong(task: object): task is Wrong {
  return 'wrong' in task;
}

/** `--help` or `-h` anywhere, or `help` alone; after `--` they are ordinary words. */
function asksForHelp(args: readonly string[]): boolean {
  if (args.length === 1 && args[0] === 'help') return true;
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.some((arg) => arg === '--help' || arg === '-h');
}

export function readArguments<Task extends object>(
  command: Pick<Command<Task, never>, 'read'>,
  args: readonly string[],
): Task | Wrong {
  try {
    return command.read(args);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    return { wrong: message.split(/\.\s/)[0] ?? message };
  }
}

function sayer(name: string, { out, err }: Output): Say {
  return {
    line: (text) => out(plain(text)),
    note: (text) => err(plain(text)),
    fault: (text) => err(plain(`gatehouse ${name}: ${text}`)),
    json: (value, indent = 2) => out(plainJson(value, indent)),
  };
}

/** The same value, with everything escaped that could control a terminal beyond what JSON itself escapes. */
function plainJson(value: unknown, indent: number): string {
  const escaped = (letter: string) =>
    Array.from({ length: letter.length }, (_, i) => letter.charCodeAt(i).toString(16).padStart(4, '0'))
      .map((code) => `\\u${code}`)
      .join('');
  return JSON.stringify(value, null, indent).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) =>
    letter === '\n' ? letter : escaped(letter),
  );
}

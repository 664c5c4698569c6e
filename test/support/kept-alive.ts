// Kept-alive connections on which requests are written without waiting for earlier answers, as many people behind a proxy do.
import { connect, type Socket } from 'node:net';

export interface Reply {
  /** 0: the connection closed without an answer. */
  readonly status: number;
  readonly body: string;
}

export interface KeptAlive {
  /** Writes a GET request with these header lines immediately. */
  get(path: string, headers: readonly string[]): Promise<Reply>;
  close(): void;
}

interface Line {
  readonly socket: Socket;
  readonly waiting: ((reply: Reply) => void)[];
}

/** @param connections how many; each is opened when it is first used, and again after it closed */
export function keepAlive(port: number, connections: number): KeptAlive {
  const lines = new Map<number, Line>();
  let turn = 0;

  function open(place: number): Line {
    const line: Line = { socket: connect(port, '127.0.0.1'), waiting: [] };
    let received = '';
    line.socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      for (let whole = wholeReply(received); whole; whole = wholeReply(received)) {
        received = received.slice(whole.length);
        line.waiting.shift()?.(whole.reply);
      }
    });
    line.socket.on('error', () => {});
    line.socket.on('close', () => {
      lines.delete(place);
      for (const settle of line.waiting.splice(0)) settle({ status: 0, body: '' });
    });
    lines.set(place, line);
    return line;
  }

  return {
    get(path, headers) {
      const place = turn++ % connections;
      const { socket, waiting } = lines.get(place) ?? open(place);
      return new Promise((settle) => {
        waiting.push(settle);
        socket.write(`${[`GET ${path} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`);
      });
    },
    close() {
      for (const { socket } of lines.values()) socket.destroy();
    },
  };
}

/** The first response in `received`, and its length; undefined if more data is needed. Every response here has a Content-Length. */
function wholeReply(received: string): { readonly reply: Reply; readonly length: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.slice(0, end);
  const length = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  if (received.length < length) return undefined;
  return { reply: { status: Number(head.slice(9, 12)), body: received.slice(end + 4, length) }, length };
}

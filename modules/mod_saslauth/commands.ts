import {
  EXIT_USAGE,
  AccountError,
  Accounts,
  nodeOf,
  domainOf,
  parseBareJid,
  type Command,
  type CommandIo,
  type Hosts,
} from "chorus-muc";

/** The commands of `chorusctl` that make, change and remove accounts on any host with accounts. */
export function accountCommands(hosts: Hosts): Command[] {
  const accounts = new Accounts(hosts);
  return [
    {
      name: "adduser",
      summary: "make an account",
      usage: "adduser JID [--password-stdin]",
      run: (args, io) =>
        withAccount(args, io, async (username, host, jid) => {
          accounts.provider(host);
          await accounts.create(username, host, await newPassword(args, io));
          io.print(`${jid} can log in`);
        }),
    },
    {
      name: "passwd",
      summary: "change the password of an account",
      usage: "passwd JID [--password-stdin]",
      run: (args, io) =>
        withAccount(args, io, async (username, host, jid) => {
          accounts.provider(host);
          await accounts.setPassword(username, host, await newPassword(args, io));
          io.print(`the password of ${jid} is changed`);
        }),
    },
    {
      name: "deluser",
      summary: "remove an account and what is stored for it",
      usage: "deluser JID",
      run: (args, io) =>
        withAccount(args, io, async (username, host, jid) => {
          await accounts.delete(username, host);
          io.print(`${jid} is removed`);
        }),
    },
  ];
}

async function withAccount(
  args: readonly string[],
  io: CommandIo,
  act: (username: string, host: string, jid: string) => Promise<void>,
): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith("--"));
  const unknown = args.find((arg) => arg.startsWith("--") && arg !== "--password-stdin");
  if (words.length !== 1 || unknown !== undefined) {
    io.error(unknown === undefined ? "exactly one JID is needed" : `unknown option ${unknown}`);
    return EXIT_USAGE;
  }
  const jid = parseBareJid(words[0] ?? "");
  const username = jid && nodeOf(jid);
  if (jid === undefined || username === undefined) {
    io.error(`${words[0]} is not a JID of the form user@host`);
    return EXIT_USAGE;
  }
  try {
    await act(username, domainOf(jid), jid);
    return 0;
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    io.error(error.message);
    return 1;
  }
}

async function newPassword(args: readonly string[], io: CommandIo): Promise<string> {
  const password = await io.ask("Password: ", { hidden: true });
  if (args.includes("--password-stdin")) return password;
  if ((await io.ask("Once more: ", { hidden: true })) !== password) {
    throw new AccountError("ACCOUNT_PASSWORD", "the two passwords differ");
  }
  return password;
}

/** Processes of a container, and a small shell: words, quotes, variables, `;` `&&` `||`, no pipes. */
import type {Readable} from 'node:stream';
import {commands, resolvePath, serveCopyRequests} from './commands.ts';
import {CookedTerminal, InputQueue, type ShellProcess, writeAndDrain} from './terminal.ts';

/** With a terminal, stdin carries keys, and stdout a screen. */
type ProcessOptions = Pick<ShellProcess, 'argv' | 'env' | 'files' | 'stdout' | 'stderr' | 'terminal' | 'signal' | 'mainCommand'> & {
	stdin: Readable | null;
};

/** Resolves to the exit code; 137 if `signal` is aborted first. */
export async function startProcess(options: ProcessOptions): Promise<number> {
	const {env, stdin, stdout, terminal, signal} = options;
	let interrupted = new AbortController();
	const foreground = () => AbortSignal.any([signal, interrupted.signal]);
	const process: ShellProcess = {
		...options,
		env: {...env},
		cwd: '/',
		lastStatus: 0,
		stdin: new InputQueue(),
		signal: foreground(),
		ending: signal,
		foreground,
		atPrompt: false,
		hasExited: false,
	};
	if (terminal) {
		const cooked = new CookedTerminal(stdin, stdout);
		cooked.interrupt = () => {
			cooked.input.clear();
			interrupted.abort();
			interrupted = new AbortController();
			if (process.atPrompt) {
				cooked.input.push(Buffer.from('\n'));
			}
		};

		Object.assign(process, {stdin: cooked.input, stdout: cooked.output, stderr: cooked.output});
	} else if (stdin) {
		process.stdin.follow(stdin);
	} else {
		process.stdin.finish();
	}

	const status = await runProcess(process);
	return signal.aborted ? 137 : status;
}

export function hasCommand(name: string): boolean {
	return Object.hasOwn(commands, name.replace(/^\/(usr\/)?bin\//, '')) || isShell(name);
}

async function runProcess(process: ShellProcess): Promise<number> {
	const [name = ''] = process.argv;
	if (isShell(name)) {
		const index = process.argv.indexOf('-c');
		if (index > 0 && process.argv[index + 2] === 'spoke-cp') {
			return serveCopyRequests(process);
		}

		return index > 0 ? runLine(process, process.argv[index + 1] ?? '') : readLines(process);
	}

	return commands[name.replace(/^\/(usr\/)?bin\//, '')]!(process);
}

/** Resolves to the last status. */
async function runLine(process: ShellProcess, line: string): Promise<number> {
	for (const {operator, words} of splitCommands(line, process)) {
		const skipped = (operator === '&&' && process.lastStatus !== 0) || (operator === '||' && process.lastStatus === 0);
		if (skipped || words.length === 0) {
			continue;
		}

		process.lastStatus = await runCommand(process, words);
		if (process.hasExited) {
			break;
		}
	}

	return process.lastStatus;
}

async function readLines(process: ShellProcess): Promise<number> {
	for (;;) {
		if (process.terminal) {
			await writeAndDrain(process.stdout, `${process.cwd} # `, process.ending);
		}

		process.atPrompt = true;
		const line = await process.stdin.readLine(process.ending);
		process.atPrompt = false;
		if (line === null) {
			return process.ending.aborted ? 129 : process.lastStatus;
		}

		await runLine(process, line);
		if (process.hasExited) {
			return process.lastStatus;
		}
	}
}

async function runCommand(process: ShellProcess, words: readonly string[]): Promise<number> {
	const [name = '', ...rest] = words;
	const assignment = /^([a-z_]\w*)=(.*)$/is.exec(name);
	if (assignment && rest.length === 0) {
		process.env[assignment[1]!] = assignment[2]!;
		return 0;
	}

	if (name === 'cd') {
		process.cwd = resolvePath(process.cwd, rest[0] ?? process.env['HOME'] ?? '/');
		return 0;
	}

	if (name === 'exit') {
		process.hasExited = true;
		return rest[0] === undefined ? process.lastStatus : Number(rest[0]) & 0xff;
	}

	if (name === 'exec') {
		process.hasExited = true;
		return runCommand(process, rest);
	}

	if (!hasCommand(name)) {
		await writeAndDrain(process.stderr, `sh: ${name}: not found\n`, process.ending);
		return 127;
	}

	const redirected = /^[12]?>&?[12]?$/.exec(rest.at(-1) ?? '');
	const argv = redirected ? words.slice(0, -1) : words;
	const stdout = redirected?.[0].endsWith('>&2') ? process.stderr : process.stdout;
	return runProcess({...process, env: {...process.env}, argv, stdout, signal: process.foreground(), hasExited: false, lastStatus: 0});
}

function isShell(name: string): boolean {
	return ['sh', 'bash', 'ash'].includes(name.replace(/^\/(usr\/)?bin\//, ''));
}

type CommandPart = {operator: ';' | '&&' | '||'; words: string[]};

/** Expands late, so that `x=1; echo $x` works. */
function* splitCommands(line: string, process: ShellProcess): Generator<CommandPart> {
	const tokens = line.match(/"(?:[^"\\]|\\.)*"|'[^']*'|&&|\|\||[;\n]|#.*$|(?:\\.|[^\s;&|"'#]|&(?!&)|(?<=\S)#)+|\s+/gm) ?? [];
	let operator: CommandPart['operator'] = ';';
	let words: string[] = [];
	let isInWord = false;
	const flush = function* (next: CommandPart['operator']) {
		yield {operator, words};
		operator = next;
		words = [];
		isInWord = false;
	};

	for (const token of tokens) {
		if (token === '&&' || token === '||' || token === ';' || token === '\n') {
			yield* flush(token === '\n' ? ';' : token);
		} else if (/^\s+$/.test(token)) {
			isInWord = false;
		} else if (!token.startsWith('#')) {
			const text = expandToken(token, process);
			if (isInWord) {
				words[words.length - 1] = `${words.at(-1) ?? ''}${text}`;
			} else {
				words.push(text);
			}

			isInWord = true;
		}
	}

	yield* flush(';');
}

function expandToken(token: string, process: ShellProcess): string {
	if (token.startsWith("'")) {
		return token.slice(1, -1);
	}

	const quoted = token.startsWith('"');
	const text = quoted ? token.slice(1, -1) : token;
	// In double quotes, a backslash is literal unless a special character follows.
	const unescape = (pair: string) => (quoted && !/["$\\`]/.test(pair[1]!) ? pair : pair.slice(1));
	return text.replaceAll(
		/(\\.)|\$(?:\{(\w+)\}|(\w+)|(\?))/g,
		(_, escaped: string | undefined, braced: string | undefined, bare: string | undefined, status: string | undefined) =>
			(escaped === undefined ? undefined : unescape(escaped)) ??
			(status === undefined ? (process.env[(braced ?? bare)!] ?? '') : String(process.lastStatus)),
	);
}

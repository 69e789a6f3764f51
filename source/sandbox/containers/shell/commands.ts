/** Shell commands, and the read-only files that they see. */
import {abortableDelay} from '../program.ts';
import {type ShellProcess, writeAndDrain} from './terminal.ts';

export type ShellCommand = (process: ShellProcess) => Promise<number>;

/** The shell itself adds `sh`, `cd`, `exec` and `exit`. */
export const commands: Readonly<Record<string, ShellCommand>> = {
	true: async () => 0,
	false: async () => 1,
	'[': async ({argv, cwd, env}) => (resolvePath(cwd, argv[2] ?? '') in filesOf(env) ? 0 : 1),
	echo: async process => print(process, `${process.argv.slice(1).join(' ')}\n`),
	pwd: async process => print(process, `${process.cwd}\n`),
	hostname: async process => print(process, `${process.env['HOSTNAME'] ?? ''}\n`),
	env: async process =>
		printLines(
			process,
			Object.entries(process.env).map(entry => entry.join('=')),
		),
	ps: async process => printLines(process, ['PID   COMMAND', `    1 ${process.mainCommand}`, `   17 ${process.argv.join(' ')}`]),
	async stty(process) {
		const {terminal} = process;
		return terminal ? print(process, `${terminal.rows} ${terminal.columns}\n`) : fail(process, 'stty: standard input: Not a tty');
	},
	async ls(process) {
		const {argv, cwd} = process;
		const path = argv.slice(1).find(argument => !argument.startsWith('-')) ?? '.';
		const names = entriesOf(filesOf(process.env), resolvePath(cwd, path));
		return names ? printLines(process, names) : fail(process, `ls: ${path}: No such file or directory`);
	},
	cat: concatenate,
	head: firstBytes,
	async sleep(process) {
		await abortableDelay(Number(process.argv[1] ?? '0') * 1000, process.signal);
		return process.signal.aborted ? 130 : 0;
	},
	seq: sequence,
	help: async process => print(process, `commands here: ${[...Object.keys(commands), 'cd', 'exit', 'sh'].sort().join(' ')}\n`),
};

async function concatenate(process: ShellProcess): Promise<number> {
	const {argv, stdin, signal} = process;
	let status = 0;
	for (const name of argv.length > 1 ? argv.slice(1) : ['-']) {
		const text = filesOf(process.env)[resolvePath(process.cwd, name)];
		if (name === '-') {
			for (let chunk = await stdin.read(signal); chunk !== null; chunk = await stdin.read(signal)) {
				await writeAndDrain(process.stdout, chunk, signal);
			}
		} else if (text === undefined) {
			status = await fail(process, `cat: can't open '${name}': No such file or directory`);
		} else {
			await print(process, text);
		}
	}

	return signal.aborted ? 130 : status;
}

/** `head -c 5`. */
async function firstBytes({argv, stdin, stdout, signal}: ShellProcess): Promise<number> {
	for (let remaining = Number(argv[2] ?? 10); remaining > 0;) {
		const chunk = await stdin.read(signal);
		if (chunk === null) {
			break;
		}

		await writeAndDrain(stdout, chunk.subarray(0, remaining), signal);
		remaining -= chunk.length;
	}

	return 0;
}

/** In blocks, because it can be long. */
async function sequence(process: ShellProcess): Promise<number> {
	const last = Number(process.argv.at(-1));
	for (let next = process.argv.length > 2 ? Number(process.argv[1]) : 1; next <= last; next += 4096) {
		if (process.signal.aborted || process.stdout.destroyed) {
			return 130;
		}

		await printLines(
			process,
			Array.from({length: Math.min(4096, last - next + 1)}, (_, index) => String(next + index)),
		);
	}

	return 0;
}

async function print(process: ShellProcess, text: string): Promise<number> {
	await writeAndDrain(process.stdout, text, process.signal);
	return 0;
}

async function printLines(process: ShellProcess, lines: readonly string[]): Promise<number> {
	return print(process, lines.map(line => `${line}\n`).join(''));
}

async function fail(process: ShellProcess, text: string): Promise<number> {
	await writeAndDrain(process.stderr, `${text}\n`, process.signal);
	return 1;
}

/** Texts by path; directories are implied. */
export function filesOf(env: Readonly<Record<string, string>>): Record<string, string> {
	const host = env['HOSTNAME'] ?? 'sandbox';
	return {
		'/bin/sh': '',
		'/etc/hostname': `${host}\n`,
		'/etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
		'/etc/os-release': 'NAME="spoke sandbox"\nID=spoke-sandbox\nPRETTY_NAME="a container of the spoke sandbox"\n',
		'/etc/app/config.yaml': 'listen: 8080\nlogLevel: info\nupstream: http://api:8080\n',
		'/app/README': 'This container exists only inside the sandbox: nothing here is a real cluster.\n',
		'/app/server': '',
	};
}

export function resolvePath(cwd: string, path: string): string {
	const parts: string[] = [];
	for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
		if (part === '..') {
			parts.pop();
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return `/${parts.join('/')}`;
}

/** Sorted; `undefined` if it does not exist. */
export function entriesOf(files: Readonly<Record<string, string>>, directory: string): string[] | undefined {
	const prefix = directory === '/' ? '/' : `${directory}/`;
	const below = Object.keys(files).filter(path => path.startsWith(prefix));
	const names = new Set(below.map(path => path.slice(prefix.length).split('/', 1)[0]!));
	return names.size === 0 ? undefined : [...names].sort();
}

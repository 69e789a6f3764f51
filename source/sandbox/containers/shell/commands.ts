/** Shell commands, and the read-only files that they see. */
import {createHash} from 'node:crypto';
import {abortableDelay} from '../container.ts';
import {type ShellProcess, writeAndDrain} from './terminal.ts';

type ShellCommand = (process: ShellProcess) => Promise<number>;

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

/** 2026-01-01, in seconds. */
const modifiedAt = 1_767_225_600;

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
function filesOf(env: Readonly<Record<string, string>>): Record<string, string> {
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
function entriesOf(files: Readonly<Record<string, string>>, directory: string): string[] | undefined {
	const prefix = directory === '/' ? '/' : `${directory}/`;
	const below = Object.keys(files).filter(path => path.startsWith(prefix));
	const names = new Set(below.map(path => path.slice(prefix.length).split('/', 1)[0]!));
	return names.size === 0 ? undefined : [...names].sort();
}

/** @see source/streams/copy/copy-program.ts */
export async function serveCopyRequests(process: ShellProcess): Promise<number> {
	const print = async (text: string) => writeAndDrain(process.stdout, text, process.signal);
	const files = filesOf(process.env);
	/** The source: a directory, or the one of a file. */
	let directory = '/';
	let only: string | null = null;
	const contentOf = (name: string) => files[resolvePath(directory, decodeName(name))] ?? '';
	await print('spoke-cp 1\n');
	for (let line = await process.stdin.readLine(process.ending); line !== null; line = await process.stdin.readLine(process.ending)) {
		const [request, ...words] = line.split(' ');
		switch (request) {
			case 'root': {
				const path = resolvePath('/', decodeName(words[0] ?? ''));
				only = path in files ? path.slice(path.lastIndexOf('/') + 1) : null;
				directory = only === null ? path : resolvePath(path, '..');
				await print(only === null ? (entriesOf(files, path) ? 'dir\n' : 'none\n') : 'file\n');
				break;
			}

			case 'list': {
				const names = only === null ? namesBelow(files, directory) : [only];
				await print(`${names.map(name => listed(files, directory, name)).join('')}E\n`);
				break;
			}

			case 'cat': {
				await print(`D\n${words.map(name => contentOf(name)).join('')}E\n`);
				break;
			}

			case 'read': {
				await print(
					`D\n${Buffer.from(contentOf(words[1] ?? ''))
						.subarray(0, Number(words[0]))
						.toString()}E\n`,
				);
				break;
			}

			case 'sum': {
				await print(`${words.map(name => `${sumOf(contentOf(name))}  ${decodeName(name)}\n`).join('')}E\n`);
				break;
			}

			case 'target': {
				await print('denied\n');
				break;
			}

			case 'end': {
				return 0;
			}

			default: {
				return 2;
			}
		}
	}

	return 0;
}

/** Relative, directories before what is in them. */
function namesBelow(files: Readonly<Record<string, string>>, directory: string): string[] {
	return (entriesOf(files, directory) ?? []).flatMap(name => [
		name,
		...namesBelow(files, resolvePath(directory, name)).map(below => `${name}/${below}`),
	]);
}

function listed(files: Readonly<Record<string, string>>, directory: string, name: string): string {
	const content = files[resolvePath(directory, name)];
	const facts = content === undefined ? `41ed 4096 ${modifiedAt}` : `81a4 ${Buffer.byteLength(content)} ${modifiedAt}`;
	return `N 1\n${content === undefined ? 'd' : 'f'}./${name}\0\0${facts}\n`;
}

function sumOf(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

function decodeName(name: string): string {
	return Buffer.from(
		name.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
		'latin1',
	).toString();
}

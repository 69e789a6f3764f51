/** Shell commands, and the requests of a copy. */
import {createHash} from 'node:crypto';
import {abortableDelay, type Files} from '../container.ts';
import {type ShellProcess, writeAndDrain} from './terminal.ts';

type ShellCommand = (process: ShellProcess) => Promise<number>;

/** The shell itself adds `sh`, `cd`, `exec` and `exit`. */
export const commands: Readonly<Record<string, ShellCommand>> = {
	true: async () => 0,
	false: async () => 1,
	'[': async ({argv, cwd, files}) => (files.get(resolvePath(cwd, argv[2] ?? '')) ? 0 : 1),
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
		const {argv, cwd, files} = process;
		const path = argv.slice(1).find(argument => !argument.startsWith('-')) ?? '.';
		const directory = resolvePath(cwd, path);
		const names = entriesOf(files, directory);
		return isDirectory(files, directory) ? printLines(process, names) : fail(process, `ls: ${path}: No such file or directory`);
	},
	cat: concatenate,
	/** `head -c 5`. */
	head: async process => copyInput(process, Number(process.argv[2] ?? 10)),
	async sleep(process) {
		await abortableDelay(Number(process.argv[1] ?? '0') * 1000, process.signal);
		return process.signal.aborted ? 130 : 0;
	},
	seq: sequence,
	help: async process => print(process, `commands here: ${[...Object.keys(commands), 'cd', 'exit', 'sh'].sort().join(' ')}\n`),
};

async function concatenate(process: ShellProcess): Promise<number> {
	const {argv, signal} = process;
	let status = 0;
	for (const name of argv.length > 1 ? argv.slice(1) : ['-']) {
		const content = process.files.get(resolvePath(process.cwd, name));
		if (name === '-') {
			await copyInput(process, Infinity);
		} else if (!content) {
			status = await fail(process, `cat: can't open '${name}': No such file or directory`);
		} else {
			await print(process, content);
		}
	}

	return signal.aborted ? 130 : status;
}

async function copyInput({stdin, stdout, signal}: ShellProcess, bytes: number): Promise<number> {
	for (let remaining = bytes; remaining > 0;) {
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

async function print(process: ShellProcess, text: string | Buffer): Promise<number> {
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

function isDirectory(files: Files, path: string): boolean {
	return files.get(path) === null;
}

function entriesOf(files: Files, directory: string): string[] {
	const below = [...files.keys()].filter(path => path !== '/' && resolvePath(path, '..') === directory);
	return below.map(path => path.slice(path.lastIndexOf('/') + 1)).sort();
}

/** @see source/streams/copy/copy-program.ts */
export async function serveCopyRequests(process: ShellProcess): Promise<number> {
	const {files, stdin, ending} = process;
	/** The source or the target: a directory, or the one of a file. */
	let directory = '/';
	let only: string | null = null;
	const pathOf = (word = '') => resolvePath(directory, decodeName(word));
	const requests: Readonly<Record<string, (...words: string[]) => string | Buffer | Promise<string | null>>> = {
		root(word) {
			const path = pathOf(word);
			only = files.get(path) ? path.slice(path.lastIndexOf('/') + 1) : null;
			directory = only === null ? path : resolvePath(path, '..');
			return only === null ? (isDirectory(files, path) ? 'dir\n' : 'none\n') : 'file\n';
		},
		list() {
			const names = only === null ? namesBelow(files, directory) : [only];
			return `${names.map(name => listed(name, files.get(resolvePath(directory, name)) ?? null)).join('')}E\n`;
		},
		get(...words) {
			const contents = words.map(word => files.get(pathOf(word)) ?? Buffer.alloc(0));
			const sums = contents.map((content, index) => `${sumOf(content)}  ${decodeName(words[index]!)}\n`);
			const sizes = `D ${contents.map(({length}) => length).join(' ')}\n`;
			return Buffer.concat([Buffer.from(sizes), ...contents, Buffer.from(`E\n${sums.join('')}E\n`)]);
		},
		target(word) {
			const path = pathOf(word);
			directory = isDirectory(files, path) ? path : resolvePath(path, '..');
			const kind = files.has(path) ? 'file\n' : 'none\n';
			return directory === path ? 'dir\n' : isDirectory(files, directory) ? kind : 'parent\n';
		},
		make(word) {
			const path = pathOf(word);
			const known = files.get(path);
			files.set(path, known ?? null);
			return known ? 'the directory could not be created\n' : known === null ? 'there\n' : 'made\n';
		},
		async put(size, _mode, _time, _temporary, word) {
			const content = await stdin.readBytes(Number(size), ending);
			const digest = await stdin.readLine(ending);
			const path = pathOf(word);
			if (content === null || digest === null) {
				return null;
			}

			if (isDirectory(files, path) || sumOf(content) !== digest) {
				return isDirectory(files, path) ? 'a directory has its name\n' : 'differs\n';
			}

			files.set(path, content);
			return 'ok\n';
		},
		link: () => 'the link could not be created\n',
		attributes: () => 'ok\n',
	};
	await print(process, 'spoke-cp 1\n');
	for (;;) {
		const [request = '', ...words] = ((await stdin.readLine(ending)) ?? 'end').split(' ');
		const answer = (await requests[request]?.(...words)) ?? null;
		if (answer === null) {
			return request === 'end' ? 0 : 2;
		}

		await print(process, answer);
	}
}

/** Relative, directories before what is in them. */
function namesBelow(files: Files, directory: string): string[] {
	return entriesOf(files, directory).flatMap(name => [
		name,
		...namesBelow(files, resolvePath(directory, name)).map(below => `${name}/${below}`),
	]);
}

/** All files have mode 644, directories 755, and the time of 2026-01-01. */
function listed(name: string, content: Buffer | null): string {
	return `N 1\nr./${name}\0\0${content === null ? '41ed 4096' : `81a4 ${content.length}`} 1767225600\n`;
}

function sumOf(content: Buffer): string {
	return createHash('sha256').update(content).digest('hex');
}

function decodeName(name: string): string {
	return Buffer.from(
		name.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
		'latin1',
	).toString();
}

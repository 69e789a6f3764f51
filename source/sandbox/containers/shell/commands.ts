/** Shell commands like busybox. */
import {createHash} from 'node:crypto';
import {abortableDelay} from '../program.ts';
import {entriesOf, filesOf, resolvePath} from './file-tree.ts';
import {writeAndDrain, type ShellProcess} from './shell-process.ts';

export type ShellCommand = (process: ShellProcess) => Promise<number>;

/** The shell itself adds `sh`. */
export const commands: Readonly<Record<string, ShellCommand>> = {
	true: async () => 0,
	false: async () => 1,
	test: fileExists,
	'[': fileExists,
	async echo(process) {
		const [first, ...rest] = process.argv.slice(1);
		return first === '-n' ? print(process, rest.join(' ')) : print(process, `${process.argv.slice(1).join(' ')}\n`);
	},
	printf: async process => print(process, formatPrintf(process.argv[1] ?? '', process.argv[2] ?? '')),
	pwd: async process => print(process, `${process.cwd}\n`),
	whoami: async process => print(process, 'root\n'),
	id: async process => print(process, 'uid=0(root) gid=0(root) groups=0(root)\n'),
	hostname: async process => print(process, `${process.env['HOSTNAME'] ?? ''}\n`),
	date: async process => print(process, `${new Date().toUTCString()}\n`),
	async uname(process) {
		const isAll = process.argv[1] === '-a';
		return print(process, isAll ? `Linux ${process.env['HOSTNAME']} 6.12.0-sandbox #1 SMP x86_64 GNU/Linux\n` : 'Linux\n');
	},
	env: async process =>
		print(
			process,
			Object.entries(process.env)
				.map(([key, value]) => `${key}=${value}\n`)
				.join(''),
		),
	async printenv(process) {
		const [, name] = process.argv;
		return name === undefined ? commands['env']!(process) : print(process, `${process.env[name] ?? ''}\n`);
	},
	ps: async process =>
		print(
			process,
			[
				'PID   USER     TIME  COMMAND',
				`    1 root      0:00 ${process.mainCommand}`,
				`   17 root      0:00 ${process.argv.join(' ')}`,
				'',
			].join('\n'),
		),
	async stty(process) {
		if (!process.terminal) {
			return fail(process, 'stty: standard input: Not a tty');
		}

		const {rows, columns} = process.terminal;
		return print(process, process.argv[1] === 'size' ? `${rows} ${columns}\n` : `speed 38400 baud; rows ${rows}; columns ${columns};\n`);
	},
	tty: async process => (process.terminal ? print(process, '/dev/pts/0\n') : print(process, 'not a tty\n', 1)),
	ls: list,
	cat: concatenate,
	async sleep(process) {
		await abortableDelay(Number(process.argv[1] ?? '0') * 1000, process.signal);
		return process.signal.aborted ? 130 : 0;
	},
	seq: sequence,
	head: firstBytes,
	async wc(process) {
		let bytes = 0;
		for await (const chunk of inputOf(process)) {
			bytes += chunk.length;
		}

		return print(process, `${bytes}\n`);
	},
	async sha256sum(process) {
		const hash = createHash('sha256');
		for await (const chunk of inputOf(process)) {
			hash.update(chunk);
		}

		return print(process, `${hash.digest('hex')}  -\n`);
	},
	help: async process => print(process, `commands here: ${[...Object.keys(commands), 'cd', 'exit', 'sh'].sort().join(' ')}\n`),
};

function formatPrintf(format: string, text: string): string {
	return format
		.replaceAll('\\n', '\n')
		.replaceAll(/\\x([\da-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
		.replaceAll('%s', () => text);
}

async function firstBytes(process: ShellProcess): Promise<number> {
	const joined = /^-c(\d+)$/.exec(process.argv[1] ?? '')?.[1];
	let remaining = Number(joined ?? process.argv[2] ?? 10);
	while (remaining > 0) {
		const chunk = await process.stdin.read(process.signal);
		if (chunk === null) {
			break;
		}

		await writeAndDrain(process.stdout, chunk.subarray(0, remaining), process.signal);
		remaining -= chunk.length;
	}

	return 0;
}

async function* inputOf({stdin, signal}: ShellProcess): AsyncGenerator<Buffer> {
	for (let chunk = await stdin.read(signal); chunk !== null; chunk = await stdin.read(signal)) {
		yield chunk;
	}
}

async function list(process: ShellProcess): Promise<number> {
	const files = filesOf(process.env);
	const args = process.argv.slice(1);
	const isLong = args.some(argument => argument.startsWith('-') && argument.includes('l'));
	const paths = args.filter(argument => !argument.startsWith('-'));
	const row = (directory: string, name: string) => {
		const type = entriesOf(files, resolvePath(directory, name)) ? 'd' : '-';
		return isLong ? `${type}rwxr-xr-x    1 root     root          4096 ${name}\n` : `${name}\n`;
	};

	let status = 0;
	for (const argument of paths.length > 0 ? paths : ['.']) {
		const path = resolvePath(process.cwd, argument);
		const names = entriesOf(files, path) ?? (path in files ? [argument] : undefined);
		if (names === undefined) {
			status = await fail(process, `ls: ${argument}: No such file or directory`);
			continue;
		}

		await print(
			process,
			names
				.filter(name => !name.startsWith('.'))
				.map(name => row(path, name))
				.join(''),
		);
	}

	return status;
}

async function fileExists(process: ShellProcess): Promise<number> {
	const [, , path = ''] = process.argv;
	return resolvePath(process.cwd, path) in filesOf(process.env) ? 0 : 1;
}

async function concatenate(process: ShellProcess): Promise<number> {
	const names = process.argv.slice(1);
	let status = 0;
	for (const name of names.length > 0 ? names : ['-']) {
		if (name === '-') {
			for await (const chunk of inputOf(process)) {
				await writeAndDrain(process.stdout, chunk, process.signal);
			}
		} else {
			const text = filesOf(process.env)[resolvePath(process.cwd, name)];
			status =
				text === undefined
					? await fail(process, `cat: can't open '${name}': No such file or directory`)
					: await print(process, text, status);
		}
	}

	return process.signal.aborted ? 130 : status;
}

async function sequence(process: ShellProcess): Promise<number> {
	const numbers = process.argv.slice(1).map(Number);
	const [first, last] = numbers.length > 1 ? [numbers[0]!, numbers.at(-1)!] : [1, numbers[0] ?? 1];
	for (let next = first; next <= last && !process.signal.aborted && !process.stdout.destroyed;) {
		const lines: string[] = [];
		for (; next <= last && lines.length < 4096; next++) {
			lines.push(`${next}\n`);
		}

		await writeAndDrain(process.stdout, lines.join(''), process.signal);
	}

	return process.signal.aborted ? 130 : 0;
}

async function print(process: ShellProcess, text: string, status = 0): Promise<number> {
	await writeAndDrain(process.stdout, text, process.signal);
	return status;
}

async function fail(process: ShellProcess, text: string): Promise<number> {
	await writeAndDrain(process.stderr, `${text}\n`, process.signal);
	return 1;
}

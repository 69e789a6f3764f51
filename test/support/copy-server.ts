/** A scripted apiserver whose exec runs a shell of this machine, which can lack programs and whose stream can be cut or changed. */
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {chmod, mkdir, symlink, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {exitCode, type FarSide, startCommandServer, success} from './command-server.ts';
import {type Ended, runSpoke} from './run-spoke.ts';
import {temporaryDirectory} from './temporary-directory.ts';

/** Names that a shell, a checksum program or a list could misread. */
const oddNames = [
	'plain',
	'with space',
	'-dash',
	'quote\'s "two"',
	'$(touch pwned)',
	'`id`;x&|<>',
	'*',
	'[a]?',
	'line\nfeed',
	'trailing\n',
	'back\\slash\\0101',
	'ünï',
	'.hidden',
	'..two',
	'%s%d',
];

/** A folder with such names, modes and times, an empty folder and file, a large file and a link. Returns the names in `sub`. */
export async function writeOddTree(folder: string): Promise<Buffer[]> {
	await mkdir(join(folder, 'sub/empty'), {recursive: true});
	const names = [...oddNames.map(name => Buffer.from(name)), Buffer.from([0x61, 0xff, 0xfe])];
	for (const [index, name] of names.entries()) {
		const path = Buffer.concat([Buffer.from(`${folder}/sub/`), name]);
		await writeFile(path, `${index} ${randomBytes(index * 100).toString('hex')}`);
		await chmod(path, index % 2 === 0 ? 0o640 : 0o755);
		await utimes(path, 1_600_000_000 + index, 1_600_000_000 + index);
	}

	await writeFile(join(folder, 'none'), '');
	await writeFile(join(folder, 'big'), randomBytes(3_000_001));
	await symlink('sub/plain', join(folder, 'inside'));
	return names;
}

export async function copy({config}: Pick<CopyServer, 'config'>, ...argv: string[]): Promise<Ended> {
	return runSpoke(['cp', ...config, ...argv]);
}

export type CopyObject = Record<string, unknown> & {kind: string; path: string; result: string};

export function copyObjects({stdout}: {stdout: string}): CopyObject[] {
	return stdout
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as CopyObject);
}

export type CopyServerOptions = {
	/** Program and arguments before `-c`. Default: `sh`. */
	shell?: readonly string[];
	/** Programs of the image. Default: all of this machine. */
	programs?: readonly string[];
	/** Per exec: after how many bytes of output its connection is cut. */
	cuts?: readonly number[];
	/** Changes the output of the `index`-th exec. */
	change?: (bytes: Buffer, index: number) => Buffer;
	/** As `cuts`, and `change`, of the input. */
	inputCuts?: readonly number[];
	changeInput?: (bytes: Buffer) => Buffer;
	/** Replaces parts of the pod; read for each response. */
	pod?: object;
	/** Replaces the shell. */
	script?: (far: FarSide, index: number) => void | Promise<void>;
};

export type CopyServer = {
	/** Flags of the command line. */
	config: readonly string[];
	/** The file system of the container, and an empty folder of this side. */
	remote: string;
	local: string;
	upgrades: readonly string[];
};

export async function startCopyServer(t: Pick<ExecutionContext, 'teardown'>, options: CopyServerOptions = {}): Promise<CopyServer> {
	const folder = await temporaryDirectory(t);
	const [remote, local, bin] = ['remote', 'local', 'bin'].map(name => join(folder, name)) as [string, string, string];
	await Promise.all([remote, local, bin].map(async path => mkdir(path)));
	for (const program of options.programs ?? []) {
		await symlink(programPath(program), join(bin, program));
	}

	let count = 0;
	/** One at a time: the shell of a lost stream stores what it has received before the next one starts. */
	let last: Promise<void> = Promise.resolve();
	const server = await startCommandServer(
		t,
		async far => {
			const index = count++;
			if (options.script) {
				await options.script(far, index);
				return;
			}

			const before = last;
			last = before.then(async () => runShell(far, {...options, index, remote, path: options.programs && bin}));
			await last;
		},
		options,
	);
	await server.cluster();
	return {config: ['--kubeconfig', join(server.folder, 'config-1')], remote, local, upgrades: server.upgrades};
}

/** `test`, or `test.skip` if this machine does not have the program. */
export function testWith(program: string): typeof test {
	return findProgram(program) === undefined ? (test.skip as typeof test) : test;
}

/** Throws if this machine does not have it. */
export function programPath(name: string): string {
	const path = findProgram(name);
	if (path === undefined) {
		throw new Error(`the test needs ${name}`);
	}

	return path;
}

function findProgram(name: string): string | undefined {
	return (process.env['PATH'] ?? '')
		.split(':')
		.map(folder => join(folder, name))
		.find(path => existsSync(path));
}

async function runShell(
	far: FarSide,
	{
		shell = ['sh'],
		cuts = [],
		change = bytes => bytes,
		inputCuts = [],
		changeInput = bytes => bytes,
		index,
		remote,
		path,
	}: CopyServerOptions & {index: number; remote: string; path: string | undefined},
): Promise<void> {
	const [program = 'sh', ...before] = shell;
	const [, ...command] = far.url.searchParams.getAll('command');
	const child = spawn(programPath(program), [...before, ...command], {
		cwd: remote,
		env: {PATH: path ?? process.env['PATH'], HOME: '/nonexistent'},
	});
	let left = cuts[index] ?? Infinity;
	child.stdin.on('error', () => {});
	let inputLeft = inputCuts[index] ?? Infinity;
	far.stdin.on('data', (bytes: Buffer) => {
		if (!child.stdin.write(changeInput(bytes.subarray(0, inputLeft)))) {
			far.stdin.pause();
			child.stdin.once('drain', () => {
				far.stdin.resume();
			});
		}

		inputLeft = Math.max(0, inputLeft - bytes.length);
		if (inputLeft === 0) {
			far.socket.destroy();
		}
	});
	far.stdin.on('end', () => {
		child.stdin.end();
	});
	far.socket.on('close', () => child.stdin.end());
	if (far.socket.destroyed) {
		child.stdin.end();
	}

	child.stderr.on('data', (bytes: Buffer) => {
		far.stderr(bytes);
	});
	child.stdout.on('data', (bytes: Buffer) => {
		if (left <= 0) {
			return;
		}

		far.stdout(change(bytes.subarray(0, left), index));
		left -= bytes.length;
		if (left <= 0) {
			far.socket.end();
		}
	});
	const [code] = (await once(child, 'close')) as [number | null];
	if (left > 0) {
		far.status(code === 0 ? success : exitCode(code ?? 137));
		far.close();
	}
}

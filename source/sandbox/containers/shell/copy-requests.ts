/** Responses of the program that `spoke cp` runs in a container, which this shell cannot run. Files are read-only. */
import {createHash} from 'node:crypto';
import {entriesOf, filesOf, resolvePath} from './commands.ts';
import {type ShellProcess, writeAndDrain} from './terminal.ts';

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

/** 2026-01-01, in seconds. */
const modifiedAt = 1_767_225_600;

function sumOf(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

function decodeName(name: string): string {
	return Buffer.from(
		name.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
		'latin1',
	).toString();
}

/** The licences of all packages that are built into the program: whoever passes it on passes them on. */
import {readFile, readdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Metafile} from 'esbuild';

/** One text, by name of the package. @throws Error for a package that says nothing of its licence */
export async function licencesOf(metafiles: readonly Metafile[]): Promise<string> {
	const folders = new Set(
		metafiles.flatMap(({inputs}) => Object.keys(inputs)).flatMap(path => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
	);
	const texts = await Promise.all([...folders].map(async folder => licenceIn(resolve(folder))));
	return [...new Set(texts)].toSorted().join(`\n${'-'.repeat(79)}\n\n`);
}

async function licenceIn(folder: string): Promise<string> {
	const {name, version, license} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
		name: string;
		version: string;
		license?: string;
	};
	const file = (await readdir(folder)).find(one => /^(?:licen[cs]e|copying)/i.test(one));
	if (file === undefined && license === undefined) {
		throw new Error(`${name} says nothing of its licence: it may not be built in`);
	}

	return `${name} ${version}: ${license ?? 'as follows'}\n\n${file === undefined ? '(no text is given)\n' : await readFile(join(folder, file), 'utf8')}`;
}

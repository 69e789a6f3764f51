/** Licenses of all bundled packages. */
import {readFile, readdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Metafile} from 'esbuild';

/** Sorted by package. @throws Error for a package without a license */
export async function licensesOf(metafiles: readonly Metafile[]): Promise<string> {
	const folders = new Set(
		metafiles.flatMap(({inputs}) => Object.keys(inputs)).flatMap(path => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
	);
	const texts = await Promise.all([...folders].map(async folder => licenseIn(resolve(folder))));
	return [...new Set(texts)].toSorted().join(`\n${'-'.repeat(79)}\n\n`);
}

async function licenseIn(folder: string): Promise<string> {
	const {name, version, license} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
		name: string;
		version: string;
		license?: string;
	};
	const file = (await readdir(folder)).find(one => /^(?:licen[cs]e|copying)/i.test(one));
	if (file === undefined && license === undefined) {
		throw new Error(`${name} names no license: it must not be bundled`);
	}

	return `${name} ${version}: ${license ?? 'as follows'}\n\n${file === undefined ? '(no text is given)\n' : await readFile(join(folder, file), 'utf8')}`;
}

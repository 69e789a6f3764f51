/** Licenses of all bundled packages. */
import {readFile, readdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Metafile} from 'esbuild';

const separator = `\n${'-'.repeat(79)}\n\n`;

/** Sorted by package. @throws Error for a package without a license */
export async function licensesOf(metafiles: readonly Metafile[]): Promise<string> {
	const folders = new Set(
		metafiles.flatMap(({inputs}) => Object.keys(inputs)).flatMap(path => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
	);
	const texts = await Promise.all([...folders].map(async folder => licenseIn(resolve(folder))));
	return [...new Set(texts)].toSorted().join(separator);
}

/** Those of the last build, by name; two versions of a package are one. */
export async function bundledPackages(): Promise<ReadonlyArray<{name: string; license: string}>> {
	const text = await readFile(new URL('../build/LICENSES.txt', import.meta.url), 'utf8');
	const packages = text.split(separator).map(entry => {
		const [, name, license] = /^(\S+) \S+: (.*)/.exec(entry) ?? [];
		if (name === undefined || license === undefined) {
			throw new Error(`build/LICENSES.txt has an entry without a license: ${entry.slice(0, 80)}`);
		}

		return [`${name} ${license}`, {name, license}] as const;
	});
	return [...new Map(packages).values()];
}

async function licenseIn(folder: string): Promise<string> {
	const {
		name,
		version,
		license: current,
		licenses: old,
	} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
		name: string;
		version: string;
		license?: string;
		/** As npm had it before 2014. */
		licenses?: ReadonlyArray<{type: string}>;
	};
	const license = current ?? old?.map(({type}) => type).join(' OR ');
	const file = (await readdir(folder)).find(one => /^(?:licen[cs]e|copying)/i.test(one));
	if (file === undefined && license === undefined) {
		throw new Error(`${name} names no license: it must not be bundled`);
	}

	return `${name} ${version}: ${license ?? 'as follows'}\n\n${file === undefined ? '(no text is given)\n' : await readFile(join(folder, file), 'utf8')}`;
}

/** Renders the tables of CONTRIBUTING.md and docs/, and docs/surface.txt. `--check` only reports stale ones. */
import {readFile, writeFile} from 'node:fs/promises';
import process from 'node:process';
import {keymapSchema} from '../source/session/keymap/keymap.ts';
import {policySchema} from '../source/evidence/policies/parse-policy.ts';
import {themeSchema} from '../source/session/themes/theme-roles.ts';
import {docTables} from './doc-tables.ts';
import {surface} from './surface.ts';

const root = new URL('../', import.meta.url);

/** Each document as it should be now. */
export async function renderedDocs(): Promise<ReadonlyArray<{path: string; now: string; fresh: string}>> {
	const tables = await docTables();
	const schemas = await Promise.all(
		[
			['keymaps/schema.json', keymapSchema()] as const,
			['themes/schema.json', themeSchema()] as const,
			['docs/policy-schema.json', policySchema()] as const,
		].map(async ([path, schema]) => ({
			path,
			now: await readFile(new URL(path, root), 'utf8'),
			fresh: `${JSON.stringify(schema, null, '\t')}\n`,
		})),
	);
	const documents = await Promise.all(
		[
			'CONTRIBUTING.md',
			'docs/audit.md',
			'docs/clusters.md',
			'docs/commands.md',
			'docs/errors.md',
			'docs/getting-started.md',
			'docs/json.md',
			'docs/keys.md',
			'docs/permissions.md',
			'docs/threat-model.md',
		].map(async path => {
			const now = await readFile(new URL(path, root), 'utf8');
			return {path, now, fresh: fill(path, now, tables)};
		}),
	);
	const path = 'docs/surface.txt';
	return [...documents, ...schemas, {path, now: await readFile(new URL(path, root), 'utf8'), fresh: await surface()}];
}

/** Replaces the text between `<!-- table:NAME -->` and `<!-- end -->`. */
function fill(path: string, text: string, tables: ReadonlyMap<string, string>): string {
	return text.replaceAll(/<!-- table:([\w-]+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
		const table = tables.get(name);
		if (table === undefined) {
			throw new Error(`${path}: no table named ${name}`);
		}

		return `<!-- table:${name} -->\n${table}\n<!-- end -->`;
	});
}

if (import.meta.main) {
	const stale = (await renderedDocs()).filter(({now, fresh}) => now !== fresh);
	if (process.argv.includes('--check')) {
		process.stdout.write(stale.map(({path}) => `stale: ${path} (run npm run docs)\n`).join(''));
		process.exitCode = stale.length === 0 ? 0 : 1;
	} else {
		await Promise.all(stale.map(async ({path, fresh}) => writeFile(new URL(path, root), fresh)));
		process.stdout.write(stale.map(({path}) => `wrote ${path}\n`).join(''));
	}
}

/** `spoke schema`. */
import {readFile} from 'node:fs/promises';
import {closestWord} from '../../command-line/closest-word.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import type {Command} from '../command.ts';
import {schemaNames, schemaSpec} from './spec.ts';

export const command: Command<typeof schemaSpec.flags> = {
	spec: schemaSpec,
	async run({positionals, stdout}) {
		const [name, ...surplus] = positionals;
		if (surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `expected one schema name, got ${positionals.length}`);
		}

		stdout.write(name === undefined ? await listText() : await schemaText(name));
		return exitStatus.ok;
	},
};

async function listText(): Promise<string> {
	const width = Math.max(...schemaNames.map(name => name.length));
	const lines = await Promise.all(
		schemaNames.map(async name => {
			const {title} = JSON.parse(await schemaText(name)) as {title: string};
			return `${name.padEnd(width)}  ${title}\n`;
		}),
	);
	return lines.join('');
}

async function schemaText(name: string): Promise<string> {
	if (!(schemaNames as readonly string[]).includes(name)) {
		const closest = closestWord(name, schemaNames);
		throw new SpokeError('ERR_USAGE', `unknown schema: ${name}`, {
			remedy: closest === null ? 'list the schemas with `spoke schema`' : `did you mean \`spoke schema ${closest}\`?`,
		});
	}

	const file = new URL(`../../schemas/${name}.json`, import.meta.url);
	try {
		return await readFile(file, 'utf8');
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `schema ${name} cannot be read: ${(error as Error).message}`, {cause: error});
	}
}

/** `spoke schema`. */
import {closestWord} from '../../base/command-line/parse-command-line.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import type {Command} from '../command.ts';
import {shippedSchemas} from './shipped-schemas.ts';
import {schemaSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof schemaSpec.flags> = {
	spec: schemaSpec,
	async run({positionals, stdout}) {
		const [name, ...surplus] = positionals;
		assertUsage(surplus.length === 0, `expected one schema name, got ${positionals.length}`);
		stdout.write(name === undefined ? await listText() : await schemaText(name));
		return exitStatus.ok;
	},
};

async function listText(): Promise<string> {
	const schemas = Object.entries(await shippedSchemas());
	const width = Math.max(...schemas.map(([name]) => name.length));
	return schemas.map(([name, text]) => `${name.padEnd(width)}  ${(JSON.parse(text) as {title: string}).title}\n`).join('');
}

async function schemaText(name: string): Promise<string> {
	const schemas = await shippedSchemas();
	// Otherwise `constructor` would be a name.
	const text = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
	if (text === undefined) {
		const closest = closestWord(name, Object.keys(schemas));
		throw new SpokeError('ERR_USAGE', `unknown schema: ${name}`, {
			remedy: closest === null ? 'list the schemas with `spoke schema`' : `did you mean \`spoke schema ${closest}\`?`,
		});
	}

	return text;
}

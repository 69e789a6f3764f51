/** Renders docs/surface.txt: all that users and programs can rely on, one fact per line, sorted. */
import {readdir, readFile} from 'node:fs/promises';
import {actionSpecs} from '../source/session/actions/action-table.ts';
import {contexts} from '../source/session/actions/contexts.ts';
import {connectionFlags, multiContextFlags} from '../source/base/command-line/connection-flags.ts';
import type {FlagSpec} from '../source/base/command-line/flag-spec.ts';
import type {CommandSpec} from '../source/commands/command.ts';
import {commandSpecs} from '../source/commands/command-specs.ts';
import {mcpTools} from '../source/commands/mcp/spec.ts';
import {errorTable} from '../source/base/errors/error-table.ts';
import {exitStatusMeanings} from '../source/base/errors/exit-status.ts';
import {rowIds} from '../source/evidence/audit/audit-object.ts';
import {auditRows} from '../source/evidence/audit/audit-rows.ts';
import {extraRequests} from '../source/evidence/extra-requests.ts';
import {distributions} from '../source/evidence/rules/distributions.ts';
import {keyTable, presetNames} from '../source/session/keymap/keymap.ts';
import {loadKeymap} from '../source/session/keymap/load-keymap.ts';
import {policySchema} from '../source/evidence/policies/parse-policy.ts';
import {switches} from '../source/sandbox/sandbox.ts';
import {messageRules} from '../source/cluster/server-messages/explain-message.ts';
import {roles, shippedThemeNames} from '../source/session/themes/theme-roles.ts';
import {schemaFacts, type Schema} from './schema-facts.ts';
import {environmentNames, findingCodes, ruleNames} from './source-names.ts';

/** The text of docs/surface.txt. A line begins with the kind of its fact. */
export async function surface(): Promise<string> {
	const facts = [
		...commandSpecs.flatMap(spec => commandFacts(spec)),
		...flagFacts('CONNECTION', [...new Set<FlagSpec>([...connectionFlags, ...multiContextFlags])]),
		...Object.entries(contexts).map(([name, {parent}]) => `context ${name}${parent === null ? '' : ` inherits ${parent}`}`),
		...actionSpecs.map(({context, id, access, title}) => `action ${context} ${id} (${access}): ${title}`),
		...(await Promise.all(['default', ...presetNames].map(async name => keyFacts(name)))).flat(),
		...Object.entries(errorTable).map(([code, {exitStatus, leg}]) => `error ${code} status ${exitStatus} leg ${leg}`),
		...exitStatusMeanings().map(({status, meaning}) => `exit-status ${status}: ${meaning}`),
		...(await jsonFacts()),
		...schemaFacts('policy', policySchema()),
		...rowIds.map(id => `audit-row ${id}: ${auditRows[id].title}`),
		...(await ruleNames()).map(name => `rule ${name}`),
		...(await findingCodes()).map(code => `finding ${code}`),
		...messageRules.map(({id, code}) => `server-message ${id} is ${code}`),
		...extraRequests.map(({request}) => `request ${request}`),
		...distributions.map(({name}) => `cluster-kind ${name}`),
		...mcpTools.flatMap(({name, parameters}) => [`mcp-tool ${name}`, ...parameters.map(parameter => `mcp-tool ${name} ${parameter.name}`)]),
		...roles.map(role => `theme-role ${role}`),
		...shippedThemeNames.map(name => `theme ${name}`),
		...(await environmentNames()).map(name => `environment ${name}`),
		...switches.flatMap(({name, values}) => values.map(({value}) => `sandbox-switch ${name}=${value}`)),
	];
	return `${[...new Set(facts)].toSorted().join('\n')}\n`;
}

function commandFacts({name, usage, failureStatus, flags}: CommandSpec): string[] {
	const shared: ReadonlySet<FlagSpec> = new Set([...connectionFlags, ...multiContextFlags]);
	const context = flags.find(flag => flag.name === 'context' && shared.has(flag));
	return [
		`command ${name}`,
		...usage.map(line => `usage ${name}: spoke ${line}`),
		...(failureStatus === undefined ? [] : [`command ${name} fails with ${failureStatus}`]),
		...(context === undefined ? [] : [`command ${name} takes ${context.kind === 'texts' ? 'contexts' : 'one context'}`]),
		...flagFacts(
			name,
			flags.filter(flag => !shared.has(flag)),
		),
	];
}

function flagFacts(command: string, flags: readonly FlagSpec[]): string[] {
	return flags.flatMap(({name, short, kind, bare, oneOf = [], suggests = [], hidden, refused, ...flag}) => {
		const start = `flag ${command} --${name}`;
		const facts = [
			short === undefined ? '' : ` -${short}`,
			` ${kind}`,
			flag.default === undefined ? '' : ` default ${flag.default}`,
			bare === undefined ? '' : ` alone ${bare}`,
			hidden ? ' hidden' : '',
			refused === undefined ? '' : ' refused',
		];
		return [start + facts.join(''), ...[...oneOf, ...suggests].map(word => `${start}=${word}`)];
	});
}

async function keyFacts(name: string): Promise<string[]> {
	const {keymap} = await loadKeymap({}, name);
	return keyTable(keymap).flatMap(({context, action, keys}) => keys.map(key => `key ${name} ${context} ${action} ${key}`));
}

async function jsonFacts(): Promise<string[]> {
	const folder = new URL('../schemas/', import.meta.url);
	const names = await readdir(folder);
	const facts = await Promise.all(
		names.map(async name =>
			schemaFacts(`json ${name.replace('.json', '')}`, JSON.parse(await readFile(new URL(name, folder), 'utf8')) as Schema),
		),
	);
	return facts.flat();
}

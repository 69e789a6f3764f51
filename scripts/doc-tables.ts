/** Tables of the documents, rendered from the program's data. */
import {readFile} from 'node:fs/promises';
import {schemaNames} from '../source/commands/schema/spec.ts';
import type {CommandSpec} from '../source/commands/command.ts';
import {commandSpecs} from '../source/commands/command-specs.ts';
import {connectionFlags, isConnectionFlag, noEffectFlags} from '../source/base/command-line/connection-flags.ts';
import {describeFlag, type FlagSpec} from '../source/base/command-line/flag-spec.ts';
import {formatFlag, splitParagraphs} from '../source/base/command-line/render-help.ts';
import {errorTable} from '../source/base/errors/error-table.ts';
import {exitStatusMeanings} from '../source/base/errors/exit-status.ts';
import {keyTable} from '../source/session/keymap/keymap.ts';
import {loadKeymap} from '../source/session/keymap/load-keymap.ts';
import {manifest, evidenceReaderRole, userRole, extraRequests, type ExtraRequest} from '../source/evidence/extra-requests.ts';
import {rowIds} from '../source/evidence/audit/audit-object.ts';
import {auditRows} from '../source/evidence/audit/audit-rows.ts';
import type {Need} from '../source/evidence/evidence.ts';
import {users} from '../source/sandbox/apiserver/users.ts';
import {distributions, type DistributionMark} from '../source/evidence/rules/distributions.ts';
import {features} from '../test/architecture/features.ts';
import {rooms} from '../test/architecture/rooms.ts';
import {adversaries, surfaces} from '../test/worlds/authors.ts';
import {forwardEventTable} from './forward-event-table.ts';
import {keyContexts} from './key-contexts.ts';
import {code, table} from './markdown.ts';

/** Table name → Markdown. */
export async function docTables(): Promise<ReadonlyMap<string, string>> {
	const {keymap} = await loadKeymap({}, 'default');
	return new Map([
		[
			'keys',
			table(
				['where', 'keys', 'does', 'action'],
				keyTable(keymap).map(row => [row.context, row.keys.map(key => code(key)).join(' ') || '–', row.title, code(row.action)]),
			),
		],
		['key-contexts', table(['where', 'is', 'inherits from'], keyContexts())],
		[
			'commands',
			table(
				['command', 'does'],
				commandSpecs.map(spec => [code(spec.name === 'session' ? 'spoke' : `spoke ${spec.name}`), spec.summary]),
			),
		],
		[
			'sandbox-users',
			table(
				['context', 'its user'],
				users.map(({name, description}) => [code(name === 'admin' ? 'sandbox' : `sandbox-${name}`), description]),
			),
		],
		['command-flags', commandSpecs.map(spec => commandSection(spec)).join('\n\n')],
		[
			'connection-flags',
			table(
				['flag', 'does'],
				connectionFlags.filter((flag: FlagSpec) => !flag.hidden).map(flag => [code(formatFlag(flag).trim()), flag.help]),
			),
		],
		[
			'no-effect-flags',
			table(
				['flag', 'does'],
				noEffectFlags.map(flag => [code(formatFlag(flag).trim()), flag.help]),
			),
		],
		[
			'errors',
			table(
				['code', 'status', 'leg', 'meaning', 'remedy'],
				Object.entries(errorTable).map(([name, row]) => [
					code(name),
					String(row.exitStatus),
					String(row.leg),
					row.meaning,
					row.remedy ?? 'see the message',
				]),
			),
		],
		[
			'exit-statuses',
			table(
				['status', 'meaning'],
				exitStatusMeanings().map(({status, meaning}) => [String(status), meaning]),
			),
		],
		[
			'audit-rows',
			table(
				['row', 'title', 'checks', 'fails if', 'warns if', 'pass is at best', 'needs'],
				nameRepeatedCells(
					rowIds.map(id => {
						const {title, page, checks, fails, warns, passBasis, needs} = auditRows[id];
						return [id, `[${title}](${page})`, checks, fails, warns ?? '–', code(passBasis), describeNeeds(needs)];
					}),
				),
			),
		],
		['forward-events', await forwardEventTable()],
		[
			'requests',
			table(
				['request', 'shows', 'when', 'permission'],
				extraRequests.map(row => [describeRequest(row), row.purpose, row.when, describePermission(row)]),
			),
		],
		[
			'adversaries',
			table(
				['who', 'can write', 'spoke then says'],
				adversaries.map(({who, writes, spokeSays}, index) => [
					who,
					writes === adversaries[index - 1]?.writes ? 'the same' : writes.map(surface => surfaces[surface]).join('; '),
					spokeSays,
				]),
			),
		],
		[
			'clusters',
			table(
				['cluster', 'recognized by', 'route to kubelets', 'certificates of kubelets', 'what spoke can say, and why'],
				distributions.map(({name, marks, route, kubelets, source, kubeletsSource = source, spokeSays}) => [
					name,
					marks.map(mark => markCell(mark)).join(' or ') || 'nothing: it looks like another',
					`${route} ([source](${source}))`,
					`${kubelets} ([source](${kubeletsSource}))`,
					spokeSays,
				]),
			),
		],
		['role-user', fenced('yaml', manifest(userRole))],
		['role-evidence-reader', fenced('yaml', manifest(evidenceReaderRole))],
		['schemas', table(['schema', 'kind', 'object'], await Promise.all(schemaNames.map(async name => schemaCells(name))))],
		[
			'rooms',
			table(
				['room', 'contains', 'can import', 'lines, files at most'],
				rooms.map(({name, contains, canImport, budget}) => [
					code(name),
					contains,
					canImport.join(', ') || '–',
					`${budget.lines.toLocaleString('en')}, ${budget.files}`,
				]),
			),
		],
		[
			'features',
			table(
				['folder', 'contains', 'can import'],
				features.map(({name, contains, canImport}) => [code(`session/${name}`), contains, canImport.join(', ') || '–']),
			),
		],
	]);
}

function describeRequest({request, active}: ExtraRequest): string {
	const [method = '', path = ''] = request.split(' ');
	return `${method} ${code(path)}${active ? ' *active*' : ''}`;
}

function describePermission({permission, permissionNote}: ExtraRequest): string {
	const described = permission && `${permission.verbs.join(', ')} ${(permission.nonResourceURLs ?? permission.resources ?? []).join(', ')}`;
	return [described, permissionNote].filter(part => part !== null && part !== undefined).join('; ') || '–';
}

function describeNeeds(needs: readonly Need[]): string {
	return needs.length === 0 ? 'what these rows need' : needs.map(({permission, or}) => permission ?? or!).join('; ');
}

/** A sentence that a row above has in the same column, as the name of that row. */
function nameRepeatedCells(rows: ReadonlyArray<readonly string[]>): string[][] {
	return rows.map((row, index) =>
		row.map((cell, column) => {
			const above = rows.slice(0, index).find(other => other[column] === cell);
			return above && cell.length > 40 ? `as ${above[0]}` : cell;
		}),
	);
}

function commandSection(spec: CommandSpec): string {
	const own = spec.flags.filter(flag => !isConnectionFlag(flag) && !flag.hidden);
	return [
		`### ${spec.name === 'session' ? 'spoke' : `spoke ${spec.name}`}`,
		'',
		...paragraphsOf(spec.about),
		'',
		'```',
		...spec.usage.map(usage => `spoke ${usage}`),
		'```',
		'',
		...(spec.examples.length > 0
			? [
					table(
						['example', 'does'],
						spec.examples.map(([command, does]) => [code(command), does]),
					),
					'',
				]
			: []),
		table(
			['flag', 'does'],
			own.map(flag => [code(formatFlag(flag).trim()), describeFlag(flag)]),
		),
	].join('\n');
}

/** Items of a list stay together. */
function paragraphsOf(about: string): string[] {
	return splitParagraphs(about).flatMap((paragraph, index, all) =>
		index > 0 && !(paragraph.startsWith('- ') && all[index - 1]!.startsWith('- ')) ? ['', paragraph] : [paragraph],
	);
}

function markCell(mark: DistributionMark): string {
	return 'shown' in mark ? mark.shown : `${mark.kind.replace('-', ' ')} ${code(mark.name)}`;
}

async function schemaCells(name: string): Promise<string[]> {
	const {
		title,
		properties: {kind},
	} = JSON.parse(await readFile(new URL(`../schemas/${name}.json`, import.meta.url), 'utf8')) as {
		title: string;
		properties: {kind: {const: string}};
	};
	return [`[${name}](../schemas/${name}.json)`, code(kind.const), title];
}

function fenced(language: string, text: string): string {
	return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Manual pages, rendered from the data of help. */
import {readFile} from 'node:fs/promises';
import {isConnectionFlag} from '../source/base/command-line/connection-flags.ts';
import {describeFlag, type FlagSpec} from '../source/base/command-line/flag-spec.ts';
import {splitParagraphs, formatFlag} from '../source/base/command-line/render-help.ts';
import type {CommandSpec} from '../source/commands/command.ts';
import {commandSpecs} from '../source/commands/command-specs.ts';
import {exitStatusMeanings} from '../source/base/errors/exit-status.ts';
import {toTerminalCharset} from '../source/base/text/terminal-charset.ts';

/** File name → roff text with man macros. */
export async function manPages(): Promise<ReadonlyMap<string, string>> {
	const {version} = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {version: string};
	return new Map([
		['spoke.1', programPage(commandSpecs, version)],
		...commandSpecs.filter(spec => spec.name !== 'session').map(spec => [`${pageName(spec)}.1`, commandPage(spec, version)] as const),
	]);
}

function programPage(specs: readonly CommandSpec[], version: string): string {
	const session = specs.find(spec => spec.name === 'session')!;
	return page('spoke', version, [
		section('NAME', [roff('spoke - see and use the path from you to a pod')]),
		section('SYNOPSIS', [
			...synopsis(session),
			'.br',
			`.B spoke\n${roff('COMMAND [flags]')}`,
			'.br',
			`.B kubectl spoke\n${roff('COMMAND [flags]')}`,
		]),
		section('DESCRIPTION', paragraphs(session.about)),
		section(
			'COMMANDS',
			specs.filter(spec => spec !== session).flatMap(spec => tagged(`spoke ${spec.name}`, spec.summary)),
		),
		...flagSections(session),
		section(
			'EXIT STATUS',
			exitStatusMeanings().flatMap(({status, meaning}) => tagged(String(status), meaning)),
		),
		examples(session),
		section('SEE ALSO', [
			specs
				.filter(spec => spec !== session)
				.map(spec => reference(pageName(spec)))
				.join(',\n'),
		]),
	]);
}

function commandPage(spec: CommandSpec, version: string): string {
	return page(pageName(spec), version, [
		section('NAME', [roff(`${pageName(spec)} - ${spec.summary}`)]),
		section('SYNOPSIS', synopsis(spec)),
		section('DESCRIPTION', paragraphs(spec.about)),
		...flagSections(spec),
		examples(spec),
		section('SEE ALSO', [reference('spoke')]),
	]);
}

function page(name: string, version: string, sections: readonly string[]): string {
	return `${[`.TH ${name.toUpperCase().replaceAll('-', String.raw`\-`)} 1 "" "spoke ${version}" "spoke manual"`, ...sections.filter(text => text !== '')].join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
	return lines.length === 0 ? '' : [`.SH ${title}`, ...lines].join('\n');
}

function synopsis(spec: CommandSpec): string[] {
	return spec.usage.flatMap((usage, index) => [...(index === 0 ? [] : ['.br']), `.B spoke\n${roff(usage)}`]);
}

function paragraphs(text: string): string[] {
	return splitParagraphs(text).map((paragraph, index) => `${index === 0 ? '' : '.PP\n'}${roff(paragraph)}`);
}

function flagSections(spec: CommandSpec): string[] {
	const shown = spec.flags.filter(flag => !flag.hidden);
	const flags = (chosen: readonly FlagSpec[]) => chosen.flatMap(flag => tagged(formatFlag(flag).trim(), describeFlag(flag)));
	return [
		section('OPTIONS', flags(shown.filter(flag => !isConnectionFlag(flag)))),
		section('CONNECTION OPTIONS', flags(shown.filter(flag => isConnectionFlag(flag)))),
	];
}

function examples(spec: CommandSpec): string {
	return section(
		'EXAMPLES',
		spec.examples.flatMap(([command, does]) => tagged(command, does)),
	);
}

function tagged(tag: string, text: string): string[] {
	return ['.TP', `.B ${roff(tag)}`, roff(text)];
}

function reference(name: string): string {
	return `.BR ${roff(name)} (1)`;
}

function pageName(spec: CommandSpec): string {
	return `spoke-${spec.name}`;
}

/** One line of ASCII, with roff's control characters escaped. A quote would group words after a macro. */
function roff(text: string): string {
	const ascii = toTerminalCharset({isTTY: true}, text, {SPOKE_GLYPHS: 'ascii'});
	return ascii
		.replaceAll('\\', String.raw`\e`)
		.replaceAll('-', String.raw`\-`)
		.replaceAll('"', String.raw`\(dq`)
		.replace(/^(?=['.])/, String.raw`\&`);
}

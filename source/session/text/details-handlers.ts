/** Details screen of the selected row. */
import {formatCopiedLines} from '../kit/format-copied-lines.ts';
import type {TextLayer, TextLine} from '../frame/session-state.ts';
import {currentText, goToTextMatch, layerRows, openText, searchInText} from './text-handlers.ts';
import {formatQuantity, clockTime} from '../../text/formats.ts';
import {plainTheme} from '../kit/theme.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {selectedTarget, subjectOf} from '../lists/selection.ts';
import {openInProgram} from '../shell/external-programs.ts';
import {createScreenInput} from '../frame/session-display.ts';
import {clean} from '../tail/export-lines.ts';
import {saveAs, toFileName, writeNewFile} from '../frame/save-as.ts';
import {readDetails} from './object-details.ts';

export const detailsHandlers = {
	'details/copy': copyText,
	'details/save': saveText,
	'details/pager': openTextInProgram,
	'details/search': searchInText,
	'details/search.next'(session) {
		goToTextMatch(session, 1);
	},
	'details/search.previous'(session) {
		goToTextMatch(session, -1);
	},
} satisfies Handlers;

export async function openDetails(session: Session): Promise<void> {
	const {view} = session.store.state;
	if (view === 'forwards') {
		openForwardLog(session);
		return;
	}

	if (view === 'audit' || view === 'proxy' || view === 'sandbox') {
		return;
	}

	const selected = selectedTarget(session);
	if (selected) {
		await openObjectDetails(session, selected);
	}
}

export async function openObjectDetails(session: Session, {cluster, namespace, target}: ClusterTarget): Promise<void> {
	const id = session.nextId('text');
	openText(session, {id, title: 'Details', subject: subjectOf(session, {cluster, target}), lines: [{text: 'reading …'}], busy: true});
	const show = (lines: readonly TextLine[], status: string) => {
		session.store.dispatchNow({type: 'fill-text', id, to: {lines, status, busy: false}});
	};

	try {
		const {lines, since} = await readDetails(cluster.access, target, namespace);
		show(lines, since === null ? '' : `created ${since}`);
	} catch (error) {
		show([{text: (error as Error).message, role: 'state.failed'}], '');
	}
}

function openForwardLog(session: Session): void {
	const {forwards, forwardCursor} = session.store.state;
	const forward = forwards[forwardCursor];
	if (forward) {
		const {local, asked, target, remote, open, closed, failed, phase, note, log} = forward;
		openText(session, {
			title: 'Forward',
			subject: `${local === null ? asked : `:${local}`} ${target}:${remote}`,
			status: `${open} open · ${closed} closed · ${failed} failed`,
			lines: [{label: phase, text: note}, ...log.toReversed().map(({time, text}) => ({label: clockTime(time), text}))],
		});
	}
}

function copyText(session: Session): void {
	const layer = currentText(session);
	if (layer) {
		session.copy(textOf(layer), 'the text');
	}
}

async function saveText(session: Session): Promise<void> {
	const layer = currentText(session);
	if (!layer) {
		return;
	}

	const about = toFileName(`${layer.keyContext === 'yaml' ? '' : layer.title} ${layer.subject}`, 'text');
	const now = new Date().toISOString().slice(0, 19).replaceAll(':', '');
	const name = `${about}-${now}${endingOf(layer)}`;
	await saveAs(session, {name}, async path => `, ${formatQuantity(await writeNewFile(path, linesOf(layer)), 'line')}`);
}

async function openTextInProgram(session: Session): Promise<void> {
	const layer = currentText(session);
	if (layer) {
		const line = layer.lines.every(({asIs}) => asIs) ? (layerRows(createScreenInput(session, plainTheme), layer)[layer.top] ?? 0) + 1 : 1;
		await openInProgram(session, 'pager', linesOf(layer), line, `text${endingOf(layer)}`);
	}
}

function endingOf({keyContext}: TextLayer): string {
	return keyContext === 'yaml' ? '.yaml' : '.txt';
}

function textOf({copy, lines}: TextLayer): string {
	return clean(copy === '' ? formatCopiedLines(lines, Date.now()) : copy);
}

function linesOf(layer: TextLayer): string[] {
	return textOf(layer)
		.replace(/\n$/, '')
		.split('\n')
		.map(text => `${text}\n`);
}

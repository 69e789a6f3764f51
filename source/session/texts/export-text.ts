/** Copies, saves or opens a text. */
import {formatCopiedLines} from '../../state/format-copied-lines.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {layerRows} from '../../ui/layer-rows.ts';
import {plainTheme} from '../../ui/theme.ts';
import {createRenderInput} from '../screen/create-render-input.ts';
import type {Session} from '../session.ts';
import {asFileName, expandHome, writeNewFile} from '../write-new-file.ts';
import {openInProgram} from '../handoff/external-programs.ts';
import {clean} from '../tail/export-lines.ts';
import type {TextLayer} from './open-text.ts';
import {currentText} from './text-search.ts';

export function copyText(session: Session): void {
	const layer = currentText(session);
	if (layer) {
		session.copy(textOf(layer), 'the text');
	}
}

export async function saveText(session: Session): Promise<void> {
	const layer = currentText(session);
	if (!layer) {
		return;
	}

	const about = asFileName(`${layer.context === 'yaml' ? '' : layer.title} ${layer.subject}`, 'text');
	const now = new Date().toISOString().slice(0, 19).replaceAll(':', '');
	const name = `${about}-${now}${endingOf(layer)}`;
	const answer = await session.type({lead: 'save to ', purpose: 'save', text: `~/${name}`});
	if (answer === null || answer.text === '') {
		return;
	}

	try {
		const count = await writeNewFile(expandHome(answer.text), linesOf(layer));
		session.tell(`saved ${answer.text}, ${formatQuantity(count, 'line')}`);
	} catch (error) {
		session.tell(`not saved: ${(error as Error).message}`, 'error');
	}
}

export async function openTextInProgram(session: Session): Promise<void> {
	const layer = currentText(session);
	if (layer) {
		const line = layer.lines.every(({asIs}) => asIs)
			? (layerRows(createRenderInput(session, null, plainTheme), layer)[layer.top] ?? 0) + 1
			: 1;
		await openInProgram(session, 'pager', linesOf(layer), line, `text${endingOf(layer)}`);
	}
}

function endingOf({context}: TextLayer): string {
	return context === 'yaml' ? '.yaml' : '.txt';
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

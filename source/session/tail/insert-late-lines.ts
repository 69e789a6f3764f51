/** Inserts late and backlog lines by time. */
import {insertLines, type LineRemap} from './insert-lines.ts';
import {LineBuffer} from './line-buffer.ts';
import {levelOf} from '../../lines/line-level.ts';
import type {OrderedLine} from './line-sorter.ts';

/** Inserts after the last line of the same log and after all lines that are not newer. */
export function insertLateLines(buffer: LineBuffer, lines: readonly OrderedLine[]): LineRemap {
	const moves = [...Map.groupBy(lines, ({source}) => source)].map(([source, own]) => {
		const log = new LineBuffer({lines: Infinity, bytes: Infinity});
		for (const {time, bytes} of own) {
			log.append(source, time, levelOf(bytes), 'text', bytes);
		}

		return insertLines(buffer, [log], placeBehind(buffer, source, own[0]!.time));
	});
	return number => moves.reduce((at, moved) => moved(at), number);
}

function placeBehind(buffer: LineBuffer, source: number, time: number): number {
	let number = buffer.end;
	while (number > buffer.first) {
		const line = buffer.line(number - 1)!;
		if (line.kind === 'text' && (line.source === source || line.time <= time)) {
			break;
		}

		number--;
	}

	return number;
}

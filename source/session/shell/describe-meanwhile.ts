/** What happened while a shell had the terminal. */
import {formatQuantity} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ConnectionList} from '../frame/connection-list.ts';
import type {Message} from '../frame/session-state.ts';
import {wrapToWidth} from '../../text/wrap-to-width.ts';

const lead = '       Meanwhile: ';
const shownStreams = 3;
const shownMessages = 2;

type Meanwhile = {
	/** Without the shell itself. */
	connections: ConnectionList;
	/** Since the shell began. */
	messages: readonly Message[];
	lines: {count: number; tails: number};
};

/** One event per row, wrapped at words. A stream that is still broken is not reported by its message too. */
export function describeMeanwhile({connections, messages, lines: {count, tails}}: Meanwhile, columns: number): readonly string[] {
	const broken = connections.filter(({phase, note}) => (phase === 'working' || phase === 'failed') && note !== '');
	const isShown = (text: string) => broken.some(({what, note}) => text.includes(what) && text.endsWith(`: ${note}`));
	const warnings = [...new Set(messages.filter(({role, text}) => role !== 'plain' && !isShown(text)).map(({text}) => text))];
	const events = [
		...broken.slice(0, shownStreams).map(({what, note}) => `${what}: ${note}`),
		...(broken.length > shownStreams ? [formatQuantity(broken.length - shownStreams, 'more broken stream')] : []),
		...warnings.slice(-shownMessages),
		...(warnings.length > shownMessages ? [formatQuantity(warnings.length - shownMessages, 'more message')] : []),
		...(count > 0 ? [`${formatQuantity(count, 'line')} in ${tails === 1 ? 'the tail' : 'the tails'}`] : []),
	];
	return events
		.flatMap(event => wrapToWidth(sanitizeLine(event), Math.max(20, columns - lead.length - 1)))
		.map((row, index) => `${index === 0 ? lead : ' '.repeat(lead.length)}${row}`);
}

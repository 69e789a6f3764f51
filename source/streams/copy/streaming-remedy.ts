/** Commands for what a copy refuses: they stream bytes, and replace nothing. */
import {quoteForShell} from '../../text/escaping.ts';
import type {CopySessionOptions} from './copy-session.ts';

type Through = Pick<CopySessionOptions, 'target' | 'containerId'>;

/** `null` in a debug container, whose programs see other files. */
export function readingRemedy(through: Through, source: string, destination: string): string | null {
	return remedy(through, `-- cat ${quoteForShell(source)} > ${quoteForShell(destination)}`);
}

/** As `readingRemedy`. */
export function writingRemedy(through: Through, source: string, destination: string): string | null {
	return remedy(through, `-i -- sh -c ${quoteForShell(`cat > ${quoteForShell(destination)}`)} < ${quoteForShell(source)}`);
}

function remedy({target: {name, namespace, container}, containerId}: Through, rest: string): string | null {
	if (containerId !== null) {
		return null;
	}

	const place = [...(namespace === null ? [] : ['-n', namespace]), ...(container === null ? [] : ['-c', container])].map(word =>
		quoteForShell(word),
	);
	return ['stream it: spoke exec', quoteForShell(name), ...place, rest].join(' ');
}

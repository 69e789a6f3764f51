/** What is wrong in the keymap file is told at the start, with its place; the rest of the file is used. */
import type {KeymapProblem} from '../keymap/parse-keymap.ts';
import type {Session} from './session.ts';

export function reportKeymapProblems(session: Session, [first, ...rest]: readonly KeymapProblem[]): void {
	if (first) {
		session.tell(
			`keymap ${first.file}:${first.line}:${first.column}: ${first.message}${rest.length > 0 ? `; ${rest.length} more, spoke keys --check` : ''}`,
			'warn',
		);
	}
}

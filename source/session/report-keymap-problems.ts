/** Reports invalid keymap entries at startup. */
import type {KeymapProblem} from '../keymap/parse-keymap.ts';
import type {Session} from './session.ts';

export function reportKeymapProblems(session: Session, [first, ...rest]: readonly KeymapProblem[]): void {
	if (first) {
		session.tell(
			`keymap ${first.file}:${first.line}:${first.column}: ${first.message}${rest.length > 0 ? `; ${rest.length} more: run spoke keys --check` : ''}`,
			'warn',
		);
	}
}

/** The evidence of one object. */
import type {Citation, Evidence} from './evidence.ts';

export type EvidenceList = {idOf(citation: Citation): string; all(): readonly Evidence[]};

/** Numbered in the order of first use. The same observation used by the same rule gets one id. */
export function numberEvidence(): EvidenceList {
	const items = new Map<string, Evidence>();
	return {
		idOf(citation) {
			const {source, where, process, rule, observed} = citation;
			const key = [source, where, process, rule, observed].join('\n');
			const item = items.get(key) ?? {id: `e${items.size + 1}`, ...citation};
			items.set(key, item);
			return item.id;
		},
		all: () => [...items.values()],
	};
}

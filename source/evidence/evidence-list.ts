/** The evidence of one object. */
import type {Citation, Evidence} from './evidence.ts';

export type EvidenceList = {idOf(citation: Citation): string; all(): readonly Evidence[]};

/** Numbered in the order of first use. The same observation used by the same rule gets one id. */
export function numberEvidence(): EvidenceList {
	const items = new Map<string, Evidence>();
	return {
		idOf({rule, observed, observation}) {
			const key = [observation.source, observation.where, observation.process, rule, observed].join('\n');
			const known = items.get(key);
			if (known) {
				return known.id;
			}

			const item: Evidence = {
				id: `e${items.size + 1}`,
				source: observation.source,
				rule,
				observed,
				where: observation.where,
				process: observation.process,
				time: observation.time,
				active: observation.active,
			};
			items.set(key, item);
			return item.id;
		},
		all: () => [...items.values()],
	};
}

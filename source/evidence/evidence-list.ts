/** The evidence of one object, numbered as it is first used. */
import type {Citation, Evidence} from './evidence.ts';

export type EvidenceList = {idOf(citation: Citation): string; all(): readonly Evidence[]};

/** Gives each thing read one id, in the order of first use; the same reading used by the same rule is one piece. */
export function numberEvidence(): EvidenceList {
	const pieces = new Map<string, Evidence>();
	return {
		idOf({rule, observed, reading}) {
			const key = [reading.source, reading.where, reading.process, rule, observed].join('\n');
			const known = pieces.get(key);
			if (known) {
				return known.id;
			}

			const piece: Evidence = {
				id: `e${pieces.size + 1}`,
				source: reading.source,
				rule,
				observed,
				where: reading.where,
				process: reading.process,
				time: reading.time,
				active: reading.active,
			};
			pieces.set(key, piece);
			return piece.id;
		},
		all: () => [...pieces.values()],
	};
}
